#include "server/publisher/schedule.h"

#include <sys/stat.h>

#include "absl/strings/str_format.h"
#include "server/publisher/publisher.h"

namespace pitser::server {
namespace {

std::uint64_t SecondsOf(absl::Duration every) {
  return static_cast<std::uint64_t>(absl::ToInt64Seconds(every));
}

}  // namespace

std::uint64_t NextDue(const ledger::PublicationsFile& file, absl::Duration every) {
  const ledger::PublicationRecord* newest = file.LatestPublication();
  const std::uint64_t basis = newest != nullptr ? newest->data.time : file.content().creation_time;
  return (basis / SecondsOf(every) + 1) * SecondsOf(every);
}

std::uint64_t PublicationsThatFit(std::size_t file_size) {
  constexpr std::size_t kEach = 48;  // From 2106 on; until then a byte less.
  constexpr std::size_t kKeptBack = std::size_t{1} << 20;
  const std::size_t taken = file_size + kKeptBack;
  if (taken >= ledger::kMaxPublicationsFileSize) return 0;
  return (ledger::kMaxPublicationsFileSize - taken) / kEach;
}

std::uint64_t FullAt(std::size_t file_size, absl::Duration every, std::uint64_t now) {
  return now + PublicationsThatFit(file_size) * SecondsOf(every);
}

std::string DayOf(std::uint64_t time) {
  return absl::FormatTime("%Y-%m-%d", absl::FromUnixSeconds(static_cast<std::int64_t>(time)),
                          absl::UTCTimeZone());
}

absl::Status CheckSchedule(const std::string& data_dir, absl::Duration every, std::uint64_t now) {
  struct stat file = {};
  const bool exists = stat(PublicationsPath(data_dir).c_str(), &file) == 0;
  const std::uint64_t full_at =
      FullAt(exists ? static_cast<std::size_t>(file.st_size) : 0, every, now);
  if (full_at - now >= kShortestSchedule) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "publish_every: with a publication every %s the publications file is full on %s, and nothing "
      "can be published after that: give a longer time, 24h for instance, or test_schedule where "
      "the ledger is a test",
      absl::FormatDuration(every), DayOf(full_at)));
}

}  // namespace pitser::server
