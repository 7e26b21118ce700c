#include "client/cli/extending.h"

#include "absl/strings/str_format.h"
#include "client/cli/exit_code.h"
#include "client/cli/settings.h"
#include "client/cli/text.h"
#include "client/verification.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using ledger::PublicationRecord;
using ledger::Signature;

constexpr std::size_t kMaxKnown = 1024;

}  // namespace

ExtendResult Extending::Extend(const NamedFile& file) {
  ExtendResult result{.input = file.path, .status = file.status};
  if (!result.status.ok()) return result;
  result.status = stop();
  result.left = !result.status.ok();
  if (result.left) return result;
  result.status = ExtendInto(result);
  if (ExitCodeOf(result.status) == ExitCode::kUnreachable) {
    const base::MutexLock lock(mu_);
    if (stop_.ok()) stop_ = result.status;
  }
  return result;
}

absl::Status Extending::stop() const {
  const base::MutexLock lock(mu_);
  return stop_;
}

absl::Status Extending::ExtendInto(ExtendResult& result) {
  PITSER_ASSIGN_OR_RETURN(const Signature signature, ReadSignature(result.input));
  result.signing_time = signature.signing_time();
  auto record = ChoosePublication(result.signing_time, result.waits);
  if (!record.ok()) return InContext(record.status(), Printable(result.input));
  result.record = *std::move(record);
  const auto& present = signature.publication_record();
  result.changed = !present || !(present->data == result.record->data);
  if (!result.changed) {
    result.bytes = ledger::ToVector(signature.bytes());
    return absl::OkStatus();
  }
  std::optional<Signature> extended = ByKnownChain(signature, *result.record);
  if (!extended) {
    auto asked = Ask(signature, *result.record);
    if (client::IsWrongAnswer(asked.status())) {
      return Error(ExitCode::kInconclusive,
                   absl::StrFormat("%s: %s contradicts the signature or the publication: %s",
                                   Printable(result.input), service_.name,
                                   Printable(ledger::ToStd(asked.status().message()))),
                   "try another extender; `pitser verify` says whether the signature is good");
    }
    if (!asked.ok()) return InContext(service_.Explain(asked.status()), Printable(result.input));
    extended = *std::move(asked);
  }
  result.bytes = ledger::ToVector(extended->bytes());
  return absl::OkStatus();
}

absl::StatusOr<PublicationRecord> Extending::ChoosePublication(std::uint64_t signing_time,
                                                               bool& waits) const {
  if (goal_.code) {
    if (goal_.code->time >= signing_time) {
      return PublicationRecord{.data = *goal_.code, .references = {}, .repository_uris = {}};
    }
    return Error(ExitCode::kInconclusive,
                 absl::StrFormat("it was signed at %s, after the publication of %s",
                                 FormatTime(signing_time), FormatTime(goal_.code->time)));
  }
  const PublicationRecord* record =
      publications_->NearestPublication(goal_.time.value_or(signing_time));
  if (goal_.time && (record == nullptr || record->data.time != *goal_.time)) {
    return Error(ExitCode::kInconclusive,
                 absl::StrFormat("there is no publication of %s", FormatTime(*goal_.time)));
  }
  waits = record == nullptr;
  if (waits) {
    return Error(ExitCode::kInconclusive,
                 absl::StrFormat("there is no publication yet at or after %s, when it was signed",
                                 FormatTime(signing_time)),
                 "try again after the next one; `pitserd publish` makes one at once");
  }
  if (record->data.time < signing_time) {
    return Error(
        ExitCode::kInconclusive,
        absl::StrFormat("it was signed at %s, after that publication", FormatTime(signing_time)));
  }
  return *record;
}

absl::StatusOr<Signature> Extending::Ask(const Signature& signature,
                                         const PublicationRecord& record) {
  PITSER_ASSIGN_OR_RETURN(Signature extended,
                          service_.ledger->Extend(signature, {.publication = record, .time = {}}));
  PITSER_ASSIGN_OR_RETURN(Signature kept, Signature::Parse(ledger::ToVector(extended.bytes())));
  const base::MutexLock lock(mu_);
  if (known_.size() >= kMaxKnown) known_.clear();
  known_.insert_or_assign({signature.signing_time(), record.data.time},
                          std::make_shared<const Signature>(std::move(kept)));
  return extended;
}

std::optional<Signature> Extending::ByKnownChain(const Signature& signature,
                                                 const PublicationRecord& record) {
  std::shared_ptr<const Signature> known;
  {
    const base::MutexLock lock(mu_);
    const auto found = known_.find({signature.signing_time(), record.data.time});
    if (found == known_.end()) return std::nullopt;
    known = found->second;
  }
  auto extended = ledger::ExtendSignature(signature, *known->calendar_chain(), &record);
  if (!extended.ok()) return std::nullopt;  // Of another ledger, say.
  const auto verdict =
      client::VerifySignature({.signature = *extended, .policy = ledger::Policy::kInternal});
  if (!verdict.ok() || verdict->result.outcome != ledger::Outcome::kOk) return std::nullopt;
  return *std::move(extended);
}

}  // namespace pitser::cli
