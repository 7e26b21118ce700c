#include "ledger/verify/result.h"

#include <array>
#include <cstddef>

#include "ledger/base/check.h"

namespace pitser::ledger {
namespace {

struct CodeEntry {
  ErrorCode code;
  std::string_view name;
  // Kept character for character, the spelling of INT-14 included. Source: spec 9.4.
  std::string_view text;
  std::string_view explanation;
};

// By the value of the code, from the first after kNone on.
constexpr CodeEntry kCodes[] = {
    {ErrorCode::kGen01, "GEN-01", "Wrong document", "the document is not the one that was signed"},
    {ErrorCode::kGen02, "GEN-02", "Verification inconclusive",
     "nothing wrong was found, but what is at hand is not enough to prove the signature"},
    {ErrorCode::kGen03, "GEN-03", "Input hash level too large",
     "the hash is given as a higher node of a hash tree than the signature was made for"},
    {ErrorCode::kGen04, "GEN-04", "Wrong input hash algorithm",
     "the document was hashed with another algorithm than the signature was made for"},
    {ErrorCode::kInt01, "INT-01", "Inconsistent aggregation hash chains",
     "the parts of the signature that lead from the document to its second do not fit together"},
    {ErrorCode::kInt02, "INT-02", "Inconsistent aggregation hash chain aggregation times",
     "the parts of the signature disagree about the time of signing"},
    {ErrorCode::kInt03, "INT-03", "Calendar hash chain input hash mismatch",
     "the document's hash does not lead to the second of the calendar that the signature names"},
    {ErrorCode::kInt04, "INT-04", "Calendar hash chain aggregation time mismatch",
     "the calendar part of the signature tells another time of signing than the rest of it"},
    {ErrorCode::kInt05, "INT-05", "Calendar hash chain shape inconsistent with aggregation time",
     "the time of signing that is written down is not the one that the hash chain proves"},
    {ErrorCode::kInt06, "INT-06",
     "Calendar hash chain time inconsistent with calendar authentication record time",
     "the server's key vouches for another second than the one the signature leads to"},
    {ErrorCode::kInt07, "INT-07", "Calendar hash chain time inconsistent with publication time",
     "the publication inside the signature is of another second than the one it leads to"},
    {ErrorCode::kInt08, "INT-08",
     "Calendar hash chain root hash is inconsistent with calendar authentication record input hash",
     "the server's key vouches for another state of the calendar than the signature leads to"},
    {ErrorCode::kInt09, "INT-09",
     "Calendar hash chain root hash is inconsistent with published hash value",
     "the signature does not lead to the publication that it carries"},
    {ErrorCode::kInt10, "INT-10", "Aggregation hash chain chain index mismatch",
     "the place in the hash tree that is written down is not the one that the hash chain proves"},
    {ErrorCode::kInt11, "INT-11",
     "The metadata record in the aggregation hash chain may not be trusted",
     "the account named in the signature could be a disguised hash value, so it proves nothing"},
    {ErrorCode::kInt12, "INT-12", "Inconsistent chain indexes",
     "the parts of the signature disagree about the place in the hash tree"},
    {ErrorCode::kInt13, "INT-13", "Document hash algorithm deprecated at the time of signing",
     "the document was hashed with an algorithm that was already too weak when it was signed"},
    {ErrorCode::kInt14, "INT-14",
     "RFC3161 compatibility record composed of hash algorithms that where deprecated at the time "
     "of signing",
     "the converted time stamp inside uses a hash algorithm that was already too weak when it was "
     "signed"},
    {ErrorCode::kInt15, "INT-15",
     "Aggregation hash chain uses hash algorithm that was deprecated at the time of signing",
     "the signature was built with a hash algorithm that was already too weak at that time"},
    {ErrorCode::kInt16, "INT-16",
     "Calendar hash chain hash algorithm was obsolete at publication time",
     "the calendar part was built with a hash algorithm that was already broken at that time"},
    {ErrorCode::kInt17, "INT-17",
     "The RFC3161 compatibility record output hash algorithm was deprecated at the time of signing",
     "the converted time stamp is bound to the signature by a hash algorithm that was already too "
     "weak when it was signed"},
    {ErrorCode::kPub01, "PUB-01", "Extender response calendar root hash mismatch",
     "the calendar that the extender showed does not lead to the publication"},
    {ErrorCode::kPub02, "PUB-02", "Extender response inconsistent",
     "the extender answered for other times than it was asked for"},
    {ErrorCode::kPub03, "PUB-03", "Extender response input hash mismatch",
     "the published calendar holds something else at the second of this signature"},
    {ErrorCode::kPub04, "PUB-04",
     "Publication record hash and user provided publication hash mismatch",
     "the publication inside the signature is not the one that was given for this time"},
    {ErrorCode::kPub05, "PUB-05",
     "Publication record hash and publications file publication hash mismatch",
     "the publication inside the signature is not the one that the publications file has for this "
     "time"},
    {ErrorCode::kKey01, "KEY-01", "Certificate not found",
     "the key that signed the calendar is not in the publications file"},
    {ErrorCode::kKey02, "KEY-02", "PKI signature not verified with certificate",
     "the server's key did not sign this state of the calendar"},
    {ErrorCode::kKey03, "KEY-03", "Signing certificate not valid at aggregation time",
     "the server's key was not valid at the time of signing"},
    {ErrorCode::kCal01, "CAL-01",
     "Calendar root hash mismatch between signature and calendar database chain",
     "the calendar says that this signature's publication never was its state"},
    {ErrorCode::kCal02, "CAL-02",
     "Aggregation hash chain root hash and calendar database hash chain input hash mismatch",
     "the calendar holds something else at the second of this signature"},
    {ErrorCode::kCal03, "CAL-03", "Aggregation time mismatch",
     "the calendar answered for another second than that of the signature"},
    {ErrorCode::kCal04, "CAL-04", "Calendar hash chain right links are inconsistent",
     "the calendar's past is not the one that this signature was made in"},
};

constexpr bool EntriesStandAtTheirCode() {
  std::size_t value = 1;
  for (const CodeEntry& entry : kCodes) {
    if (static_cast<std::size_t>(entry.code) != value++) return false;
  }
  return true;
}
static_assert(EntriesStandAtTheirCode());

constexpr auto kAllCodes = [] {
  std::array<ErrorCode, std::size(kCodes)> codes{};
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = kCodes[i].code;
  return codes;
}();

const CodeEntry& EntryOf(ErrorCode code) {
  const auto index = static_cast<std::size_t>(code) - 1;
  PITSER_CHECK(index < std::size(kCodes));
  return kCodes[index];
}

}  // namespace

std::span<const ErrorCode> AllErrorCodes() { return kAllCodes; }

std::string_view ErrorCodeName(ErrorCode code) {
  return code == ErrorCode::kNone ? std::string_view() : EntryOf(code).name;
}

std::string_view ErrorCodeText(ErrorCode code) {
  return code == ErrorCode::kNone ? std::string_view() : EntryOf(code).text;
}

std::string_view ErrorCodeExplanation(ErrorCode code) {
  return code == ErrorCode::kNone ? std::string_view() : EntryOf(code).explanation;
}

Outcome OutcomeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNone:
      return Outcome::kOk;
    case ErrorCode::kGen02:
    case ErrorCode::kKey01:
      return Outcome::kInconclusive;
    default:
      return Outcome::kFailed;
  }
}

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kInconclusive:
      return "inconclusive";
    case Outcome::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace pitser::ledger
