#include "tests/crash/auditor.h"

#include <gtest/gtest.h>

#include <utility>

#include "ledger/base/status.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/signature.h"
#include "ledger/format/tlv.h"
#include "ledger/verify/verifier.h"
#include "storage/calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::testing {
namespace {

absl::StatusOr<ledger::CalendarHashChain> ChainTo(const Caller& caller, std::uint64_t from,
                                                  std::uint64_t to) {
  PITSER_ASSIGN_OR_RETURN(const v1::ExtendResponse response, caller.Extend(from, to));
  ledger::TlvReader reader(ledger::AsBytes(response.calendar_hash_chain()));
  PITSER_ASSIGN_OR_RETURN(const ledger::Element element, reader.Next());
  return ledger::ParseCalendarHashChain(element);
}

absl::StatusOr<ledger::Imprint> RootOf(const ledger::CalendarHashChain& chain) {
  return ledger::FoldCalendarLinks(chain.input_hash, chain.links);
}

// OK if the signature, extended to the publication, is proven by it.
absl::Status CheckByPublication(const ledger::Signature& signature,
                                const ledger::CalendarHashChain& chain,
                                const ledger::PublicationRecord& publication,
                                const ledger::PublicationsFile& file, const ledger::Imprint& hash) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Signature extended,
                          ledger::ExtendSignature(signature, chain, &publication));
  const ledger::VerificationContext context{extended, hash, 0, {}, &file, {}};
  PITSER_ASSIGN_OR_RETURN(const ledger::VerificationResult result,
                          ledger::Verify(ledger::Policy::kPublicationsFileBased, context));
  if (result.outcome == ledger::Outcome::kOk) return absl::OkStatus();
  return absl::FailedPreconditionError(ledger::ToAbsl(ledger::ErrorCodeName(result.code)));
}

}  // namespace

void Auditor::CheckSignatures(const Caller& caller, const std::vector<ReceivedSignature>& received,
                              const ledger::PublicationData& newest,
                              const ledger::PublicationsFile& file) {
  std::map<std::uint64_t, ledger::CalendarHashChain> chains;
  for (const ReceivedSignature& one : received) {
    PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Signature signature,
                                ParseAndVerify(one.signature, one.hash, 0, file));
    const std::uint64_t t = signature.signing_time();
    ASSERT_LE(t, newest.time) << "a signature of a second that the calendar does not have";
    auto chain = chains.find(t);
    if (chain == chains.end()) {
      PITSER_ASSERT_OK_AND_ASSIGN(ledger::CalendarHashChain got, ChainTo(caller, t, newest.time));
      PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Imprint root, RootOf(got));
      ASSERT_EQ(root, newest.hash);
      const auto leaf = leaves_.emplace(t, got.input_hash).first;
      ASSERT_EQ(leaf->second, got.input_hash) << "leaf " << t << " has changed";
      chain = chains.emplace(t, std::move(got)).first;
    }
    // Compares the input hash and the right links: it is the same leaf, under the same past.
    PITSER_ASSERT_OK(ledger::ExtendSignature(signature, chain->second, nullptr));
  }
}

void Auditor::CheckAfterRestart(const Caller& caller,
                                const std::vector<ReceivedSignature>& received) {
  const auto head = caller.Head();
  if (!head.ok()) {  // Nothing was closed yet, so nothing may have been given out.
    ASSERT_THAT(head, StatusIs(absl::StatusCode::kOutOfRange));
    ASSERT_TRUE(received.empty() && roots_.empty());
    return;
  }
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Imprint root,
                              ledger::Imprint::Parse(ledger::AsBytes(head->root())));
  const std::uint64_t seen_head = roots_.empty() ? 0 : roots_.rbegin()->first;
  ASSERT_GE(head->time(), seen_head) << "the head went back";
  const auto seen = roots_.emplace(head->time(), root).first;
  ASSERT_EQ(seen->second, root);
  PITSER_ASSERT_OK_AND_ASSIGN(const ledger::PublicationsFile file, caller.PublicationsFile());
  CheckSignatures(caller, received, {head->time(), root}, file);
  all_.insert(all_.end(), received.begin(), received.end());
}

void Auditor::CheckAll(const Caller& caller, const ledger::PublicationsFile& file) {
  const ledger::PublicationRecord* publication = file.LatestPublication();
  ASSERT_NE(publication, nullptr);
  CheckSignatures(caller, all_, publication->data, file);
  std::map<std::uint64_t, ledger::CalendarHashChain> chains;
  for (const auto& [t, leaf] : leaves_) {
    PITSER_ASSERT_OK_AND_ASSIGN(ledger::CalendarHashChain chain,
                                ChainTo(caller, t, publication->data.time));
    chains.emplace(t, std::move(chain));
  }
  for (const ReceivedSignature& one : all_) {
    PITSER_ASSERT_OK_AND_ASSIGN(
        const ledger::Signature signature,
        ledger::Signature::Parse(ledger::ToVector(ledger::AsBytes(one.signature))));
    PITSER_ASSERT_OK(CheckByPublication(signature, chains.at(signature.signing_time()),
                                        *publication, file, one.hash));
  }
  for (const ledger::PublicationRecord& record : file.content().publications) {
    roots_.emplace(record.data.time, record.data.hash);
    ASSERT_EQ(roots_.at(record.data.time), record.data.hash) << "published " << record.data.time;
  }
  for (const auto& [time, root] : roots_) {
    PITSER_ASSERT_OK_AND_ASSIGN(const ledger::CalendarHashChain chain, ChainTo(caller, time, time));
    PITSER_ASSERT_OK_AND_ASSIGN(const ledger::Imprint now, RootOf(chain));
    ASSERT_EQ(now, root) << "the root of " << time << " has changed";
  }
}

void Auditor::CheckCalendarFolder(const std::string& path) {
  storage::CalendarOptions options;
  options.must_exist = true;
  PITSER_ASSERT_OK_AND_ASSIGN(const auto calendar,
                              storage::Calendar::Open(path, std::move(options)));
  for (const auto& [t, leaf] : leaves_) {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto stored, calendar->Leaf(t));
    ASSERT_EQ(stored, leaf) << "leaf " << t << " has changed";
  }
}

}  // namespace pitser::testing
