// ExtendSignature(): a signature moves from one publication to another, and nothing that does not
// belong to it is taken. Source: spec/ksi-signature.md 8.6.

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/format/signature.h"
#include "tests/support/golden_signature.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testpack.h"
#include "tests/support/tlv_tree.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::kGoldenSignatureHex;
using ::pitser::testing::MemoryCalendar;
using ::pitser::testing::StatusIs;
using ::pitser::testing::TestImprint;
using ::pitser::testing::TlvNode;

constexpr std::uint64_t kTime = 5;

Signature Golden() { return Signature::Parse(FromHex(kGoldenSignatureHex).value()).value(); }

// The calendar of the golden signature: leaf t is the hash of t, leaf 5 its aggregation root.
MemoryCalendar Calendar(std::string_view other_leaf = "") {
  MemoryCalendar calendar;
  for (std::uint64_t t = 0; t < 40; ++t) {
    Imprint leaf = TestImprint(t);
    if (t == kTime) leaf = Golden().AggregationRoot().value().imprint;
    // Second 4 is the sibling of second 5: another value there makes another calendar.
    if (t == 4 && !other_leaf.empty()) {
      leaf = Hash(HashAlgorithm::kSha256, {AsBytes(other_leaf)}).value();
    }
    EXPECT_TRUE(calendar.Append(t, leaf).ok());
  }
  return calendar;
}

PublicationRecord PublicationOf(const MemoryCalendar& calendar, std::uint64_t time) {
  return {.data = {time, CalendarRoot(calendar, time).value()},
          .references = {"test publication"},
          .repository_uris = {}};
}

TEST(ExtendSignature, GoldenCalendarIsThatOfTheSpec) {
  const MemoryCalendar calendar = Calendar();
  EXPECT_EQ(PublicationOf(calendar, 10).data, Golden().publication_record()->data);
  EXPECT_EQ(BuildCalendarChain(calendar, kTime, 10).value().links,
            Golden().calendar_chain()->links);
}

TEST(ExtendSignature, MovesToEveryLaterPublication) {
  const MemoryCalendar calendar = Calendar();
  const Signature golden = Golden();
  for (std::uint64_t time = kTime; time < 40; ++time) {
    const CalendarHashChain chain = BuildCalendarChain(calendar, kTime, time).value();
    const PublicationRecord publication = PublicationOf(calendar, time);
    PITSER_ASSERT_OK_AND_ASSIGN(const Signature extended,
                                ExtendSignature(golden, chain, &publication));
    EXPECT_EQ(extended.publication_record()->data, publication.data);
    EXPECT_EQ(extended.publication_record()->references, publication.references);
    EXPECT_EQ(extended.calendar_chain()->links, chain.links);
    EXPECT_EQ(extended.signing_time(), kTime);
    EXPECT_TRUE(Equal(extended.aggregation_chains()[0].raw, golden.aggregation_chains()[0].raw));
  }
}

TEST(ExtendSignature, WithoutPublicationNoRecordIsLeft) {
  const CalendarHashChain chain = BuildCalendarChain(Calendar(), kTime, 20).value();
  PITSER_ASSERT_OK_AND_ASSIGN(const Signature extended, ExtendSignature(Golden(), chain, nullptr));
  EXPECT_FALSE(extended.publication_record().has_value());
  EXPECT_FALSE(extended.authentication_record().has_value());
  EXPECT_EQ(extended.calendar_chain()->publication_time, 20u);
}

TEST(ExtendSignature, AnAuthenticationRecordGoes) {
  const MemoryCalendar calendar = Calendar();
  const Signature golden = Golden();
  ByteVector live, signed_bytes;
  WriteCalendarHashChain(live, BuildCalendarChain(calendar, kTime, kTime).value());
  WritePublicationData(signed_bytes, PublicationOf(calendar, kTime).data,
                       PublicationDataPlace::kSignature);
  WriteCalendarAuthenticationRecord(live, signed_bytes, kRsaSha256Oid, ByteVector(256), {});
  const Bytes parts[] = {golden.aggregation_chains()[0].raw, live};
  PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature,
                              Signature::Parse(AssembleSignature(parts).value()));
  ASSERT_TRUE(signature.authentication_record().has_value());
  PublicationRecord publication = PublicationOf(calendar, 10);
  publication.references.clear();
  PITSER_ASSERT_OK_AND_ASSIGN(
      const Signature extended,
      ExtendSignature(signature, BuildCalendarChain(calendar, kTime, 10).value(), &publication));
  EXPECT_EQ(ToHex(extended.bytes()), kGoldenSignatureHex);
}

TEST(ExtendSignature, ASignatureWithoutCalendarChainGetsOne) {
  const Signature golden = Golden();
  const Bytes parts[] = {golden.aggregation_chains()[0].raw};
  PITSER_ASSERT_OK_AND_ASSIGN(Signature signature,
                              Signature::Parse(AssembleSignature(parts).value()));
  // Its time is the aggregation chain's then.
  PublicationRecord publication = *golden.publication_record();
  PITSER_ASSERT_OK_AND_ASSIGN(const Signature extended,
                              ExtendSignature(signature, *golden.calendar_chain(), &publication));
  EXPECT_EQ(ToHex(extended.bytes()), kGoldenSignatureHex);
}

// Whatever is not replaced stays byte for byte where it is, unknown elements included.
TEST(ExtendSignature, KeepsUnknownElementsAndOddEncodings) {
  TlvNode root = testing::ParseSignatureTree(FromHex(kGoldenSignatureHex).value());
  const auto unknown = [](std::uint8_t mark) {
    TlvNode node;
    node.type = 0x499;
    node.non_critical = true;
    node.value = {mark};
    return node;
  };
  root.children[0].non_critical = true;  // A flag that means nothing.
  root.children.insert(root.children.begin(), unknown(1));
  root.children.insert(root.children.begin() + 2, unknown(2));  // Before the calendar chain,
  root.children.insert(root.children.begin() + 4, unknown(3));  // behind it,
  root.children.push_back(unknown(4));                          // behind the record.
  PITSER_ASSERT_OK_AND_ASSIGN(const Signature signature, Signature::Parse(EncodeTree(root)));
  const MemoryCalendar calendar = Calendar();
  const PublicationRecord publication = PublicationOf(calendar, 30);
  PITSER_ASSERT_OK_AND_ASSIGN(
      const Signature extended,
      ExtendSignature(signature, BuildCalendarChain(calendar, kTime, 30).value(), &publication));
  std::string order;
  TlvNode result = testing::ParseSignatureTree(extended.bytes());
  for (const TlvNode& child : result.children) {
    order += child.type == 0x499 ? std::to_string(child.value[0])
                                 : ToHex(Bytes(EncodeTree(child)).first(2));
    order += " ";
  }
  EXPECT_EQ(order, "1 c801 2 8802 8803 3 4 ");
}

TEST(ExtendSignature, RefusesWhatDoesNotBelong) {
  const MemoryCalendar calendar = Calendar();
  const Signature golden = Golden();
  const CalendarHashChain right = BuildCalendarChain(calendar, kTime, 20).value();
  const PublicationRecord publication = PublicationOf(calendar, 20);
  PITSER_ASSERT_OK(ExtendSignature(golden, right, &publication));
  const auto expect_refused = [&](const CalendarHashChain& chain, const PublicationRecord* record,
                                  std::string_view why) {
    EXPECT_THAT(ExtendSignature(golden, chain, record),
                StatusIs(absl::StatusCode::kFailedPrecondition, std::string(why)));
  };

  CalendarHashChain wrong = right;
  wrong.input_hash = TestImprint(77);
  expect_refused(wrong, nullptr, "another aggregation root");

  wrong = right;
  wrong.aggregation_time = 6;
  expect_refused(wrong, nullptr, "signed at 5");
  wrong.aggregation_time.reset();  // Means 20.
  expect_refused(wrong, nullptr, "signed at 5");

  wrong = right;  // Says 5, but has the shape of 6.
  wrong.links = BuildCalendarChain(calendar, 6, 20).value().links;
  expect_refused(wrong, nullptr, "shape");
  wrong = right;
  wrong.links.pop_back();
  expect_refused(wrong, nullptr, "shape");

  expect_refused(BuildCalendarChain(Calendar("other"), kTime, 20).value(), nullptr, "right links");

  PublicationRecord other = PublicationOf(calendar, 21);
  expect_refused(right, &other, "publication is of 21");
  other = publication;
  other.data.hash = TestImprint(1);
  expect_refused(right, &other, "published hash");

  wrong = right;  // A left link may differ between chains, but must lead to the publication.
  ASSERT_EQ(wrong.links.back().direction, LinkDirection::kLeft);
  wrong.links.back().sibling = TestImprint(99);
  expect_refused(wrong, &publication, "published hash");
}

std::vector<Imprint> RightSiblings(const CalendarHashChain& chain) {
  std::vector<Imprint> siblings;
  for (const CalendarLink& link : chain.links) {
    if (link.direction == LinkDirection::kRight) siblings.push_back(link.sibling);
  }
  return siblings;
}

// Pairs of real signatures of one hash and second, one of which leads to a later publication.
TEST(ExtendSignature, RealSignaturesTakeEachOthersChains) {
  PITSER_NEED_TESTPACK();
  std::map<std::string, Signature> signatures;
  PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<testing::TestPackRow> rows,
                              testing::ReadTestPack(testing::kValidSignatures));
  for (const testing::TestPackRow& row : rows) {
    signatures.emplace(row.signature.filename().string(),
                       Signature::Parse(testing::ReadFileBytes(row.signature).value()).value());
  }
  int extended_count = 0, refused_count = 0;
  for (const auto& [name, signature] : signatures) {
    PITSER_ASSERT_OK_AND_ASSIGN(const LeveledImprint root, signature.AggregationRoot());
    for (const auto& [longer_name, longer] : signatures) {
      if (!longer.publication_record()) continue;
      const CalendarHashChain& chain = *longer.calendar_chain();
      const PublicationRecord& publication = *longer.publication_record();
      const bool same =
          chain.input_hash == root.imprint && chain.AggregationTime() == signature.signing_time();
      const absl::StatusOr<Signature> extended = ExtendSignature(signature, chain, &publication);
      if (!same) {
        EXPECT_THAT(extended, StatusIs(absl::StatusCode::kFailedPrecondition)) << name;
        ++refused_count;
        continue;
      }
      // Some files of the pack have a right link replaced, to carry another algorithm.
      if (signature.calendar_chain() &&
          RightSiblings(*signature.calendar_chain()) != RightSiblings(chain)) {
        EXPECT_THAT(extended, StatusIs(absl::StatusCode::kFailedPrecondition, "right links"));
        continue;
      }
      ASSERT_THAT(extended, testing::IsOk()) << name << " with " << longer_name;
      EXPECT_EQ(extended->publication_record()->data, publication.data);
      EXPECT_EQ(extended->input_hash(), signature.input_hash());
      EXPECT_EQ(extended->AggregationRoot().value(), root);
      ++extended_count;
    }
  }
  std::printf("%d extended, %d refused\n", extended_count, refused_count);
  EXPECT_GT(extended_count, 50);
  EXPECT_GT(refused_count, 50);
  // A whole file of the pack comes out when one is made from its younger self.
  const Signature& live = signatures.at("signature-one-aggregation-chain-chc-and-auth.ksig");
  const Signature& old =
      signatures.at("signature-extended-one-aggregation-chain-chc-and-auth.ksig");
  PITSER_ASSERT_OK_AND_ASSIGN(const Signature made, ExtendSignature(live, *old.calendar_chain(),
                                                                    &*old.publication_record()));
  EXPECT_EQ(ToHex(made.bytes()), ToHex(old.bytes()));
}

}  // namespace
}  // namespace pitser::ledger
