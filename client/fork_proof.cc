#include "client/fork_proof.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "client/checked_text.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"
#include "ledger/format/signature.h"

namespace pitser::client {
namespace {

using ledger::Bytes;
using ledger::CalendarHashChain;
using ledger::Imprint;

constexpr std::string_view kKind = "pitser.fork-proof/1";

absl::Status Malformed(const absl::Status& status) {
  return absl::InvalidArgumentError(
      absl::StrFormat("malformed pitser.fork-proof: %s", ledger::ToStd(status.message())));
}

// The one element that the bytes are.
absl::StatusOr<ledger::Element> OnlyElement(Bytes bytes, std::uint16_t tag) {
  ledger::TlvReader reader(bytes);
  PITSER_ASSIGN_OR_RETURN(const ledger::Element element, reader.Next());
  if (element.type != tag || !reader.done()) {
    return absl::InvalidArgumentError(absl::StrFormat("expected one 0x%x element", tag));
  }
  return element;
}

absl::StatusOr<ledger::CalendarAuthenticationRecord> ParseRecord(Bytes bytes) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Element element,
                          OnlyElement(bytes, ledger::kCalendarAuthenticationRecordTag));
  return ledger::ParseCalendarAuthenticationRecord(element);
}

absl::StatusOr<CalendarHashChain> ParseChain(Bytes bytes) {
  PITSER_ASSIGN_OR_RETURN(const ledger::Element element,
                          OnlyElement(bytes, ledger::kCalendarHashChainTag));
  return ledger::ParseCalendarHashChain(element);
}

// The root that a chain leads to.
std::string RootText(const CalendarHashChain& chain) {
  const auto root = ledger::FoldCalendarLinks(chain.input_hash, chain.links);
  return root.ok() ? root->ToText() : "unknown";
}

void WriteSide(CheckedTextWriter& writer, const ForkSide& side) {
  writer.Add("server", side.server);
  writer.Add("leaf", side.chain.input_hash.ToText());
  writer.Add("publication-time", side.chain.publication_time);
  writer.Add("root", RootText(side.chain));
  ledger::ByteVector chain;
  ledger::WriteCalendarHashChain(chain, side.chain);
  writer.Add("chain", ledger::ToHex(chain));
  if (!side.record.empty()) writer.Add("record", ledger::ToHex(side.record));
}

// `leaf`, `publication-time` and `root` are for people: what counts is in the chain, and must be
// the same.
absl::StatusOr<ForkSide> ReadSide(CheckedTextReader& reader) {
  PITSER_ASSIGN_OR_RETURN(std::string server, reader.Text("server"));
  PITSER_ASSIGN_OR_RETURN(const Imprint leaf, reader.Hash("leaf"));
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t time, reader.Number("publication-time"));
  PITSER_ASSIGN_OR_RETURN(const std::string root, reader.Text("root"));
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector bytes, reader.Hex("chain"));
  auto chain = ParseChain(bytes);
  if (!chain.ok()) return Malformed(chain.status());
  if (chain->input_hash != leaf || chain->publication_time != time || root != RootText(*chain)) {
    return Malformed(absl::InvalidArgumentError(
        absl::StrFormat("what it says of %s is not what its chain says", server)));
  }
  ledger::ByteVector record;
  if (reader.NextIs("record")) {
    PITSER_ASSIGN_OR_RETURN(record, reader.Hex("record"));
    const auto parsed = ParseRecord(record);
    if (!parsed.ok()) return Malformed(parsed.status());
  }
  return ForkSide{
      .server = std::move(server), .chain = *std::move(chain), .record = std::move(record)};
}

absl::Status NoProof(std::string_view what) {
  return absl::FailedPreconditionError(std::string(what));
}

absl::Status CheckSide(const ForkSide& side, std::uint64_t time) {
  const auto shape = ledger::CalendarTimeFromShape(side.chain.publication_time, side.chain.links);
  if (!shape.ok() || *shape != time || side.chain.AggregationTime() != time) {
    return NoProof(
        absl::StrFormat("the calendar hash chain of %s is not of second %d", side.server, time));
  }
  if (side.record.empty()) return absl::OkStatus();
  const auto record = ParseRecord(side.record);
  if (!record.ok()) return Malformed(record.status());
  PITSER_ASSIGN_OR_RETURN(const Imprint root,
                          ledger::FoldCalendarLinks(side.chain.input_hash, side.chain.links));
  if (record->data.time == side.chain.publication_time && record->data.hash == root) {
    return absl::OkStatus();
  }
  return NoProof(absl::StrFormat(
      "the calendar authentication record of %s is over another root than its chain leads to",
      side.server));
}

}  // namespace

std::string WriteForkProof(const ForkProof& proof) {
  CheckedTextWriter writer(kKind);
  writer.Comment("Two nodes tell different leaves for one second: a ledger has only one.");
  writer.Comment("Check it with `pitser audit --check-proof FILE`, or by hand:");
  writer.Comment("1. `chain` is a calendar hash chain (TLV element 0x802); its shape says `time`.");
  writer.Comment(
      "2. Folded from `leaf` upwards it gives `root`, which `record` (element 0x805) is");
  writer.Comment("   the ledger's key's signature of, if there is one.");
  writer.Comment("3. The two leaves differ.");
  writer.Add("time", proof.time);
  writer.Add("made", proof.made_at);
  for (const ForkSide& side : proof.sides) WriteSide(writer, side);
  return std::move(writer).Finish();
}

absl::StatusOr<ForkProof> ParseForkProof(std::string_view text) {
  PITSER_ASSIGN_OR_RETURN(CheckedTextReader reader, CheckedTextReader::Open(kKind, text));
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t time, reader.Number("time"));
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t made_at, reader.Number("made"));
  PITSER_ASSIGN_OR_RETURN(ForkSide first, ReadSide(reader));
  PITSER_ASSIGN_OR_RETURN(ForkSide second, ReadSide(reader));
  PITSER_RETURN_IF_ERROR(reader.End());
  return ForkProof{
      .time = time, .made_at = made_at, .sides = {std::move(first), std::move(second)}};
}

absl::Status CheckFork(const ForkProof& proof) {
  for (const ForkSide& side : proof.sides) PITSER_RETURN_IF_ERROR(CheckSide(side, proof.time));
  if (proof.sides[0].chain.input_hash == proof.sides[1].chain.input_hash) {
    return NoProof(absl::StrFormat("both nodes tell the same leaf for second %d", proof.time));
  }
  return absl::OkStatus();
}

Vouching CheckRecord(Bytes record, const ledger::PublicationsFile* publications) {
  if (record.empty() || publications == nullptr) return Vouching::kNoRecord;
  const auto parsed = ParseRecord(record);
  if (!parsed.ok()) return Vouching::kWrong;
  const ledger::CertificateRecord* listed = publications->FindCertificate(parsed->certificate_id);
  if (listed == nullptr) return Vouching::kUnknownKey;
  const auto certificate = ledger::Certificate::FromDer(listed->der);
  const bool signed_by_it =
      certificate.ok() && certificate->ValidAt(parsed->data.time) &&
      ledger::VerifyRsaSignature(*certificate, parsed->signature_type, parsed->signed_bytes,
                                 parsed->signature_value);
  return signed_by_it ? Vouching::kByKey : Vouching::kWrong;
}

}  // namespace pitser::client
