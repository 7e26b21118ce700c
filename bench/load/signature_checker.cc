#include "bench/load/signature_checker.h"

#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/status.h"
#include "ledger/format/signature.h"
#include "ledger/verify/verifier.h"

namespace pitser::bench {
namespace {

using ledger::Bytes;

absl::Status Wrong(const ledger::VerificationResult& result) {
  return absl::FailedPreconditionError(
      absl::StrCat(ledger::ToAbsl(ledger::ErrorCodeName(result.code)), " ",
                   ledger::ToAbsl(result.rule), " ", result.cause));
}

}  // namespace

void SignatureChecker::Counts::Add(const Counts& other) {
  right += other.right;
  wrong += other.wrong;
  in_full += other.in_full;
  tails += other.tails;
  complaints.insert(complaints.end(), other.complaints.begin(), other.complaints.end());
}

bool SignatureChecker::Check(std::uint64_t number, const ledger::Imprint& hash, const Tail& tail,
                             Bytes part) {
  if (last_round_ == nullptr || tail.bytes != last_tail_) {
    last_tail_ = tail.bytes;
    last_round_ = &rounds_[tail.bytes];
  }
  Round& round = *last_round_;
  const bool quickly = AcceptsPart(round, hash, tail, part);
  const bool sampled = IsSampled();
  absl::Status status;
  if (!quickly || sampled) {
    status = CheckInFull(hash, tail, part, round);
    if (!status.ok() && quickly) {
      status = ledger::Annotate(status, "the quick check said yes, which is our bug");
    }
  }
  if (status.ok()) {
    ++counts_.right;
    return true;
  }
  ++counts_.wrong;
  if (counts_.complaints.size() < options_.max_complaints) {
    counts_.complaints.push_back(absl::StrCat("request ", number, ": ", status.message()));
  }
  return false;
}

bool SignatureChecker::AcceptsPart(Round& round, const ledger::Imprint& hash, const Tail& tail,
                                   Bytes part) {
  if (round.shared == nullptr || tail.whole || tail.told_time != round.time) return false;
  const auto result = round.shared->VerifyPart(part, hash, 0);
  return result.has_value() && result->outcome == ledger::Outcome::kOk;
}

// The n-th sample is number n * (n + 1) / 2: how many signatures will come is not known.
bool SignatureChecker::IsSampled() {
  const std::uint64_t place = counts_.right + counts_.wrong;
  if (place != next_sample_ || sampled_ == options_.max_in_full) return false;
  ++sampled_;
  next_sample_ = place + sampled_;
  return true;
}

absl::Status SignatureChecker::CheckInFull(const ledger::Imprint& hash, const Tail& tail,
                                           Bytes part, Round& round) {
  ++counts_.in_full;
  ledger::ByteVector bytes;
  if (tail.whole) {
    bytes = ledger::ToVector(part);
  } else {
    const std::array<Bytes, 2> elements = {part, ledger::AsBytes(tail.bytes)};
    PITSER_ASSIGN_OR_RETURN(bytes, ledger::AssembleSignature(elements));
  }
  PITSER_ASSIGN_OR_RETURN(const ledger::Signature signature,
                          ledger::Signature::Parse(std::move(bytes)));
  const ledger::Policy policy =
      options_.publications == nullptr ? ledger::Policy::kInternal : ledger::Policy::kKeyBased;
  PITSER_ASSIGN_OR_RETURN(const ledger::VerificationResult result,
                          ledger::Verify(policy, {.signature = signature,
                                                  .document_hash = hash,
                                                  .publications_file = options_.publications}));
  if (result.outcome != ledger::Outcome::kOk) return Wrong(result);
  if (signature.signing_time() != tail.told_time) {
    return absl::FailedPreconditionError(absl::StrCat("it is of second ", signature.signing_time(),
                                                      ", the answer said ", tail.told_time));
  }
  if (round.shared == nullptr && !tail.whole) {
    round.shared =
        std::make_unique<ledger::SharedTail>(ledger::ToVector(ledger::AsBytes(tail.bytes)));
    round.time = tail.told_time;
    PITSER_RETURN_IF_ERROR(round.shared->Verify(part, hash, 0));  // That it knows the tail.
    ++counts_.tails;
  }
  return absl::OkStatus();
}

}  // namespace pitser::bench
