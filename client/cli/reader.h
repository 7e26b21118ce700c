#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "client/calendar_client.h"
#include "client/cli/commands.h"
#include "client/cli/evidence.h"
#include "client/cli/service.h"

namespace pitser::cli {

// A ledger as a command sees it that looks and audits.
struct Reader {
  Service service;
  std::unique_ptr<client::CalendarClient> calendar;

  const std::string& name() const { return service.name; }
};

// The server that the settings name. Nothing is sent yet.
// Errors: exit codes 2 and 7.
absl::StatusOr<Reader> ConnectReader(const Settings& settings);

// The newest closed second and its root.
// Errors: exit codes 3 while no second was ever closed, 4, 5 and 6.
absl::StatusOr<ledger::PublicationData> FetchHead(const Reader& reader);

// Holds the head against the clock before everything up to it is read: a server cannot have a
// command go on without end by naming a second of a far time.
// Errors: exit code 3.
absl::Status CheckHead(const Reader& reader, std::uint64_t head, std::uint64_t now);

// The server's publications file, verified with what `evidence` trusts and held against the file it
// has: publications are never taken back.
// Errors: exit codes 1 when it is not to be trusted or lacks a publication, 3 when only dates speak
// against it and without trust material, 4, 5 and 6.
absl::StatusOr<ledger::PublicationsFile> FetchPublicationsFile(const Service& service,
                                                               const Evidence& evidence);

// A second as a person or a program names it, which must lie in the calendar.
// Errors: exit code 2.
absl::StatusOr<std::uint64_t> ParseSecond(std::string_view flag, const std::string& text);

}  // namespace pitser::cli
