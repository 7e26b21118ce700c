#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "client/cli/node_document.h"
#include "client/cli/text.h"
#include "client/cli/verify_explain.h"
#include "client/cli/verify_report.h"

// Many inputs: one line each, and what they came to.
namespace pitser::cli {
namespace {

using client::TrustBasis;
using ledger::Outcome;

constexpr int kWordWidth = 12;

// The word of a line, coloured after it was filled up: colour has no width.
std::string Filled(std::string_view word) { return absl::StrFormat("%-*s", kWordWidth, word); }

std::string Word(const VerifyReport& report, const Console& console) {
  const bool ok = report.verdict.result.outcome == Outcome::kOk;
  if (ok && !report.missing.empty()) return console.Doubtful(Filled("missing"));
  switch (report.verdict.result.outcome) {
    case Outcome::kOk:
      return console.Good(
          Filled(report.verdict.basis == TrustBasis::kNone ? "consistent" : "verified"));
    case Outcome::kInconclusive:
      return console.Doubtful(Filled("inconclusive"));
    case Outcome::kFailed:
      break;
  }
  return console.Bad(Filled("FAILED"));
}

// What a yes rests on, in few words.
std::string ShortBasis(const client::Verdict& verdict) {
  switch (verdict.basis) {
    case TrustBasis::kCalendar:
      return "by the extender's calendar";
    case TrustBasis::kKey:
      return "by the ledger's key";
    case TrustBasis::kPublicationsFile:
      return "by the publication of " + FormatTime(verdict.publication->data.time) +
             (verdict.from_past
                  ? ", " + WitnessText(verdict.from_past->witness, verdict.from_past->time)
                  : "");
    case TrustBasis::kUserPublication:
      return "by the publication that you gave";
    case TrustBasis::kNone:
      break;
  }
  return "in itself";
}

std::string ShortReason(const VerifyReport& report) {
  const ledger::VerificationResult& result = report.verdict.result;
  if (result.outcome == Outcome::kOk) {
    return report.missing.empty() ? ShortBasis(report.verdict) : MissingText(report);
  }
  std::string text = absl::StrFormat("%s %s", ledger::ErrorCodeName(result.code),
                                     ledger::ErrorCodeText(result.code));
  if (!result.cause.empty()) text += ": " + result.cause;
  return text;
}

// As whoever named it knows it.
std::string Subject(const VerifyReport& report) {
  if (!report.document.empty()) return report.document;
  if (!report.missing.empty()) return report.missing;
  if (report.document_hash) return report.document_hash->ToText();
  return report.signature_path;
}

std::string WordOfError(ExitCode code, const Console& console) {
  return code == ExitCode::kInconclusive ? console.Doubtful(Filled(InfoOf(code).result))
                                         : console.Bad(Filled(InfoOf(code).result));
}

// "2 FAILED", in the order from good to bad.
void AddCount(std::string& text, std::size_t count, std::string_view word) {
  if (count > 0) absl::StrAppendFormat(&text, "%s%d %s", text.empty() ? "" : ", ", count, word);
}

}  // namespace

std::string ReportLine(const VerifyReport& report, const Console& console) {
  std::string text =
      absl::StrFormat("%s %s  %s  %s", Word(report, console), Printable(Subject(report)),
                      FormatTime(report.signature.signing_time()), Printable(ShortReason(report)));
  if (!report.document_hash && report.missing.empty()) text += " (without its document)";
  if (report.document_is_node) text += " (itself a node of a hash tree)";
  if (report.explain) {
    text += "\n" + RulesText(report.verdict.result.verdicts);
    text.pop_back();  // Result() ends the last line.
  }
  return text;
}

std::string VerifyErrorLine(const VerifyTarget& target, const absl::Status& status,
                            const Console& console) {
  const std::string& subject = target.document.empty() ? target.signature : target.document;
  const std::string word = target.is_unsigned() ? console.Doubtful(Filled("unsigned"))
                                                : WordOfError(ExitCodeOf(status), console);
  return absl::StrFormat("%s %s  %s", word, Printable(subject),
                         Printable(ledger::ToStd(status.message())));
}

void VerifySummary::Add(const VerifyReport& report) {
  AddError(report.exit_code());
  const client::Verdict& verdict = report.verdict;
  const bool ok = verdict.result.outcome == Outcome::kOk;
  const bool missing = !report.missing.empty();
  if (ok && missing) ++missing_;
  if (ok && !missing && verdict.basis == TrustBasis::kNone) ++consistent_;
  if (!report.document_hash && !missing) ++without_document_;
  if (report.document_is_node) ++nodes_;
  if (verdict.result.suggestion && (!ok || verdict.basis != TrustBasis::kUserPublication)) {
    ++extendable_;
  }
}

std::size_t VerifySummary::total() const {
  std::size_t total = 0;
  for (const std::size_t of_code : by_code_) total += of_code;
  return total;
}

std::string VerifySummary::Counts() const {
  const auto count = [&](ExitCode code) { return by_code_[static_cast<std::size_t>(code)]; };
  const std::size_t known = count(ExitCode::kOk) + count(ExitCode::kFailed) +
                            count(ExitCode::kInconclusive) + count(ExitCode::kMalformed);
  std::string counts;
  AddCount(counts, count(ExitCode::kOk) - consistent_, "verified");
  AddCount(counts, consistent_, "consistent");
  AddCount(counts, missing_, "missing");
  AddCount(counts, unsigned_, "unsigned");
  AddCount(counts, count(ExitCode::kInconclusive) - missing_ - unsigned_, "inconclusive");
  AddCount(counts, count(ExitCode::kMalformed), "malformed");
  AddCount(counts, total() - known, "not read");
  AddCount(counts, count(ExitCode::kFailed), "FAILED");
  return counts;
}

std::string VerifySummary::Text(const Evidence& evidence, std::size_t without_signature) const {
  std::string text = absl::StrFormat("%d %s", total(), total() == 1 ? "input" : "inputs");
  if (const std::string counts = Counts(); !counts.empty()) text += ": " + counts;
  text += "\n";
  if (missing_ > 0) {
    text +=
        Line("note", absl::StrFormat("%d %s not there: whether a document is the one that was "
                                     "signed was not checked (--signatures-only asks no more)",
                                     missing_, missing_ == 1 ? "document is" : "documents are"));
  }
  if (without_signature > unsigned_) {
    text += Line("note", absl::StrFormat("%d %s no signature: --require-all names them and counts "
                                         "them as inconclusive",
                                         without_signature - unsigned_,
                                         without_signature - unsigned_ == 1 ? "document has"
                                                                            : "documents have"));
  }
  if (without_document_ > 0) {
    text += Line("note", absl::StrFormat("%d without a document: whether it is the one that was "
                                         "signed was not checked",
                                         without_document_));
  }
  if (nodes_ > 0) text += Line("note", absl::StrFormat("of %d: %s", nodes_, kNodeMessage));
  if (!evidence.publications_problem.empty()) {
    text += Line("note", Printable(evidence.publications_problem));
  }
  if (const std::string standing = evidence.StandingText(); !standing.empty()) {
    text += Line("note", "the publications file is believed: " + standing);
  }
  if (const std::string warning = evidence.FirstUseWarning(); !warning.empty()) {
    text += Line("note", Printable(warning));
  }
  if (extendable_ > 0) {
    text +=
        Line("for more", absl::StrFormat("a publication covers %d of them: `pitser extend` makes "
                                         "a signature independent of any key",
                                         extendable_));
  }
  text.pop_back();  // Result() ends the last line.
  return text;
}

}  // namespace pitser::cli
