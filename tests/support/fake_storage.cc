#include "tests/support/fake_storage.h"

#include "ledger/base/status.h"
#include "ledger/tree/calendar_tree.h"

namespace pitser::testing {

using base::MutexLock;
using ledger::CalendarHashChain;
using ledger::Imprint;

void FakeStorage::FailWrites(const absl::Status& status) {
  MutexLock lock(mu_);
  write_status_ = status;
}

void FakeStorage::OnApply(std::function<void()> hook) {
  MutexLock lock(mu_);
  on_apply_ = std::move(hook);
}

std::optional<std::uint64_t> FakeStorage::head() const {
  MutexLock lock(mu_);
  return nodes_.head();
}

absl::StatusOr<Imprint> FakeStorage::Node(unsigned level, std::uint64_t index) const {
  MutexLock lock(mu_);
  return nodes_.Node(level, index);
}

absl::StatusOr<storage::CalendarPreview> FakeStorage::Preview(std::uint64_t t,
                                                              const Imprint& leaf) const {
  MutexLock lock(mu_);
  PITSER_ASSIGN_OR_RETURN(std::vector<ledger::CalendarNode> nodes,
                          ledger::PlanAppend(nodes_, nodes_.head(), t, leaf));
  MemoryCalendar after = nodes_;
  PITSER_RETURN_IF_ERROR(after.Append(t, leaf));
  PITSER_ASSIGN_OR_RETURN(const Imprint root, ledger::CalendarRoot(after, t));
  PITSER_ASSIGN_OR_RETURN(CalendarHashChain chain, ledger::BuildCalendarChain(after, t, t));
  return storage::CalendarPreview{t, nodes_.head(), leaf, root, std::move(chain), std::move(nodes)};
}

absl::Status FakeStorage::Apply(const storage::CalendarPreview& preview) {
  std::function<void()> hook;
  {
    MutexLock lock(mu_);
    hook = on_apply_;
  }
  if (hook) hook();
  MutexLock lock(mu_);
  PITSER_RETURN_IF_ERROR(write_status_);
  if (nodes_.head() != preview.previous_head) {
    return absl::FailedPreconditionError("the preview is of an older head");
  }
  PITSER_RETURN_IF_ERROR(nodes_.Append(preview.t, preview.leaf));
  leaves_.emplace(preview.t, preview.leaf);
  return absl::OkStatus();
}

absl::Status FakeStorage::AdvanceHead(std::uint64_t t) {
  MutexLock lock(mu_);
  if (nodes_.head() && t <= *nodes_.head()) return absl::OkStatus();
  PITSER_RETURN_IF_ERROR(write_status_);
  return nodes_.Skip(t);
}

absl::Status FakeStorage::CheckClosed(std::uint64_t t) const {
  if (nodes_.head() && t <= *nodes_.head()) return absl::OkStatus();
  return absl::OutOfRangeError("beyond the head");
}

absl::StatusOr<std::optional<Imprint>> FakeStorage::Leaf(std::uint64_t t) const {
  MutexLock lock(mu_);
  PITSER_RETURN_IF_ERROR(CheckClosed(t));
  const auto found = leaves_.find(t);
  if (found == leaves_.end()) return std::optional<Imprint>();
  return std::optional<Imprint>(found->second);
}

absl::Status FakeStorage::VisitLeaves(
    std::uint64_t first, std::uint64_t last,
    const std::function<bool(std::uint64_t, const Imprint&)>& visit) const {
  std::map<std::uint64_t, Imprint> leaves;
  {
    MutexLock lock(mu_);
    leaves.insert(leaves_.lower_bound(first), leaves_.upper_bound(last));
  }
  for (const auto& [t, leaf] : leaves) {
    if (!visit(t, leaf)) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<Imprint> FakeStorage::Root(std::uint64_t publication_time) const {
  MutexLock lock(mu_);
  PITSER_RETURN_IF_ERROR(CheckClosed(publication_time));
  return ledger::CalendarRoot(nodes_, publication_time);
}

absl::StatusOr<CalendarHashChain> FakeStorage::Chain(std::uint64_t t,
                                                     std::uint64_t publication_time) const {
  MutexLock lock(mu_);
  PITSER_RETURN_IF_ERROR(CheckClosed(publication_time));
  return ledger::BuildCalendarChain(nodes_, t, publication_time);
}

absl::Status FakeStorage::BulkLoad(
    const std::function<std::optional<std::pair<std::uint64_t, Imprint>>()>& next,
    std::uint64_t head) {
  while (const auto leaf = next()) {
    PITSER_ASSIGN_OR_RETURN(const storage::CalendarPreview preview,
                            Preview(leaf->first, leaf->second));
    PITSER_RETURN_IF_ERROR(Apply(preview));
  }
  return AdvanceHead(head);
}

}  // namespace pitser::testing
