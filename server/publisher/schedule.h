#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "ledger/format/publications_file.h"

// When publications are due, and for how long their file has room. Units: Unix seconds.
namespace pitser::server {

// The boundary that comes next: the first multiple of `every` after the newest publication, or,
// where there is none, after the file was made.   Precondition: `every` is whole seconds.
std::uint64_t NextDue(const ledger::PublicationsFile& file, absl::Duration every);

// How many more publications a file that has `file_size` bytes takes before it is
// ledger::kMaxPublicationsFileSize: an empty one 1.37 million, one a day for 3,700 years. Something
// is kept back for certificates and the signature.
std::uint64_t PublicationsThatFit(std::size_t file_size);

// When the file has no room any more for publications that come `every` so often from `now` on.
// Nothing can be published then, so a schedule that leads there soon is a mistake.
std::uint64_t FullAt(std::size_t file_size, absl::Duration every, std::uint64_t now);

// What a schedule has to have room for.
inline constexpr std::uint64_t kShortestSchedule = std::uint64_t{366} * 86'400;

// The day of a second, in UTC: "2026-12-01".
std::string DayOf(std::uint64_t time);

// Whether the publications file in the data folder, or the one that would be made there, has room
// for a year of publications `every` so often. One that cannot be read is not judged here.
// Errors: kInvalidArgument, saying until when.
absl::Status CheckSchedule(const std::string& data_dir, absl::Duration every, std::uint64_t now);

}  // namespace pitser::server
