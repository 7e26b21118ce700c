#include <gtest/gtest.h>

#include <random>
#include <string>

#include "ledger/format/signature.h"
#include "ledger/verify/shared_tail.h"
#include "tests/support/batch_maker.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using testing::kTestTime;
using testing::MadeBatch;
using testing::MakeBatch;
using testing::SomeImprint;
using testing::StatusIs;
using testing::ValueOf;

std::vector<Imprint> Hashes(std::size_t count) {
  std::vector<Imprint> hashes;
  for (std::size_t i = 0; i < count; ++i) hashes.push_back(SomeImprint(std::to_string(i)));
  return hashes;
}

// What the whole signature gives, without any short way: "malformed" or the code's name.
std::string Whole(const MadeBatch& batch, const ByteVector& part, const Imprint& hash,
                  Level level = 0) {
  auto bytes = SharedTail(batch.tail).Assemble(part);
  if (!bytes.ok()) return "malformed";
  const auto signature = Signature::Parse(*std::move(bytes));
  if (!signature.ok()) return "malformed";
  const auto result = Verify(
      Policy::kInternal, {.signature = *signature, .document_hash = hash, .input_level = level});
  if (!result.ok()) return "malformed";
  return std::string(ErrorCodeName(result->code));
}

std::string Short(SharedTail& tail, const ByteVector& part, const Imprint& hash, Level level = 0) {
  const auto result = tail.Verify(part, hash, level);
  if (!result.ok()) return "malformed";
  return std::string(ErrorCodeName(result->code));
}

TEST(SharedTail, SaysYesToEverySignatureOfABatch) {
  for (const std::size_t count : {1u, 2u, 3u, 7u, 8u, 100u}) {
    const std::vector<Imprint> hashes = Hashes(count);
    const MadeBatch batch = MakeBatch(hashes, kTestTime);
    SharedTail tail(batch.tail);
    for (std::size_t i = 0; i < count; ++i) {
      PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result,
                                  tail.Verify(batch.parts[i], hashes[i], 0));
      EXPECT_EQ(result.outcome, Outcome::kOk) << count << ": " << i;
      EXPECT_EQ(result.policy, "internal");
      // The rules of the calendar hash chain run once.
      const bool is_short = result.verdicts.back().rule == "chain-index-matches-shape";
      EXPECT_EQ(is_short, i > 0) << count << ": " << i;
    }
  }
}

TEST(SharedTail, PutsTheWholeSignatureTogether) {
  const std::vector<Imprint> hashes = Hashes(5);
  const MadeBatch batch = MakeBatch(hashes, kTestTime);
  const SharedTail tail(batch.tail);
  const Signature signature = ValueOf(Signature::Parse(ValueOf(tail.Assemble(batch.parts[3]))));
  EXPECT_EQ(signature.input_hash(), hashes[3]);
  EXPECT_EQ(signature.signing_time(), kTestTime);
  EXPECT_TRUE(signature.authentication_record().has_value());
  EXPECT_THAT(tail.Assemble(ByteVector(65535 - batch.tail.size())), testing::IsOk());
  EXPECT_THAT(tail.Assemble(ByteVector(65536 - batch.tail.size())),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SharedTail, SaysWhatIsWrongWithOneAndGoesOn) {
  const std::vector<Imprint> hashes = Hashes(9);
  const MadeBatch batch = MakeBatch(hashes, kTestTime);
  const MadeBatch other_time = MakeBatch(hashes, kTestTime + 1);
  const MadeBatch other_hashes = MakeBatch(Hashes(8), kTestTime);
  SharedTail tail(batch.tail);
  ASSERT_EQ(Short(tail, batch.parts[0], hashes[0]), Whole(batch, batch.parts[0], hashes[0]));
  EXPECT_EQ(Short(tail, batch.parts[1], hashes[2]), "GEN-01");
  EXPECT_EQ(Short(tail, batch.parts[1], SomeImprint("1", HashAlgorithm::kSha512)), "GEN-04");
  EXPECT_EQ(Short(tail, batch.parts[1], hashes[1], 1), "GEN-03");
  EXPECT_EQ(Short(tail, other_time.parts[1], hashes[1]), "INT-02");
  EXPECT_EQ(Short(tail, other_hashes.parts[1], hashes[1]), "INT-01");
  EXPECT_EQ(Short(tail, {}, hashes[1]), Whole(batch, {}, hashes[1]));
  EXPECT_NE(Short(tail, {}, hashes[1]), "");
  EXPECT_EQ(Short(tail, batch.tail, hashes[1]), Whole(batch, batch.tail, hashes[1]));
  EXPECT_EQ(Short(tail, ToVector(AsBytes("nonsense")), hashes[1]), "malformed");
  EXPECT_EQ(Short(tail, batch.parts[1], hashes[1]), Whole(batch, batch.parts[1], hashes[1]));
}

// The short way agrees with the long one whatever is changed about a part, and whatever the part
// before it was: one far away, a neighbour, or the very part.
TEST(SharedTail, AgreesWithTheWholeSignatureForEveryBitOfAPart) {
  const std::vector<Imprint> hashes = Hashes(6);
  const MadeBatch batch = MakeBatch(hashes, kTestTime);
  for (const std::size_t before : {std::size_t{0}, std::size_t{4}, std::size_t{5}}) {
    SharedTail tail(batch.tail);
    const std::string good = Short(tail, batch.parts[0], hashes[0]);
    const std::size_t bits = batch.parts[4].size() * 8;
    std::size_t still_good = 0;
    for (std::size_t bit = 0; bit < bits; ++bit) {
      ASSERT_EQ(Short(tail, batch.parts[before], hashes[before]), good);
      ByteVector part = batch.parts[4];
      part[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      const std::string whole = Whole(batch, part, hashes[4]);
      EXPECT_EQ(Short(tail, part, hashes[4]), whole) << bit << " after " << before;
      if (whole == good) ++still_good;
    }
    // The flags of elements, which no hash covers: see tests/property/uncovered_bits.h.
    EXPECT_LT(still_good, bits / 20);
  }
}

// Whatever comes after what: signatures of two trees under one tail would be a forgery.
TEST(SharedTail, AgreesWithTheWholeSignatureInAnyOrder) {
  const std::vector<Imprint> hashes = Hashes(33);
  const MadeBatch batch = MakeBatch(hashes, kTestTime);
  const MadeBatch other = MakeBatch(Hashes(32), kTestTime);
  std::mt19937 random(2);
  SharedTail tail(batch.tail);
  ASSERT_EQ(Short(tail, batch.parts[0], hashes[0]), Whole(batch, batch.parts[0], hashes[0]));
  for (int i = 0; i < 2000; ++i) {
    const std::size_t which = random() % 32;
    const bool forged = random() % 4 == 0;
    const ByteVector& part = forged ? other.parts[which] : batch.parts[which];
    const std::string whole = Whole(batch, part, hashes[which]);
    ASSERT_EQ(Short(tail, part, hashes[which]), whole) << which << forged;
    ASSERT_EQ(whole == "INT-01", forged);
  }
}

TEST(SharedTail, AgreesWithTheWholeSignatureForPartsThatAreCutAndJoined) {
  const std::vector<Imprint> hashes = Hashes(6);
  const MadeBatch batch = MakeBatch(hashes, kTestTime);
  SharedTail tail(batch.tail);
  const std::string good = Short(tail, batch.parts[0], hashes[0]);
  for (std::size_t size = 0; size < batch.parts[4].size(); ++size) {
    const ByteVector part(batch.parts[4].begin(),
                          batch.parts[4].begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(Short(tail, part, hashes[4]), Whole(batch, part, hashes[4])) << size;
  }
  for (const ByteVector& extra :
       {batch.parts[4], batch.parts[1], batch.tail, ToVector(AsBytes("\x1f\x00"))}) {
    for (const bool behind : {false, true}) {
      ByteVector part = behind ? batch.parts[4] : extra;
      Append(part, behind ? extra : batch.parts[4]);
      EXPECT_EQ(Short(tail, part, hashes[4]), Whole(batch, part, hashes[4])) << behind;
      EXPECT_NE(Short(tail, part, hashes[4]), good);
    }
  }
}

// The part, one chain, with an element that readers pass over: behind all that its `where`-th child
// has, if that is a link, or behind the child itself.
ByteVector WithMore(Bytes part, std::size_t where, bool inside) {
  const ByteVector more = ToVector(AsBytes("\x5f\x01!"));
  ByteVector children;
  TlvReader outer(part);
  const Element chain = ValueOf(outer.Next());
  TlvReader reader(chain);
  for (std::size_t i = 0; !reader.done(); ++i) {
    const Element child = ValueOf(reader.Next());
    ByteVector value = ToVector(child.value);
    const bool is_link = child.type == 0x07 || child.type == 0x08;
    if (i == where && inside && is_link) Append(value, more);
    WriteElement(children, child.type, value);
    if (i == where && !inside) Append(children, more);
  }
  ByteVector made;
  WriteElement(made, chain.type, children);
  return made;
}

// The same siblings do not make the same links: where an element ends counts, too.
TEST(SharedTail, AgreesWithTheWholeSignatureWhereElementsAreLonger) {
  const std::vector<Imprint> hashes = Hashes(33);
  const MadeBatch batch = MakeBatch(hashes, kTestTime);
  const std::string good = Whole(batch, batch.parts[5], hashes[5]);
  int longer = 0;
  for (const bool inside : {false, true}) {
    for (std::size_t where = 0; where < 20; ++where) {
      const ByteVector part = WithMore(batch.parts[4], where, inside);
      if (part == batch.parts[4]) continue;  // There is no such link, or child.
      ++longer;
      ASSERT_EQ(Whole(batch, part, hashes[4]), good);
      SharedTail tail(batch.tail);
      for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(Short(tail, batch.parts[5], hashes[5]), good);
        EXPECT_EQ(Short(tail, part, hashes[4]), good);
        // Each bit of it after itself: the two differ in nothing else.
        for (std::size_t bit = 0; bit < part.size() * 8; bit += 3) {
          ByteVector flipped = part;
          flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
          ASSERT_EQ(Short(tail, flipped, hashes[4]), Whole(batch, flipped, hashes[4])) << bit;
        }
      }
    }
  }
  EXPECT_GE(longer, 2 * 6);  // The links of a tree of 33, at least.
}

TEST(SharedTail, NeverSaysYesUnderATailThatIsWrong) {
  const std::vector<Imprint> hashes = Hashes(4);
  const MadeBatch batch = MakeBatch(hashes, kTestTime);
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    MadeBatch broken = batch;
    broken.tail[random() % broken.tail.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    SharedTail tail(broken.tail);
    for (std::size_t j = 0; j < 2; ++j) {
      EXPECT_EQ(Short(tail, broken.parts[j], hashes[j]), Whole(broken, broken.parts[j], hashes[j]));
    }
  }
}

}  // namespace
}  // namespace pitser::ledger
