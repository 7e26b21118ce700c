#include "client/trust.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/file.h"
#include "client/trust_record.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "ledger/crypto/trust_code.h"

namespace pitser::client {
namespace {

using ledger::Bytes;
using ledger::Certificate;

constexpr std::size_t kMaxTextFileSize = 1 << 20;
constexpr Acceptance kAcceptances[] = {Acceptance::kByPath, Acceptance::kByFingerprint,
                                       Acceptance::kByPerson, Acceptance::kOnFirstUse};

std::string In(const std::string& folder, std::string_view file) {
  return (std::filesystem::path(folder) / file).string();
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector content, ReadFile(path, kMaxTextFileSize));
  return ledger::ToString(content);
}

// Calls `take` for each line that is neither empty nor a comment.
absl::Status ForEachLine(std::string_view text,
                         const std::function<absl::Status(std::string_view)>& take) {
  for (absl::string_view line : absl::StrSplit(ledger::ToAbsl(text), '\n')) {
    const absl::string_view content = absl::StripAsciiWhitespace(line);
    if (content.empty() || content[0] == '#') continue;
    PITSER_RETURN_IF_ERROR(take(ledger::ToStd(content)));
  }
  return absl::OkStatus();
}

std::string FingerprintList(std::span<const Certificate> anchors) {
  std::string list;
  for (const Certificate& anchor : anchors) {
    if (!list.empty()) list += ' ';
    list += ledger::ToHex(anchor.Fingerprint());
  }
  return list;
}

// The codes over each root and who may publish.
std::string CodeList(std::span<const Certificate> anchors,
                     std::span<const ledger::SubjectConstraint> constraints) {
  std::string list;
  for (const Certificate& anchor : anchors) {
    list += (list.empty() ? "" : " ") + ledger::TrustCode(anchor, constraints);
  }
  return list;
}

std::string AcceptedText(const TrustToStore& trust) {
  return absl::StrFormat(
      "# How the root certificate in this folder came to be trusted. Written by `pitser trust "
      "fetch`.\naccepted = %s\ntime = %d\nserver = %s\nroot = %s\ncode = %s\n",
      AcceptanceName(trust.acceptance), trust.accepted_at, trust.server,
      FingerprintList(trust.anchors), CodeList(trust.anchors, trust.constraints));
}

absl::StatusOr<std::map<std::string, std::string>> ParsePairs(std::string_view text) {
  std::map<std::string, std::string> pairs;
  PITSER_RETURN_IF_ERROR(ForEachLine(text, [&](std::string_view line) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(ledger::ToAbsl(line), absl::MaxSplits('=', 1));
    pairs[std::string(absl::StripAsciiWhitespace(pair.first))] =
        std::string(absl::StripAsciiWhitespace(pair.second));
    return absl::OkStatus();
  }));
  return pairs;
}

// Takes what the note says into `trust`.
absl::Status ApplyAccepted(const std::string& path, std::string_view text, Trust& trust) {
  PITSER_ASSIGN_OR_RETURN(auto pairs, ParsePairs(text));
  const auto* found = std::ranges::find(kAcceptances, pairs["accepted"], AcceptanceName);
  const std::string& time = pairs["time"];
  const auto [rest, error] =
      std::from_chars(time.data(), time.data() + time.size(), trust.accepted_at);
  if (found == std::end(kAcceptances) || error != std::errc() ||
      rest != time.data() + time.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("'%s' is malformed", path));
  }
  trust.acceptance = *found;
  trust.server = pairs["server"];
  if (pairs["root"] != FingerprintList(trust.anchors)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the root certificate beside '%s' is not the one that was accepted: somebody replaced it",
        path));
  }
  // Notes of before say nothing of who may publish.
  if (pairs.contains("code") && pairs["code"] != CodeList(trust.anchors, trust.constraints)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the constraint beside '%s' is not the one that was accepted: somebody replaced it", path));
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view AcceptanceName(Acceptance acceptance) {
  switch (acceptance) {
    case Acceptance::kByFingerprint:
      return "fingerprint";
    case Acceptance::kByPerson:
      return "person";
    case Acceptance::kOnFirstUse:
      return "first-use";
    case Acceptance::kBySystem:
      return "system";
    case Acceptance::kByPath:
      break;
  }
  return "path";
}

absl::StatusOr<Trust> LoadTrust(const std::string& folder) {
  Trust trust;
  const std::string root_path = In(folder, kRootFile);
  PITSER_ASSIGN_OR_RETURN(const std::string root, ReadText(root_path));
  auto anchors = Certificate::AllFromPem(root);
  if (!anchors.ok()) return ledger::Annotate(anchors.status(), root_path);
  trust.anchors = *std::move(anchors);

  const std::string constraint_path = In(folder, kConstraintFile);
  PITSER_ASSIGN_OR_RETURN(const std::string constraint, ReadText(constraint_path));
  auto constraints = ParseConstraints(constraint);
  if (!constraints.ok()) return ledger::Annotate(constraints.status(), constraint_path);
  trust.constraints = *std::move(constraints);

  const std::string publications_path = In(folder, kPublicationsFileName);
  if (FileExists(publications_path)) {
    PITSER_ASSIGN_OR_RETURN(ledger::ByteVector content,
                            ReadFile(publications_path, ledger::kMaxPublicationsFileSize));
    auto file = ledger::PublicationsFile::Parse(std::move(content));
    if (!file.ok()) return ledger::Annotate(file.status(), publications_path);
    trust.publications = *std::move(file);
    trust.publications_path = publications_path;
  }

  const std::string accepted_path = In(folder, kAcceptedFile);
  if (FileExists(accepted_path)) {
    PITSER_ASSIGN_OR_RETURN(const std::string accepted, ReadText(accepted_path));
    PITSER_RETURN_IF_ERROR(ApplyAccepted(accepted_path, accepted, trust));
  }
  trust.past = LoadRecord(folder, trust);
  return trust;
}

absl::Status StoreTrust(const std::string& folder, const TrustToStore& trust) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::ErrnoToStatus(error.value(), absl::StrFormat("cannot make '%s'", folder));
  }
  std::string roots;
  for (const Certificate& anchor : trust.anchors) roots += anchor.pem();
  std::string constraints;
  for (const ledger::SubjectConstraint& constraint : trust.constraints) {
    absl::StrAppendFormat(&constraints, "%s=%s\n", constraint.oid, constraint.value);
  }
  // The note goes first: if the power fails in between, the old root beside the new note is
  // noticed, and a new root is never taken for one that somebody named by path.
  const WriteOptions replace{.replace = true, .mode = 0644};
  PITSER_RETURN_IF_ERROR(
      WriteFile(In(folder, kAcceptedFile), ledger::AsBytes(AcceptedText(trust)), replace));
  PITSER_RETURN_IF_ERROR(WriteFile(In(folder, kRootFile), ledger::AsBytes(roots), replace));
  PITSER_RETURN_IF_ERROR(
      WriteFile(In(folder, kConstraintFile), ledger::AsBytes(constraints), replace));
  return StorePublicationsFile(folder, trust.publications);
}

absl::Status StorePublicationsFile(const std::string& folder, Bytes publications) {
  return WriteFile(In(folder, kPublicationsFileName), publications,
                   {.replace = true, .mode = 0644});
}

absl::StatusOr<std::vector<ledger::SubjectConstraint>> ParseConstraints(std::string_view text) {
  std::vector<ledger::SubjectConstraint> constraints;
  PITSER_RETURN_IF_ERROR(
      ForEachLine(ledger::WithoutByteOrderMark(text), [&](std::string_view line) -> absl::Status {
        auto constraint = ledger::ParseSubjectConstraint(line);
        if (!constraint.ok()) return constraint.status();
        constraints.push_back(*std::move(constraint));
        return absl::OkStatus();
      }));
  if (constraints.empty()) return absl::InvalidArgumentError("there is no constraint in it");
  return constraints;
}

std::string FingerprintText(const Certificate& certificate) {
  std::string text;
  for (std::uint8_t byte : certificate.Fingerprint()) {
    if (!text.empty()) text += ':';
    absl::StrAppendFormat(&text, "%02X", byte);
  }
  return text;
}

bool FingerprintIs(const Certificate& certificate, std::string_view text) {
  std::string hex;
  for (char c : text) {
    if (c != ':' && c != ' ') hex += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return hex == ledger::ToHex(certificate.Fingerprint());
}

}  // namespace pitser::client
