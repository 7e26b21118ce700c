#include "ledger/format/signature.h"

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/crypto/hasher.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

// Spec 12.4: a whole signature, accepted by three SDKs.
constexpr std::string_view kGoldenHex =
    "8800015d880100740201050301050521012157eb2bd30eab60e73e4b43a9ef2daf02670c181610bc6f98159c3a5d36"
    "257a060101071e041c7e0201010106616c6963650002067372762d310003010104034c4b400826010102022101f652"
    "498d092acd949bad74e40683bf3824fb817980504a0c7e6722cfc5a9c0a3880200b501010a020105052101e510e8b5"
    "99cb88686bdd76a5db5faacea9829c5059fcf33dd58bc0014a8fbbe80821018005f02d43fa06e7d0585fb64c961d57"
    "e318b27a145c857bcd3a6bdb413ff7fc072101b53d3570ab171f4054b8fd003b18ebe1f3d354b0a9eb1d1d631f9abf"
    "a2d4d5ba08210137c14792ebce93d49a8d040e27e5a825fc57f40d1f133ba8462251ff444ff52807210127e129b264"
    "ad2526e35f977363c15a7499d04720b121dc9f2e7bcdeaa4f1fa3d88030028302602010a04210160b3fe42c032057b"
    "290454e1ae772f9b69c622ecff71394c72c8301ae6de45c1";

Signature Golden() { return Signature::Parse(FromHex(kGoldenHex).value()).value(); }

TEST(Signature, GoldenVectorParsesAndFoldsToItsRoots) {
  const Signature signature = Golden();
  EXPECT_EQ(ToHex(signature.bytes()), kGoldenHex);
  EXPECT_EQ(signature.input_hash(), Hash(HashAlgorithm::kSha256, {AsBytes("pitser")}).value());
  EXPECT_EQ(signature.signing_time(), 5u);
  EXPECT_EQ(signature.allowed_level(), 0);

  ASSERT_EQ(signature.aggregation_chains().size(), 1u);
  const AggregationHashChain& chain = signature.aggregation_chains()[0];
  EXPECT_EQ(chain.index, ChainIndex({0x05}));
  EXPECT_EQ(ShapeOf(chain.links).value(), 0x05u);
  PITSER_ASSERT_OK_AND_ASSIGN(const LeveledImprint root, signature.AggregationRoot());
  EXPECT_EQ(ToHex(root.imprint.bytes()),
            "01e510e8b599cb88686bdd76a5db5faacea9829c5059fcf33dd58bc0014a8fbbe8");
  EXPECT_EQ(root.level, 4);

  ASSERT_TRUE(signature.calendar_chain().has_value());
  const CalendarHashChain& calendar = *signature.calendar_chain();
  EXPECT_EQ(CalendarTimeFromShape(calendar.publication_time, calendar.links).value(), 5u);
  EXPECT_EQ(FoldCalendarLinks(calendar.input_hash, calendar.links).value(),
            signature.publication_record()->data.hash);
  EXPECT_EQ(EncodePublicationCode(signature.publication_record()->data),
            "AAAAAA-AAAAAA-UALAWP-7EFQBS-AV5SSB-CU4GXH-OL43NH-DCF3H7-OE4UY4-WIGANO-NXSFYG-JZIQZ6");
}

TEST(Signature, GoldenVectorNamesWhoAsked) {
  const std::vector<Identity> identities = Golden().Identities();
  ASSERT_EQ(identities.size(), 1u);
  EXPECT_FALSE(identities[0].legacy);
  EXPECT_EQ(identities[0].metadata, (Metadata{.client_id = "alice",
                                              .machine_id = "srv-1",
                                              .sequence_number = 1,
                                              .request_time_us = 5000000}));
}

TEST(Signature, OurWritersMakeTheGoldenVector) {
  const Signature golden = Golden();
  const ByteVector metadata = EncodeMetadata({.client_id = "alice",
                                              .machine_id = "srv-1",
                                              .sequence_number = 1,
                                              .request_time_us = 5000000},
                                             MetadataStyle::kClient);
  EXPECT_EQ(ToHex(metadata), "7e0201010106616c6963650002067372762d310003010104034c4b40");
  AggregationHashChain chain = golden.aggregation_chains()[0];
  chain.links[0].sibling = metadata;
  ByteVector aggregation, rest;
  WriteAggregationHashChain(aggregation, chain);
  WriteCalendarHashChain(rest, *golden.calendar_chain());
  WritePublicationRecord(rest, *golden.publication_record(), PublicationDataPlace::kSignature);
  const Bytes parts[] = {aggregation, rest};
  PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector bytes, AssembleSignature(parts));
  EXPECT_EQ(ToHex(bytes), kGoldenHex);
}

// A vector keeps its buffer when it is moved: so do the views into it.
TEST(Signature, MovedSignatureKeepsItsViews) {
  Signature first = Golden();
  const Signature moved = std::move(first);
  Signature assigned = Golden();
  assigned = Golden();
  for (const Signature* signature : {&moved, static_cast<const Signature*>(&assigned)}) {
    EXPECT_EQ(ToHex(signature->bytes()), kGoldenHex);
    EXPECT_EQ(signature->Identities()[0].metadata.client_id, "alice");
    EXPECT_TRUE(signature->AggregationRoot().ok());
    const Bytes raw = signature->aggregation_chains()[0].raw;
    EXPECT_EQ(raw.data(), signature->bytes().data() + 4);
  }
}

}  // namespace
}  // namespace pitser::ledger
