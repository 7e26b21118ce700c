#include <algorithm>
#include <cstddef>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/verify/verifier.h"
#include "tests/property/content_dump.h"
#include "tests/property/uncovered_bits.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

// Every single-bit flip at every offset of what we make: never "ok", unless the decoded content is
// the same and the bit is one that nothing covers.
namespace pitser::testing {
namespace {

using ledger::Bytes;
using ledger::ByteVector;
using ledger::Outcome;
using ledger::Policy;
using ledger::PublicationsFile;
using ledger::Signature;
using ledger::ToHex;
using ::testing::IsEmpty;

// --- Canonical dumps: what is decoded, without the texts that decide nothing ---

// Here the texts are signed, so they count.
std::string Dump(const PublicationsFile& file) {
  const ledger::PublicationsFileContent& content = file.content();
  std::ostringstream out;
  out << content.creation_time << " " << content.repository_uri << "\n";
  for (const auto& certificate : content.certificates) {
    out << ToHex(certificate.id) << " " << ToHex(certificate.der) << "\n";
  }
  for (const auto& publication : content.publications) {
    out << DumpOf(publication.data);
    for (const std::string& text : publication.references) out << " " << text;
    for (const std::string& text : publication.repository_uris) out << " " << text;
    out << "\n";
  }
  return out.str();
}

// --- The sweep ---

// The decoded content if `bytes` are accepted.
using Verifier = std::function<std::optional<std::string>(ByteVector bytes)>;

// Flips each bit of `original` and returns those whose flip is accepted; expects those to be in
// `allowed` and the content to be the same.
Bits AcceptedFlips(Bytes original, const Bits& allowed, const Verifier& verify) {
  const std::optional<std::string> content = verify(ledger::ToVector(original));
  EXPECT_TRUE(content.has_value()) << "the original is not accepted";
  Bits accepted;
  ByteVector bytes = ledger::ToVector(original);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
    bytes[bit / 8] ^= mask;
    if (const std::optional<std::string> flipped = verify(bytes)) {
      accepted.insert(bit);
      EXPECT_EQ(*flipped, content) << "bit " << bit << " changes the content and is accepted";
      EXPECT_TRUE(allowed.contains(bit))
          << "bit " << bit % 8 << " of byte " << bit / 8 << " is accepted, but is covered";
    }
    bytes[bit / 8] ^= mask;
  }
  return accepted;
}

void ExpectDisjoint(const UncoveredBits& uncovered, const std::vector<Range>& covered) {
  for (const auto& [reason, bits] : uncovered) {
    for (const std::size_t bit : bits) {
      EXPECT_FALSE(Contains(covered, bit)) << reason << ": bit " << bit << " is covered";
    }
  }
}

void Print(const char* what, Bytes bytes, const UncoveredBits& uncovered,
           const std::vector<Range>& covered, const Bits& accepted) {
  std::cout << what << ": " << 8 * bytes.size() << " bits, " << CountBits(covered)
            << " of them hashed or signed as they stand; uncovered " << AllOf(uncovered).size()
            << ":\n";
  for (const auto& [reason, bits] : uncovered) {
    std::size_t taken = 0;
    for (const std::size_t bit : bits) taken += accepted.count(bit);
    std::cout << "  " << bits.size() << " " << reason << " (accepted when flipped: " << taken
              << ")\n";
  }
}

PublicationsFile TrustedFile() {
  const TestTrust& trust = TestTrust::Get();
  const ledger::Certificate older =
      IssueCalendarCertificate(trust.publisher_key, 0, kTestTime - kTestDay);
  const ledger::PublicationData published = PublicationOf(MakeSignature(PublishedRecipe()));
  return MakePublicationsFile(
      {{ledger::CertificateIdOf(older.der()), older.der()}, trust.calendar_record()},
      {{{kTestTime - kTestDay, SomeImprint("older")}, {"Daily Seal, 2023-11-13"}, {}},
       {published, {"Daily Seal, 2023-11-24"}, {"http://publications.example/24"}},
       {{published.time + kTestDay, SomeImprint("later")}, {}, {}}});
}

bool IsOk(Policy policy, const ledger::VerificationContext& context) {
  const auto result = Verify(policy, context);
  return result.ok() && result->outcome == Outcome::kOk;
}

struct Flips {
  UncoveredBits uncovered;
  Bits accepted;
};

Flips FlipSignature(const char* what, const SignatureRecipe& recipe, Policy policy) {
  const ByteVector bytes = MakeSignatureBytes(recipe);
  const PublicationsFile file = TrustedFile();
  const Signature original = ValueOf(Signature::Parse(bytes));
  const UncoveredBits uncovered = UncoveredBitsOfSignature(bytes);
  const std::vector<Range> covered = CoveredRangesOfSignature(original);
  ExpectDisjoint(uncovered, covered);
  const Bits accepted =
      AcceptedFlips(bytes, AllOf(uncovered), [&](ByteVector flipped) -> std::optional<std::string> {
        const auto signature = Signature::Parse(std::move(flipped));
        if (!signature.ok()) return std::nullopt;
        if (!IsOk(policy, {.signature = *signature,
                           .document_hash = recipe.document_hash,
                           .publications_file = &file})) {
          return std::nullopt;
        }
        return DumpOf(*signature);
      });
  Print(what, bytes, uncovered, covered, accepted);
  return {uncovered, accepted};
}

TEST(BitFlips, OfASignatureUnderTheKeyBasedPolicy) {
  const Flips flips =
      FlipSignature("authenticated signature", SingleNodeRecipe(), Policy::kKeyBased);
  // The list is not wider than need be: each of its bits really makes no difference.
  EXPECT_EQ(flips.accepted, AllOf(flips.uncovered));
}

TEST(BitFlips, OfASignatureOfTwoChains) {
  const Flips flips = FlipSignature("authenticated signature of two chains", AuthenticatedRecipe(),
                                    Policy::kKeyBased);
  EXPECT_EQ(flips.accepted, AllOf(flips.uncovered));
}

TEST(BitFlips, OfAnExtendedSignatureUnderThePublicationsFilePolicy) {
  const Flips flips =
      FlipSignature("published signature", PublishedRecipe(), Policy::kPublicationsFileBased);
  // A flip in a text may make it malformed, and is refused then.
  Bits refused = AllOf(flips.uncovered);
  for (const std::size_t bit : flips.accepted) refused.erase(bit);
  const Bits& texts = flips.uncovered.at("references and addresses for people");
  EXPECT_TRUE(std::includes(texts.begin(), texts.end(), refused.begin(), refused.end()));
}

TEST(BitFlips, OfAPublicationsFile) {
  const TestTrust& trust = TestTrust::Get();
  const PublicationsFile original = TrustedFile();
#if defined(__SANITIZE_ADDRESS__)
  // Some broken structures leave bytes behind in OpenSSL 3.0: see cms_test.cc.
  const __lsan::ScopedDisabler leaks_of_openssl;
#endif
  const Signature live = MakeSignature(SingleNodeRecipe());
  const Signature extended = MakeSignature(PublishedRecipe());
  const ledger::SubjectConstraint constraint = trust.constraint();
  const UncoveredBits uncovered = UncoveredBitsOfPublicationsFile(original);
  const std::vector<Range> covered = CoveredRangesOfPublicationsFile(original);
  ExpectDisjoint(uncovered, covered);
  const Bits accepted = AcceptedFlips(
      original.bytes(), AllOf(uncovered), [&](ByteVector flipped) -> std::optional<std::string> {
        const auto file = PublicationsFile::Parse(std::move(flipped));
        if (!file.ok()) return std::nullopt;
        if (!VerifyPublicationsFile(*file, {&trust.root, 1}, {&constraint, 1}, kTestTime).ok()) {
          return std::nullopt;
        }
        const bool used =
            IsOk(Policy::kKeyBased, {.signature = live, .publications_file = &*file}) ||
            IsOk(Policy::kPublicationsFileBased,
                 {.signature = extended, .publications_file = &*file});
        return used ? std::optional(Dump(*file)) : std::nullopt;
      });
  Print("publications file", original.bytes(), uncovered, covered, accepted);
}

// The property would hold of a verifier that refuses everything.
TEST(BitFlips, OriginalsAreAccepted) {
  const PublicationsFile file = TrustedFile();
  const Signature live = MakeSignature(SingleNodeRecipe());
  EXPECT_TRUE(IsOk(Policy::kKeyBased, {.signature = live, .publications_file = &file}));
  const Signature extended = MakeSignature(PublishedRecipe());
  EXPECT_TRUE(
      IsOk(Policy::kPublicationsFileBased, {.signature = extended, .publications_file = &file}));
}

}  // namespace
}  // namespace pitser::testing
