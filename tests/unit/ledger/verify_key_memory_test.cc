#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "ledger/verify/key_memory.h"
#include "ledger/verify/verifier.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_keys.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using internal::KeyMemory;
using testing::kTestDay;
using testing::kTestTime;
using testing::TestTrust;
using testing::ValueOf;

int checks = 0;  // Signatures that were looked at and not remembered.

bool CountedCheck(const Certificate& certificate, std::string_view oid, Bytes message,
                  Bytes signature) {
  ++checks;
  return VerifyRsaSignature(certificate, oid, message, signature);
}

// A record and what it views into.
struct Signed {
  ByteVector message, signature;
  std::string oid = std::string(kRsaSha256Oid);

  CalendarAuthenticationRecord record() const {
    return {.data = {.time = 0, .hash = testing::SomeImprint("root")},
            .signed_bytes = message,
            .signature_type = oid,
            .signature_value = signature,
            .certificate_id = {},
            .certificate_repository_uri = ""};
  }
};

Signed Sign(const std::string& text, const PrivateKey& key = TestTrust::Get().calendar_key) {
  ByteVector message = ToVector(AsBytes(text));
  ByteVector signature = ValueOf(key.SignRsaSha256(message));
  return {.message = std::move(message), .signature = std::move(signature)};
}

ByteVector CalendarDer() { return TestTrust::Get().calendar.der(); }

// Another certificate each time, of the same key.
ByteVector DerOf(std::uint64_t day) {
  return testing::IssueCalendarCertificate(TestTrust::Get().calendar_key, kTestTime,
                                           kTestTime + day * kTestDay)
      .der();
}

class KeyMemoryTest : public ::testing::Test {
 protected:
  KeyMemoryTest() { checks = 0; }
  KeyMemory memory_{CountedCheck};
};

TEST_F(KeyMemoryTest, ChecksOneRecordOnce) {
  const Signed one = Sign("one"), other = Sign("other");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(memory_.Verifies(CalendarDer(), one.record()));
  EXPECT_EQ(checks, 1);
  EXPECT_TRUE(memory_.Verifies(CalendarDer(), other.record()));
  EXPECT_EQ(checks, 2);
}

TEST_F(KeyMemoryTest, RemembersNoNo) {
  Signed forged = Sign("one");
  forged.signature[7] ^= 1;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(memory_.Verifies(CalendarDer(), forged.record()));
  EXPECT_EQ(checks, 3);
}

// Whatever is not byte for byte what verified is looked at anew.
TEST_F(KeyMemoryTest, KnowsARecordByAllItsBytes) {
  const Signed good = Sign("the publication data of a second");
  ASSERT_TRUE(memory_.Verifies(CalendarDer(), good.record()));
  std::vector<Signed> bad;
  for (std::size_t bit = 0; bit < good.message.size() * 8; ++bit) {
    bad.push_back(good);
    bad.back().message[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  }
  for (std::size_t bit = 0; bit < good.signature.size() * 8; ++bit) {
    bad.push_back(good);
    bad.back().signature[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  }
  for (const bool first : {false, true}) {
    for (ByteVector Signed::*part : {&Signed::message, &Signed::signature}) {
      bad.push_back(good);
      ByteVector& cut = bad.back().*part;
      cut.erase(first ? cut.begin() : cut.end() - 1);
      bad.push_back(good);
      ByteVector& longer = bad.back().*part;
      longer.insert(first ? longer.begin() : longer.end(), std::uint8_t{0});
    }
  }
  for (const char* const oid : {"1.2.840.113549.1.1.12", "1.2.840.113549.1.1.1", ""}) {
    bad.push_back(good);
    bad.back().oid = oid;
  }
  bad.push_back(good);
  bad.back().signature.clear();
  for (const Signed& one : bad) {
    checks = 0;
    EXPECT_FALSE(memory_.Verifies(CalendarDer(), one.record()));
    EXPECT_EQ(checks, 1);
    EXPECT_TRUE(memory_.Verifies(CalendarDer(), good.record()));
    EXPECT_EQ(checks, 1);
  }
}

// What one certificate's key vouched for, another one's does not.
TEST_F(KeyMemoryTest, KnowsARecordForOneCertificateOnly) {
  const Signed good = Sign("one");
  ASSERT_TRUE(memory_.Verifies(CalendarDer(), good.record()));
  EXPECT_FALSE(memory_.Verifies(TestTrust::Get().publisher.der(), good.record()));
  EXPECT_EQ(checks, 2);
  EXPECT_TRUE(memory_.Verifies(DerOf(1), good.record()));  // The same key, and yet.
  EXPECT_EQ(checks, 3);
  EXPECT_TRUE(memory_.Verifies(CalendarDer(), good.record()));
  EXPECT_EQ(checks, 3);
  ByteVector broken = CalendarDer();
  broken.pop_back();
  EXPECT_FALSE(memory_.Verifies(broken, good.record()));
  EXPECT_FALSE(memory_.Decode(broken).has_value());
  EXPECT_EQ(checks, 3);
}

// More of both than there are places for.
TEST_F(KeyMemoryTest, AnswersAlsoWhatItHasForgotten) {
  std::vector<Signed> good;
  for (int i = 0; i < 400; ++i) good.push_back(Sign(std::to_string(i)));
  for (int turn = 0; turn < 2; ++turn) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      const Signed& other = good[(i + 1) % good.size()];
      Signed mixed = good[i];
      mixed.message = other.message;
      ASSERT_TRUE(memory_.Verifies(CalendarDer(), good[i].record()));
      ASSERT_FALSE(memory_.Verifies(CalendarDer(), mixed.record()));
    }
  }
  std::vector<ByteVector> ders;
  for (std::uint64_t day = 1; day <= 9; ++day) ders.push_back(DerOf(day));
  for (int turn = 0; turn < 2; ++turn) {
    for (const ByteVector& der : ders) {
      EXPECT_EQ(memory_.Decode(der)->der(), der);
      EXPECT_TRUE(memory_.Verifies(der, good[0].record()));
      EXPECT_FALSE(memory_.Verifies(TestTrust::Get().publisher.der(), good[0].record()));
    }
  }
}

// --- Verify(), on a thread that has seen much and on one that has seen nothing ---

std::string Told(const ByteVector& bytes, const PublicationsFile& file) {
  const auto signature = Signature::Parse(bytes);
  if (!signature.ok()) return std::string(signature.status().message());
  const auto result =
      Verify(Policy::kKeyBased, {.signature = *signature, .publications_file = &file});
  if (!result.ok()) return std::string(result.status().message());
  std::string told(result->cause);
  for (const RuleVerdict& verdict : result->verdicts) {
    told.append("\n").append(verdict.rule).append(" ").append(ErrorCodeName(verdict.code));
  }
  return told;
}

// Every bit of the record, at the end of the signature, after the good one has been seen.
TEST(VerifyWithMemory, SaysWhatAThreadWithoutSays) {
  const PublicationsFile file =
      testing::MakePublicationsFile({TestTrust::Get().calendar_record()}, {});
  const Signature signature = testing::MakeSignature(testing::AuthenticatedRecipe());
  const ByteVector good = ToVector(signature.bytes());
  const std::string good_told = Told(good, file);
  ASSERT_TRUE(good_told.ends_with("authentication-signature-verifies ")) << good_told;
  const auto begin = static_cast<std::size_t>(
      signature.authentication_record()->signed_bytes.data() - signature.bytes().data());
  int refused_by_key = 0;
  for (std::size_t bit = begin * 8; bit < good.size() * 8; bit += 5) {
    ByteVector bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    std::string fresh;
    std::thread([&] { fresh = Told(bad, file); }).join();
    EXPECT_EQ(Told(bad, file), fresh) << bit;
    EXPECT_EQ(Told(good, file), good_told) << bit;
    if (fresh.ends_with("authentication-signature-verifies KEY-02")) ++refused_by_key;
  }
  EXPECT_GT(refused_by_key, 256 * 8 / 5 - 1);
}

// One second's certificate is not yet, or no longer, valid for another's.
TEST(VerifyWithMemory, JudgesTheValidityEachTime) {
  const TestTrust& trust = TestTrust::Get();
  const Signature signature = testing::MakeSignature(testing::AuthenticatedRecipe());
  const ByteVector bytes = ToVector(signature.bytes());
  const auto listing = [&](ByteVector der) {
    return testing::MakePublicationsFile({{trust.calendar_record().id, std::move(der)}}, {});
  };
  const PublicationsFile valid = listing(trust.calendar.der());
  const PublicationsFile over = listing(
      testing::IssueCalendarCertificate(trust.calendar_key, kTestTime - 9, kTestTime - 1).der());
  const PublicationsFile unlisted = testing::MakePublicationsFile({}, {});
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_TRUE(Told(bytes, valid).ends_with("authentication-signature-verifies "));
    EXPECT_TRUE(Told(bytes, over).ends_with("certificate-was-valid KEY-03"));
    EXPECT_TRUE(Told(bytes, unlisted).ends_with("certificate-is-listed GEN-02"));
  }
}

}  // namespace
}  // namespace pitser::ledger
