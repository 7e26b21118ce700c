#include <string>

#include "absl/strings/str_format.h"
#include "client/cli/commands.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/text.h"
#include "ledger/base/hex.h"
#include "ledger/format/aggregation_chain.h"

namespace pitser::cli {
namespace {

using ledger::AggregationHashChain;
using ledger::AggregationLink;
using ledger::LinkDirection;
using ledger::SiblingKind;

constexpr std::string_view kSchema = "pitser.inspect/1";

std::string_view DirectionName(LinkDirection direction) {
  return direction == LinkDirection::kLeft ? "left" : "right";
}

// An imprint given by its bytes as text; these were checked when the signature was parsed.
std::string ImprintText(ledger::Bytes bytes) {
  const auto imprint = ledger::Imprint::Parse(bytes);
  return imprint.ok() ? imprint->ToText() : ledger::ToHex(bytes);
}

// What a computed value is, or why it cannot be computed by this build.
template <typename T>
std::string ValueText(const absl::StatusOr<T>& value, std::string (*text)(const T&)) {
  return value.ok() ? text(*value) : "(" + std::string(value.status().message()) + ")";
}

std::string RootText(const ledger::LeveledImprint& root) {
  return absl::StrFormat("%s at level %d", root.imprint.ToText(), root.level);
}
std::string HashText(const ledger::Imprint& imprint) { return imprint.ToText(); }

absl::StatusOr<ledger::Imprint> CalendarRootOf(const ledger::CalendarHashChain& chain) {
  return ledger::FoldCalendarLinks(chain.input_hash, chain.links);
}

Json IndexJson(const ledger::ChainIndex& index) {
  Json list = Json::array();
  for (std::uint64_t value : index) list.push_back(value);
  return list;
}

Json LinkJson(const AggregationLink& link) {
  Json json;
  json["direction"] = DirectionName(link.direction);
  json["level_correction"] = link.level_correction;
  switch (link.kind) {
    case SiblingKind::kImprint:
      json["imprint"] = ImprintText(link.sibling);
      break;
    case SiblingKind::kLegacyId: {
      const auto text = ledger::ParseLegacyId(link.sibling);
      json["legacy_id"] = text.ok() ? std::string(*text) : ledger::ToHex(link.sibling);
      break;
    }
    case SiblingKind::kMetadata:
      json["metadata"] = ledger::ToHex(link.sibling);
      break;
  }
  return json;
}

Json ChainJson(const AggregationHashChain& chain) {
  Json json;
  json["aggregation_time"] = chain.aggregation_time;
  json["chain_index"] = IndexJson(chain.index);
  json["input_hash"] = chain.input_hash.ToText();
  json["algorithm"] = ledger::HashAlgorithmName(chain.algorithm);
  json["links"] = Json::array();
  for (const AggregationLink& link : chain.links) json["links"].push_back(LinkJson(link));
  return json;
}

Json CalendarJson(const ledger::CalendarHashChain& chain) {
  Json json;
  json["publication_time"] = chain.publication_time;
  json["aggregation_time"] = chain.AggregationTime();
  json["input_hash"] = chain.input_hash.ToText();
  const auto root = CalendarRootOf(chain);
  json["root"] = root.ok() ? Json(root->ToText()) : nullptr;
  json["links"] = Json::array();
  for (const ledger::CalendarLink& link : chain.links) {
    Json entry;
    entry["direction"] = DirectionName(link.direction);
    entry["imprint"] = link.sibling.ToText();
    json["links"].push_back(std::move(entry));
  }
  return json;
}

Json AuthenticationJson(const ledger::CalendarAuthenticationRecord& record) {
  Json json;
  json["publication_time"] = record.data.time;
  json["hash"] = record.data.hash.ToText();
  json["signature_type"] = record.signature_type;
  json["signature_value"] = ledger::ToHex(record.signature_value);
  json["certificate_id"] = ledger::ToHex(record.certificate_id);
  return json;
}

Json Rfc3161Json(const ledger::Rfc3161Record& record) {
  Json json;
  json["aggregation_time"] = record.aggregation_time;
  json["chain_index"] = IndexJson(record.index);
  json["input_hash"] = record.input_hash.ToText();
  json["tst_info_algorithm"] = ledger::HashAlgorithmName(record.tst_info_algorithm);
  json["signed_attributes_algorithm"] =
      ledger::HashAlgorithmName(record.signed_attributes_algorithm);
  return json;
}

std::string InspectJson(const std::string& path, const ledger::Signature& signature) {
  Json json = JsonHead(kSchema, ExitCode::kOk);
  json["signature"] = path;
  json["size_bytes"] = signature.bytes().size();
  json["signing_time"] = signature.signing_time();
  json["input_hash"] = signature.input_hash().ToText();
  json["identities"] = JsonIdentities(signature.Identities());
  json["rfc3161_record"] = nullptr;
  if (signature.rfc3161_record()) json["rfc3161_record"] = Rfc3161Json(*signature.rfc3161_record());
  json["aggregation_hash_chains"] = Json::array();
  for (const AggregationHashChain& chain : signature.aggregation_chains()) {
    json["aggregation_hash_chains"].push_back(ChainJson(chain));
  }
  const auto root = signature.AggregationRoot();
  json["aggregation_root"] = root.ok() ? Json(root->imprint.ToText()) : nullptr;
  json["calendar_hash_chain"] = nullptr;
  if (signature.calendar_chain()) {
    json["calendar_hash_chain"] = CalendarJson(*signature.calendar_chain());
  }
  json["publication_record"] = nullptr;
  if (signature.publication_record()) {
    json["publication_record"] = JsonPublication(*signature.publication_record());
  }
  json["calendar_authentication_record"] = nullptr;
  if (signature.authentication_record()) {
    json["calendar_authentication_record"] = AuthenticationJson(*signature.authentication_record());
  }
  return ToLine(json);
}

// --- The tree for people. ---

std::string LinkText(const AggregationLink& link) {
  std::string text = absl::StrFormat("│    %-5s ", DirectionName(link.direction));
  if (link.level_correction != 0)
    absl::StrAppendFormat(&text, "+%d levels ", link.level_correction);
  switch (link.kind) {
    case SiblingKind::kImprint:
      return text + ImprintText(link.sibling) + "\n";
    case SiblingKind::kLegacyId: {
      const auto id = ledger::ParseLegacyId(link.sibling);
      return text + "legacy id \"" + (id.ok() ? Printable(*id) : "") + "\"\n";
    }
    case SiblingKind::kMetadata:
      break;
  }
  return absl::StrFormat("%smetadata, %d bytes\n", text, link.sibling.size());
}

std::string IdentityText(const ledger::Identity& identity) {
  const ledger::Metadata& metadata = identity.metadata;
  std::string text = "\"" + Printable(metadata.client_id) + "\"";
  if (metadata.machine_id) text += ", machine \"" + Printable(*metadata.machine_id) + "\"";
  if (metadata.sequence_number)
    absl::StrAppendFormat(&text, ", number %d", *metadata.sequence_number);
  if (metadata.request_time_us) {
    absl::StrAppendFormat(&text, ", asked at %s and %06d microseconds",
                          FormatTime(*metadata.request_time_us / 1'000'000),
                          *metadata.request_time_us % 1'000'000);
  }
  return text;
}

std::string ChainText(const AggregationHashChain& chain) {
  std::string index;
  for (std::uint64_t value : chain.index) absl::StrAppendFormat(&index, " %x", value);
  std::string text = absl::StrFormat(
      "├─ aggregation hash chain\n│    of %s, index%s, algorithm %s\n│    input %s\n",
      FormatTime(chain.aggregation_time), index, ledger::HashAlgorithmName(chain.algorithm),
      chain.input_hash.ToText());
  for (const AggregationLink& link : chain.links) text += LinkText(link);
  return text;
}

std::string CalendarText(const ledger::CalendarHashChain& chain) {
  std::string text = absl::StrFormat("├─ calendar hash chain\n│    from %s to %s\n│    input %s\n",
                                     FormatTime(chain.AggregationTime()),
                                     FormatTime(chain.publication_time), chain.input_hash.ToText());
  for (const ledger::CalendarLink& link : chain.links) {
    absl::StrAppendFormat(&text, "│    %-5s %s\n", DirectionName(link.direction),
                          link.sibling.ToText());
  }
  return text + "│    root  " + ValueText(CalendarRootOf(chain), HashText) + "\n";
}

std::string EndText(const ledger::Signature& signature) {
  if (signature.publication_record()) {
    const ledger::PublicationRecord& record = *signature.publication_record();
    std::string text = absl::StrFormat(
        "└─ publication record of %s\n     root  %s\n     code  %s\n", FormatTime(record.data.time),
        record.data.hash.ToText(), ledger::EncodePublicationCode(record.data));
    for (const std::string& reference : record.references) {
      text += "     see   " + Printable(reference) + "\n";
    }
    return text;
  }
  if (signature.authentication_record()) {
    const ledger::CalendarAuthenticationRecord& record = *signature.authentication_record();
    return absl::StrFormat(
        "└─ calendar authentication record of %s\n     root  %s\n     key   certificate %s, "
        "signature of type %s and %d bytes\n",
        FormatTime(record.data.time), record.data.hash.ToText(),
        ledger::ToHex(record.certificate_id), record.signature_type, record.signature_value.size());
  }
  return "└─ neither publication record nor calendar authentication record\n";
}

std::string InspectText(const std::string& path, const ledger::Signature& signature) {
  std::string text = absl::StrFormat(
      "%s: keyless signature of %d bytes, not verified\n├─ signed %s\n├─ input  %s, level up to "
      "%d\n",
      Printable(path), signature.bytes().size(), FormatTime(signature.signing_time()),
      signature.input_hash().ToText(), signature.allowed_level());
  for (const ledger::Identity& identity : signature.Identities()) {
    text += "├─ through " + IdentityText(identity) + "\n";
  }
  if (signature.rfc3161_record()) {
    const ledger::Rfc3161Record& record = *signature.rfc3161_record();
    absl::StrAppendFormat(&text, "├─ RFC 3161 record of %s\n│    input %s\n",
                          FormatTime(record.aggregation_time), record.input_hash.ToText());
  }
  for (const AggregationHashChain& chain : signature.aggregation_chains()) text += ChainText(chain);
  text += "├─ aggregation root " + ValueText(signature.AggregationRoot(), RootText) + "\n";
  if (signature.calendar_chain()) text += CalendarText(*signature.calendar_chain());
  text += EndText(signature);
  text.pop_back();
  return text;
}

}  // namespace

ExitCode RunInspect(const InspectOptions& options, const Surroundings& around) {
  Console& console = around.console;
  ExitCode worst = ExitCode::kOk;
  for (const std::string& path : options.signatures) {
    const auto signature = ReadSignature(path);
    if (signature.ok()) {
      console.Result(console.json() ? InspectJson(path, *signature)
                                    : InspectText(path, *signature));
      continue;
    }
    if (console.json()) {
      console.Result(ToLine(JsonError(kSchema, "signature", path, signature.status())));
    }
    worst = Worse(worst, console.Fail(signature.status()));
  }
  return worst;
}

}  // namespace pitser::cli
