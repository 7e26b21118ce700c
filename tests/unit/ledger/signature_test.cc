#include "ledger/format/signature.h"

#include <algorithm>

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/crypto/hasher.h"
#include "tests/support/golden_signature.h"
#include "tests/support/status_matchers.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::kGoldenSignatureHex;
using ::pitser::testing::StatusIs;

Signature Golden() { return Signature::Parse(FromHex(kGoldenSignatureHex).value()).value(); }

TEST(Signature, GoldenVectorParsesAndFoldsToItsRoots) {
  const Signature signature = Golden();
  EXPECT_EQ(ToHex(signature.bytes()), kGoldenSignatureHex);
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
  EXPECT_EQ(ToHex(bytes), kGoldenSignatureHex);
}

// A vector keeps its buffer when it is moved: so do the views into it.
TEST(Signature, MovedSignatureKeepsItsViews) {
  Signature first = Golden();
  const Signature moved = std::move(first);
  Signature assigned = Golden();
  assigned = Golden();
  for (const Signature* signature : {&moved, static_cast<const Signature*>(&assigned)}) {
    EXPECT_EQ(ToHex(signature->bytes()), kGoldenSignatureHex);
    EXPECT_EQ(signature->Identities()[0].metadata.client_id, "alice");
    EXPECT_TRUE(signature->AggregationRoot().ok());
    const Bytes raw = signature->aggregation_chains()[0].raw;
    EXPECT_EQ(raw.data(), signature->bytes().data() + 4);
  }
}

TEST(Signature, RefusesWhatIsNoSignature) {
  EXPECT_THAT(Signature::Parse({}), StatusIs(absl::StatusCode::kInvalidArgument, "empty"));
  EXPECT_THAT(Signature::Parse(FromHex("88010000").value()),
              StatusIs(absl::StatusCode::kInvalidArgument, "offset 0, signature: element 0x800"));
  EXPECT_THAT(Signature::Parse(FromHex("88000000").value()),
              StatusIs(absl::StatusCode::kInvalidArgument, "is missing"));
  ByteVector longer = FromHex(kGoldenSignatureHex).value();
  longer.push_back(0);
  EXPECT_THAT(Signature::Parse(longer), StatusIs(absl::StatusCode::kInvalidArgument,
                                                 "offset 353, signature: 1 bytes follow"));
  for (std::size_t size = 0; size < 353; ++size) {
    const ByteVector cut(longer.begin(), longer.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THAT(Signature::Parse(cut), StatusIs(absl::StatusCode::kInvalidArgument)) << size;
  }
}

// A signature of `count` chains on top of each other, each of one link with a legacy id, to be
// assembled in any order.
std::vector<ByteVector> LegacyChains(std::size_t count) {
  std::vector<ByteVector> elements;
  LeveledImprint node{Imprint::Zero(HashAlgorithm::kSha256), 0};
  for (std::size_t i = 0; i < count; ++i) {
    ByteVector legacy = {0x03, 0x00, 0x01, static_cast<std::uint8_t>('a' + i)};
    legacy.resize(29);
    AggregationHashChain chain{.aggregation_time = 7,
                               .index = ChainIndex(count - i, 3),
                               .input_hash = node.imprint,
                               .algorithm = HashAlgorithm::kSha256,
                               .links = {{.direction = LinkDirection::kLeft,
                                          .kind = SiblingKind::kLegacyId,
                                          .level_correction = static_cast<Level>(i),
                                          .sibling = legacy}},
                               .raw = {}};
    node = FoldAggregationLinks(chain.algorithm, chain.links, node.imprint, node.level).value();
    elements.emplace_back();
    WriteAggregationHashChain(elements.back(), chain);
  }
  return elements;
}

TEST(Signature, ChainsAreSortedLowestFirstWhateverTheFileSays) {
  std::vector<ByteVector> elements = LegacyChains(3);
  std::vector<std::size_t> order = {0, 1, 2};
  do {
    const Bytes parts[] = {elements[order[0]], elements[order[1]], elements[order[2]]};
    PITSER_ASSERT_OK_AND_ASSIGN(const ByteVector bytes, AssembleSignature(parts));
    PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, Signature::Parse(bytes));
    EXPECT_TRUE(Equal(signature.bytes(), bytes));
    ASSERT_EQ(signature.aggregation_chains().size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(Equal(signature.aggregation_chains()[i].raw, elements[i]));
    }
    // The level goes on from chain to chain: (0+1) + (1+1) + (2+1).
    PITSER_ASSERT_OK_AND_ASSIGN(const LeveledImprint root, signature.AggregationRoot());
    EXPECT_EQ(root.level, 6);
    // Highest layer first.
    std::string names;
    for (const Identity& identity : signature.Identities()) {
      EXPECT_TRUE(identity.legacy);
      names += identity.metadata.client_id;
    }
    EXPECT_EQ(names, "cba");
    EXPECT_EQ(signature.signing_time(), 7u);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Signature, RootOfChainsThatDoNotJoinIsRefused) {
  const std::vector<ByteVector> elements = LegacyChains(3);
  const Bytes parts[] = {elements[0], elements[2]};  // The one between is missing.
  PITSER_ASSERT_OK_AND_ASSIGN(ByteVector bytes, AssembleSignature(parts));
  PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, Signature::Parse(std::move(bytes)));
  EXPECT_THAT(signature.AggregationRoot(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "INT-01"));
}

TEST(Signature, AllowedLevelIsTheFirstCorrection) {
  const std::vector<ByteVector> elements = LegacyChains(2);
  const Bytes parts[] = {elements[1]};
  PITSER_ASSERT_OK_AND_ASSIGN(ByteVector bytes, AssembleSignature(parts));
  EXPECT_EQ(Signature::Parse(std::move(bytes)).value().allowed_level(), 1);
}

TEST(AssembleSignature, RefusesMoreThanAnElementHolds) {
  const ByteVector big(65535);
  const Bytes fits[] = {big};
  EXPECT_EQ(AssembleSignature(fits).value().size(), kMaxSignatureSize);
  const ByteVector one(1);
  const Bytes too_much[] = {big, one};
  EXPECT_THAT(AssembleSignature(too_much), StatusIs(absl::StatusCode::kInvalidArgument, "65535"));
}

TEST(CalendarAuthenticationRecord, IsWrittenAndReadWithTheSignedBytesAsTheyStand) {
  const PublicationData data{10, Imprint::Zero(HashAlgorithm::kSha256)};
  ByteVector signed_bytes;
  WritePublicationData(signed_bytes, data, PublicationDataPlace::kSignature);
  EXPECT_EQ(ToHex(Bytes(signed_bytes).first(7)),
            "3026"
            "02010a"
            "0421");
  const ByteVector value(256, 0xAB), id = {1, 2, 3, 4};
  ByteVector out;
  WriteCalendarAuthenticationRecord(out, signed_bytes, kRsaSha256Oid, value, id);
  TlvReader reader(out);
  PITSER_ASSERT_OK_AND_ASSIGN(const Element element, reader.Next());
  PITSER_ASSERT_OK_AND_ASSIGN(const CalendarAuthenticationRecord record,
                              ParseCalendarAuthenticationRecord(element));
  EXPECT_EQ(record.data, data);
  EXPECT_TRUE(Equal(record.signed_bytes, signed_bytes));
  EXPECT_EQ(record.signature_type, kRsaSha256Oid);
  EXPECT_TRUE(Equal(record.signature_value, value));
  EXPECT_TRUE(Equal(record.certificate_id, id));
  EXPECT_EQ(record.certificate_repository_uri, "");
}

TEST(Rfc3161Record, IsWrittenReadAndFolded) {
  const ByteVector a = {1}, b, c = {2, 3}, d = {4};
  Rfc3161Record record{.aggregation_time = 7,
                       .index = {3, 5},
                       .input_hash = Imprint::Zero(HashAlgorithm::kSha512),
                       .tst_info_prefix = a,
                       .tst_info_suffix = b,
                       .tst_info_algorithm = HashAlgorithm::kSha1,
                       .signed_attributes_prefix = c,
                       .signed_attributes_suffix = d,
                       .signed_attributes_algorithm = HashAlgorithm::kSha384};
  ByteVector out;
  WriteRfc3161Record(out, record);
  TlvReader reader(out);
  PITSER_ASSERT_OK_AND_ASSIGN(const Element element, reader.Next());
  PITSER_ASSERT_OK_AND_ASSIGN(const Rfc3161Record read, ParseRfc3161Record(element));
  EXPECT_EQ(read.aggregation_time, 7u);
  EXPECT_EQ(read.index, record.index);
  ByteVector again;
  WriteRfc3161Record(again, read);
  EXPECT_EQ(ToHex(again), ToHex(out));
  // Digests without their id go in first, the whole imprint at the end (spec 3.10).
  const Imprint i1 = Hash(HashAlgorithm::kSha1, {a, record.input_hash.digest(), b}).value();
  const Imprint i2 = Hash(HashAlgorithm::kSha384, {c, i1.digest(), d}).value();
  EXPECT_EQ(Rfc3161Output(read, HashAlgorithm::kSha256).value(),
            Hash(HashAlgorithm::kSha256, {i2.bytes()}).value());
}

}  // namespace
}  // namespace pitser::ledger
