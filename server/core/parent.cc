#include "server/core/parent.h"

#include "absl/strings/cord.h"

namespace pitser::server {
namespace {

constexpr char kFaultUrl[] = "pitser/parent-fault";
constexpr char kTimedOutText[] = "timed out";

}  // namespace

std::vector<absl::StatusOr<Seal>> Parent::CloseMany(std::uint64_t t,
                                                    std::span<const ledger::LeveledImprint> roots) {
  std::vector<absl::StatusOr<Seal>> seals;
  seals.reserve(roots.size());
  for (const ledger::LeveledImprint& root : roots) seals.push_back(Close(t, root));
  return seals;
}

absl::Status WithParentFault(absl::Status status, ParentFault fault) {
  if (!status.ok() && fault != ParentFault::kNone) {
    status.SetPayload(kFaultUrl,
                      absl::Cord(fault == ParentFault::kTimedOut ? kTimedOutText : "failed"));
  }
  return status;
}

ParentFault ParentFaultOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kFaultUrl);
  if (!payload) return ParentFault::kNone;
  return *payload == kTimedOutText ? ParentFault::kTimedOut : ParentFault::kFailed;
}

}  // namespace pitser::server
