// Every single-bit flip of every valid signature of the test pack, under the policy that its row
// names, held against the roots and times that it has for the row: malformed, failed or
// inconclusive, or the decoded content is the same and the bit is one that nothing covers. Under a
// sanitizer each signature gets a part of its bits, another part each.

#include <atomic>
#include <cstdio>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/format/publication.h"
#include "ledger/verify/verifier.h"
#include "tests/property/content_dump.h"
#include "tests/property/uncovered_bits.h"
#include "tests/support/openssl_leaks.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testpack.h"
#include "tests/testpack/judge.h"
#include "tests/testpack/offline_extender.h"

namespace pitser::testing {
namespace {

using ledger::ByteVector;
using ledger::Outcome;
using ledger::Policy;
using ledger::PublicationsFile;
using ledger::Signature;

#if defined(PITSER_LEAK_CHECKER)
constexpr std::size_t kStep = 7;  // Every seventh bit.
#else
constexpr std::size_t kStep = 1;
#endif

constexpr std::string_view kPublications =
    "policy-verification-signatures/resources/publications-file.bin";

std::optional<Policy> PolicyOf(std::string_view action) {
  if (action == "internal") return Policy::kInternal;
  if (action == "key") return Policy::kKeyBased;
  if (action == "publicationsFile") return Policy::kPublicationsFileBased;
  if (action == "userPublication") return Policy::kUserPublicationBased;
  if (action == "calendar") return Policy::kCalendarBased;
  return std::nullopt;
}

// A row with all that its policy asks for.
struct Case {
  const TestPackRow* row;
  Policy policy;
  ByteVector bytes;
  std::optional<PublicationsFile> publications;
  std::optional<ledger::PublicationData> user_publication;
  std::optional<ledger::CalendarHashChain> calendar;  // What the extender answers.
  std::string roots;                                  // Of the original.
};

// What the columns 7 to 10 of a row are about: what must be known from elsewhere where a signature
// has no record that vouches for it, as most of the rows of the internal policy have none.
std::string Roots(const Signature& signature) {
  std::string roots = absl::StrCat(signature.signing_time(), " ",
                                   signature.AggregationRoot().value().imprint.ToText());
  if (const auto& chain = signature.calendar_chain()) {
    const auto root = ledger::FoldCalendarLinks(chain->input_hash, chain->links);
    absl::StrAppend(&roots, " ", chain->publication_time, " ", root.value().ToText());
  }
  return roots;
}

// The signature's content if it is accepted.
std::optional<std::string> Accepted(const Case& tried, ByteVector bytes) {
  const auto signature = Signature::Parse(std::move(bytes));
  if (!signature.ok()) return std::nullopt;
  const auto result = Verify(
      tried.policy,
      {.signature = *signature,
       .document_hash = tried.row->document_hash,
       .input_level = tried.row->input_level,
       .user_publication = tried.user_publication,
       .publications_file = tried.publications ? &*tried.publications : nullptr,
       .extend = [&](std::uint64_t,
                     std::optional<std::uint64_t>) -> absl::StatusOr<ledger::CalendarHashChain> {
         if (tried.calendar) return *tried.calendar;
         return absl::UnavailableError("no extender");
       },
       .extending_allowed = tried.row->extending_allowed});
  if (!result.ok() || result->outcome != Outcome::kOk) return std::nullopt;
  if (Roots(*signature) != tried.roots) return std::nullopt;
  return DumpOf(*signature, tried.policy == Policy::kKeyBased);
}

// The real calendar, as far as the pack's valid signatures tell it.
absl::StatusOr<OfflineExtender> CalendarOf(const std::vector<TestPackRow>& rows) {
  PITSER_ASSIGN_OR_RETURN(ByteVector bytes, ReadFileBytes(*TestPackDir() / kPublications));
  PITSER_ASSIGN_OR_RETURN(const auto file, PublicationsFile::Parse(std::move(bytes)));
  OfflineExtender extender;
  for (const TestPackRow& row : rows) {
    PITSER_ASSIGN_OR_RETURN(ByteVector signature_bytes, ReadFileBytes(row.signature));
    const auto signature = Signature::Parse(std::move(signature_bytes));
    if (!signature.ok() || !row.error_code.empty()) continue;
    ledger::VerificationContext context{.signature = *signature, .publications_file = &file};
    if (row.action == "userPublication") {
      PITSER_ASSIGN_OR_RETURN(context.user_publication,
                              ledger::ParsePublicationCode(row.publication_code));
    }
    extender.Learn(context);
  }
  return extender;
}

absl::StatusOr<Case> CaseOf(const TestPackRow& row, const OfflineExtender& extender) {
  Case made{.row = &row,
            .policy = *PolicyOf(row.action),
            .bytes = {},
            .publications = {},
            .user_publication = {},
            .calendar = {},
            .roots = {}};
  PITSER_ASSIGN_OR_RETURN(made.bytes, ReadFileBytes(row.signature));
  PITSER_ASSIGN_OR_RETURN(
      ByteVector file,
      ReadFileBytes(row.publications_file.value_or(*TestPackDir() / kPublications)));
  PITSER_ASSIGN_OR_RETURN(made.publications, PublicationsFile::Parse(std::move(file)));
  if (made.policy == Policy::kUserPublicationBased) {
    PITSER_ASSIGN_OR_RETURN(made.user_publication,
                            ledger::ParsePublicationCode(row.publication_code));
  }
  PITSER_ASSIGN_OR_RETURN(const Signature signature, Signature::Parse(made.bytes));
  made.roots = Roots(signature);
  if (row.extender_response) {
    PITSER_ASSIGN_OR_RETURN(made.calendar, ReadExtenderResponse(*row.extender_response));
  } else if (made.policy == Policy::kCalendarBased) {
    // The real calendar's answer for a signature that is valid is its own chain.
    made.calendar = signature.calendar_chain();
  }
  if (made.policy == Policy::kCalendarBased && !made.calendar) {
    PITSER_ASSIGN_OR_RETURN(made.calendar, extender.Real(signature.signing_time(), {}));
  }
  return made;
}

struct Tally {
  std::size_t flips = 0, accepted = 0;
  std::vector<std::string> wrong;
};

void FlipAll(const Case& tried, std::size_t first_bit, Tally& tally) {
  const std::string name = tried.row->signature.filename().string();
  const std::optional<std::string> content = Accepted(tried, tried.bytes);
  if (!content.has_value()) {
    tally.wrong.push_back(absl::StrCat(name, ": the original is not accepted"));
    return;
  }
  const KeySignature key_signature =
      tried.policy == Policy::kKeyBased ? KeySignature::kChecked : KeySignature::kIgnored;
  const Bits allowed = AllOf(UncoveredBitsOfSignature(tried.bytes, key_signature));
  ByteVector bytes = tried.bytes;
  for (std::size_t bit = first_bit; bit < 8 * bytes.size(); bit += kStep) {
    const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
    bytes[bit / 8] ^= mask;
    ++tally.flips;
    if (const auto flipped = Accepted(tried, bytes)) {
      ++tally.accepted;
      if (flipped != content || !allowed.contains(bit)) {
        tally.wrong.push_back(absl::StrCat(
            name, " (", tried.row->action, "): bit ", bit % 8, " of byte ", bit / 8,
            flipped != content ? " changes the content and is accepted" : " is accepted",
            allowed.contains(bit) ? "" : ", but should be covered"));
      }
    }
    bytes[bit / 8] ^= mask;
  }
}

TEST(PackFlips, NoBitOfAValidSignatureCanBeChanged) {
  PITSER_NEED_TESTPACK();
  PITSER_ASSERT_OK_AND_ASSIGN(const std::vector<TestPackRow> rows, ReadTestPack(kValidSignatures));
  PITSER_ASSERT_OK_AND_ASSIGN(const OfflineExtender extender, CalendarOf(rows));
  std::vector<Case> cases;
  for (const TestPackRow& row : rows) {
    if (!row.error_code.empty() || !PolicyOf(row.action)) continue;
    auto made = CaseOf(row, extender);
    PITSER_ASSERT_OK(made) << row.place;
    cases.push_back(*std::move(made));
  }
  EXPECT_GT(cases.size(), 60u);

  std::mutex mutex;
  Tally all;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size(); i = next++) {
      Tally tally;
      FlipAll(cases[i], i % kStep, tally);
      const std::lock_guard lock(mutex);
      all.flips += tally.flips;
      all.accepted += tally.accepted;
      all.wrong.insert(all.wrong.end(), tally.wrong.begin(), tally.wrong.end());
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%zu signatures, %zu flips, %zu of uncovered bits accepted\n", cases.size(),
              all.flips, all.accepted);
  for (std::size_t i = 0; i < std::min<std::size_t>(all.wrong.size(), 20); ++i) {
    ADD_FAILURE() << all.wrong[i];
  }
  EXPECT_TRUE(all.wrong.empty()) << all.wrong.size();
}

}  // namespace
}  // namespace pitser::testing
