#include "client/audit_state.h"

#include "absl/strings/str_format.h"
#include "client/checked_text.h"
#include "ledger/base/status.h"

namespace pitser::client {
namespace {

constexpr std::string_view kKind = "pitser.audit-state/1";

}  // namespace

std::string WriteAuditState(const AuditState& state) {
  CheckedTextWriter writer(kKind);
  writer.Comment(
      "Where `pitser audit` stopped. Keep it: it holds the ledger to what it told then.");
  writer.Add("server", state.server);
  writer.Add("saved", state.saved_at);
  writer.Add("since", state.since);
  writer.Add("head", state.replay.next() - 1);
  for (const ledger::CalendarPeak& peak : state.replay.Peaks()) {
    writer.Add("peak", absl::StrFormat("%d %s", peak.level, peak.value.ToText()));
  }
  for (const ledger::PublicationData& publication : state.publications) {
    writer.Add("publication",
               absl::StrFormat("%d %s", publication.time, publication.hash.ToText()));
  }
  return std::move(writer).Finish();
}

absl::StatusOr<AuditState> ParseAuditState(std::string_view text) {
  PITSER_ASSIGN_OR_RETURN(CheckedTextReader reader, CheckedTextReader::Open(kKind, text));
  AuditState state;
  PITSER_ASSIGN_OR_RETURN(state.server, reader.Text("server"));
  PITSER_ASSIGN_OR_RETURN(state.saved_at, reader.Number("saved"));
  PITSER_ASSIGN_OR_RETURN(state.since, reader.Number("since"));
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t head, reader.Number("head"));
  std::vector<ledger::CalendarPeak> peaks;
  while (reader.NextIs("peak")) {
    PITSER_ASSIGN_OR_RETURN(const auto peak, reader.NumberAndHash("peak"));
    if (peak.first > ledger::kCalendarLevels) {
      return absl::InvalidArgumentError(
          absl::StrFormat("malformed pitser.audit-state: no peak has level %d", peak.first));
    }
    peaks.push_back({static_cast<unsigned>(peak.first), peak.second});
  }
  auto replay = ledger::CalendarReplay::Restore(head, std::move(peaks));
  if (!replay.ok()) return ledger::Annotate(replay.status(), "malformed pitser.audit-state");
  state.replay = *std::move(replay);
  while (reader.NextIs("publication")) {
    PITSER_ASSIGN_OR_RETURN(const auto publication, reader.NumberAndHash("publication"));
    if (!state.publications.empty() && state.publications.back().time >= publication.first) {
      return absl::InvalidArgumentError(
          "malformed pitser.audit-state: its publications do not ascend");
    }
    state.publications.push_back({.time = publication.first, .hash = publication.second});
  }
  PITSER_RETURN_IF_ERROR(reader.End());
  if (state.since > head) {
    return absl::InvalidArgumentError("malformed pitser.audit-state: it begins after its head");
  }
  return state;
}

}  // namespace pitser::client
