#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/crypto/hasher.h"
#include "ledger/tree/calendar_tree.h"

namespace pitser::testing {

// The SHA-256 imprint of be64(value): made-up data for leaves (spec/ksi-signature.md 12.3).
inline ledger::Imprint TestImprint(
    std::uint64_t value, ledger::HashAlgorithm algorithm = ledger::HashAlgorithm::kSha256) {
  ledger::ByteVector bytes;
  ledger::AppendBe64(bytes, value);
  return *ledger::Hash(algorithm, {bytes});
}

// A calendar in memory, driven by the plans of ledger/tree: holds exactly the nodes they name.
class MemoryCalendar : public ledger::NodeReader {
 public:
  absl::StatusOr<ledger::Imprint> Node(unsigned level, std::uint64_t index) const override {
    const auto found = nodes_.find({level, index});
    return found == nodes_.end() ? ledger::EmptyNode(level) : found->second;
  }

  absl::Status Append(std::uint64_t t, const ledger::Imprint& leaf) {
    return Take(ledger::PlanAppend(*this, head_, t, leaf), t);
  }
  absl::Status Skip(std::uint64_t new_head) {
    return Take(ledger::PlanSkip(*this, head_, new_head), new_head);
  }

  std::optional<std::uint64_t> head() const { return head_; }
  std::size_t size() const { return nodes_.size(); }

 private:
  absl::Status Take(const absl::StatusOr<std::vector<ledger::CalendarNode>>& plan,
                    std::uint64_t head) {
    if (!plan.ok()) return plan.status();
    for (const ledger::CalendarNode& node : *plan) {
      // Written once: what a node is, it stays.
      if (!nodes_.emplace(std::pair(node.level, node.index), node.value).second) {
        return absl::InternalError("a node was planned twice");
      }
    }
    head_ = head;
    return absl::OkStatus();
  }

  std::map<std::pair<unsigned, std::uint64_t>, ledger::Imprint> nodes_;
  std::optional<std::uint64_t> head_;
};

// The slow reference: the recursive definition of spec 5.3, word by word, over a list of leaves
// that are there; it knows neither nodes nor peaks nor gaps. Keep trees small, or sparse ones few.
class SlowCalendar {
 public:
  void Set(std::uint64_t t, const ledger::Imprint& leaf) { leaves_.insert_or_assign(t, leaf); }

  // The value of T(0, publication_time + 1).
  ledger::Imprint Root(std::uint64_t publication_time) const {
    return Tree(0, publication_time + 1);
  }

  // The value of T(first, count).
  ledger::Imprint Tree(std::uint64_t first, std::uint64_t count) const {
    if (count == 1) {
      const auto leaf = leaves_.find(first);
      return leaf == leaves_.end() ? ledger::Imprint::Zero(ledger::HashAlgorithm::kSha256)
                                   : leaf->second;
    }
    std::uint64_t split = 1;  // The largest power of two strictly less than `count`.
    while (split * 2 < count) split *= 2;
    const bool empty = leaves_.lower_bound(first) == leaves_.lower_bound(first + count);
    if (empty) {  // All empty trees of one size are equal; without this, 10^9 calls.
      const auto known = empty_.find(count);
      if (known != empty_.end()) return known->second;
    }
    const ledger::Imprint left = Tree(first, split);
    const ledger::Imprint right = Tree(first + split, count - split);
    const std::uint8_t last = 0xFF;
    ledger::Imprint value =
        *ledger::Hash(right.algorithm(), {left.bytes(), right.bytes(), ledger::Bytes(&last, 1)});
    if (empty) empty_.emplace(count, value);
    return value;
  }

 private:
  std::map<std::uint64_t, ledger::Imprint> leaves_;
  mutable std::map<std::uint64_t, ledger::Imprint> empty_;
};

}  // namespace pitser::testing
