#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "client/leaf_run.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/publication.h"

namespace pitser::client {

// More publications than these (1,000 years of daily ones) are not listed by any honest server.
inline constexpr std::size_t kMaxPublications = 400'000;

struct PublicationQuery {
  // Publication times, both included. Absent: the first, the last that there is.
  std::optional<std::uint64_t> first_time, last_time;
  std::uint32_t limit = 0;  // 0: all.
  bool newest_first = false;
};

// The calendar and the publications of a ledger, for those who look and audit. Everything it hands
// out is well-formed; whether it is true is for the caller to recompute.
//
// Errors, of every call: as those of Client.   Prints nothing.   Thread: any number at once.
class CalendarClient {
 public:
  // Errors: kInvalidArgument when the options contradict each other. Nothing is connected yet.
  static absl::StatusOr<std::unique_ptr<CalendarClient>> Create(ClientOptions options);

  ~CalendarClient();
  CalendarClient(const CalendarClient&) = delete;
  CalendarClient& operator=(const CalendarClient&) = delete;

  // The newest closed second and its calendar root.
  // Errors: kOutOfRange while no second was ever closed.
  absl::StatusOr<ledger::PublicationData> GetCalendarHead();

  // The leaves from first_time to last_time, both included. Memory does not depend on how many
  // there are. A stream that breaks is gone on with from the second after the last that came; the
  // timeout of the options is for each part that brings anything.
  // Errors: kOutOfRange when last_time is after the head, once all up to the head was visited;
  // kInvalidArgument when it is before first_time; the visitor's.
  absl::Status StreamCalendarLeaves(std::uint64_t first_time, std::uint64_t last_time,
                                    const LeafVisitor& visit);

  // Publications in the order asked for; each has the code of its time and hash.
  // Shape: at most kMaxPublications.
  absl::StatusOr<std::vector<ledger::PublicationRecord>> ListPublications(
      const PublicationQuery& query);

  // What the extender answers, as it comes: a well-formed chain that was not held against the
  // question. ledger::Verify() does that, as its ledger::ExtendFunction, and says what is wrong.
  // Without a publication time: to the newest closed second.
  absl::StatusOr<ledger::CalendarHashChain> Extend(std::uint64_t aggregation_time,
                                                   std::optional<std::uint64_t> publication_time);

  // The calendar hash chain from a second to a later one; it has the shape of these times.
  // Errors: kOutOfRange when the calendar has not come that far.
  absl::StatusOr<ledger::CalendarHashChain> GetCalendarHashChain(std::uint64_t aggregation_time,
                                                                 std::uint64_t publication_time);

 private:
  struct Stubs;

  CalendarClient(ClientOptions options, std::unique_ptr<Stubs> stubs);

  const ClientOptions options_;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace pitser::client
