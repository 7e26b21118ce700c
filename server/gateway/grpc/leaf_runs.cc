#include "server/gateway/grpc/leaf_runs.h"

namespace pitser::server {
namespace {

// What a run takes beside its leaves: four tags, two times of at most 10 bytes, two lengths of at
// most 5.
constexpr std::size_t kRunBytes = 4 + 2 * 10 + 2 * 5;

}  // namespace

v1::CalendarRun& LeafRuns::NewRun(std::uint64_t seconds) {
  v1::CalendarRun& run = *message_.add_runs();
  run.set_first_time(next_);
  run.set_seconds(seconds);
  bytes_ += kRunBytes;
  next_ += seconds;
  return run;
}

bool LeafRuns::Add(std::uint64_t t, const ledger::Imprint& leaf) {
  const ledger::Bytes imprint = leaf.bytes();
  // Beside the leaf at most an empty run, one of its own and the last empty one.
  if (bytes_ + imprint.size() + 3 * kRunBytes > max_bytes_) return false;
  AddEmptyThrough(t - 1);
  if (leaves_ == nullptr) {
    leaves_ = &NewRun(1);
  } else {
    leaves_->set_seconds(leaves_->seconds() + 1);
    ++next_;
  }
  leaves_->mutable_leaves()->append(ledger::AsText(imprint));
  bytes_ += imprint.size();
  return true;
}

void LeafRuns::AddEmptyThrough(std::uint64_t last) {
  if (last + 1 <= next_) return;  // Also for the second before the first of all.
  NewRun(last + 1 - next_);
  leaves_ = nullptr;
}

}  // namespace pitser::server
