#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/format/publication.h"

namespace pitser::ledger {

// What a verification found out. Source: spec/ksi-signature.md 9.3.
enum class Outcome {
  kOk,            // Proven by the chosen policy.
  kInconclusive,  // Not enough data or trust; nothing wrong was found. Never means yes.
  kFailed,        // Proven wrong.
};

// Reason codes: stable, part of the interface; never reused, never silently removed.
// Source: spec 9.4.
enum class ErrorCode {
  kNone,
  kGen01,
  kGen02,
  kGen03,
  kGen04,
  kInt01,
  kInt02,
  kInt03,
  kInt04,
  kInt05,
  kInt06,
  kInt07,
  kInt08,
  kInt09,
  kInt10,
  kInt11,
  kInt12,
  kInt13,
  kInt14,
  kInt15,
  kInt16,
  kInt17,
  kPub01,
  kPub02,
  kPub03,
  kPub04,
  kPub05,
  kKey01,
  kKey02,
  kKey03,
  kCal01,
  kCal02,
  kCal03,
  kCal04,
};

// Every code but kNone, in the order of the spec.
std::span<const ErrorCode> AllErrorCodes();
// "GEN-01"; empty for kNone.
std::string_view ErrorCodeName(ErrorCode code);
// "Wrong document": compared literally by test runners of the field. Empty for kNone.
std::string_view ErrorCodeText(ErrorCode code);
// One sentence for people, without code words: what this reason means to whoever holds the
// document. Lower case, no final stop. Empty for kNone.
std::string_view ErrorCodeExplanation(ErrorCode code);
// What a rule with this code finds out when it does not pass: kInconclusive for GEN-02 (and the
// retired KEY-01), kFailed for the others, kOk for kNone.
Outcome OutcomeOf(ErrorCode code);

// "ok", "inconclusive", "failed".
std::string_view OutcomeName(Outcome outcome);

// One rule's verdict, for those who want to see each.
struct RuleVerdict {
  std::string_view rule;
  Outcome outcome;
  ErrorCode code;                // kNone when it passed.
  std::string_view policy = {};  // That it belongs to; "internal" for what they all begin with.
};

struct VerificationResult {
  Outcome outcome;
  ErrorCode code = ErrorCode::kNone;  // kNone exactly when the outcome is kOk.
  std::string_view policy = {};       // Name of the policy that decided.
  std::string_view rule = {};         // Name of the rule that decided; empty when kOk.
  // For kInconclusive: what was missing or went wrong, in words; may be empty.
  std::string cause = {};
  std::vector<RuleVerdict> verdicts = {};  // Every rule that ran, in order.
  // A publication of the publications file at or after the signing time, while the signature
  // carries none of the file's: extended to it, the signature would need no key. Only when not
  // kFailed.
  std::optional<PublicationData> suggestion = {};
};

}  // namespace pitser::ledger
