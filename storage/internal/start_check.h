#pragma once

#include <optional>

#include "absl/status/status.h"
#include "rocksdb/db.h"
#include "storage/internal/rocks.h"

namespace pitser::storage::internal {

// Checks the newest part of a calendar: that nothing is stored beyond the head, that the newest
// leaf is there, and that the stored nodes on the right edge and above the newest leaf are what
// their children make them.
// Errors: kDataLoss, naming the place.   Cost: O(log n), some 20 seeks and 300 hashes.
absl::Status CheckNewestPart(rocksdb::DB& db, const std::optional<HeadRecord>& head);

}  // namespace pitser::storage::internal
