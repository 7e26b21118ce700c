#include "client/cli/reader.h"

#include "absl/strings/str_format.h"
#include "client/clock_doubt.h"
#include "client/verification.h"
#include "ledger/base/status.h"
#include "ledger/tree/calendar_tree.h"

namespace pitser::cli {

absl::StatusOr<Reader> ConnectReader(const Settings& settings) {
  Reader reader;
  PITSER_ASSIGN_OR_RETURN(reader.service, ConnectOverGrpc(settings));
  PITSER_ASSIGN_OR_RETURN(ServerAddress address, ResolveServer(settings));
  client::ClientOptions client_options;
  client_options.timeout = address.timeout;
  client_options.channel = std::move(address.channel);
  auto calendar = client::CalendarClient::Create(std::move(client_options));
  if (!calendar.ok()) return WithExitCode(calendar.status(), ExitCode::kUsage);
  reader.calendar = *std::move(calendar);
  return reader;
}

absl::StatusOr<ledger::PublicationData> FetchHead(const Reader& reader) {
  auto head = reader.calendar->GetCalendarHead();
  if (head.ok()) return head;
  return reader.service.Explain(head.status());
}

absl::Status CheckHead(const Reader& reader, std::uint64_t head, std::uint64_t now) {
  const absl::Status checked = client::CheckCalendarHead(head, now);
  if (checked.ok()) return checked;
  return Error(ExitCode::kInconclusive,
               absl::StrFormat("%s: %s", reader.name(), ledger::ToStd(checked.message())),
               "--to TIME names the last second to be read");
}

absl::StatusOr<ledger::PublicationsFile> FetchPublicationsFile(const Service& service,
                                                               const Evidence& evidence) {
  if (!evidence.trust || evidence.trust->anchors.empty()) {
    return Error(ExitCode::kInconclusive, "no trust material to check the publications file with",
                 "name it by --trust DIR, or fetch it with `pitser trust fetch`");
  }
  auto fresh = service.ledger->GetPublicationsFile();
  if (!fresh.ok()) return service.Explain(fresh.status());
  const absl::Status trusted =
      client::CheckPublicationsFile(*fresh, *evidence.trust, evidence.at_time).status();
  if (!trusted.ok()) return NotBelieved(trusted, "the publications file of " + service.name);
  if (const ledger::PublicationsFile* known = evidence.Publications(); known != nullptr) {
    const absl::Status continues = client::CheckContinues(*known, *fresh);
    if (!continues.ok()) return WithExitCode(continues, ExitCode::kFailed);
  }
  return fresh;
}

absl::StatusOr<std::uint64_t> ParseSecond(std::string_view flag, const std::string& text) {
  const auto second = ParseTime(text);
  if (!second.ok()) return InContext(second.status(), flag);
  if (*second <= ledger::kMaxCalendarTime) return second;
  return Error(ExitCode::kUsage,
               absl::StrFormat("%s: second %d lies beyond the calendar's end", flag, *second));
}

}  // namespace pitser::cli
