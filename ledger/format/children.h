#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/statusor.h"
#include "ledger/base/status.h"
#include "ledger/format/tlv.h"

// How the parsers of this folder keep the multiplicities of the spec's tables. Not for use outside.
namespace pitser::ledger::internal {

// Stores a child that may occur only once. `name` is its whole name, "calendar hash chain / input
// hash".
template <typename T, typename Value>
absl::Status SetOnce(std::optional<T>& slot, absl::StatusOr<Value> value, const Element& child,
                     std::string_view name) {
  if (!value.ok()) return value.status();
  if (slot.has_value()) return MalformedAt(child.offset, name, "occurs a second time");
  slot = *std::move(value);
  return absl::OkStatus();
}

// Notes a child that may occur only once.
inline absl::Status SeeOnce(bool& seen, const Element& child, std::string_view name) {
  if (seen) return MalformedAt(child.offset, name, "occurs a second time");
  seen = true;
  return absl::OkStatus();
}

// SetOnce() where `slot` has no way to say that it is empty.
template <typename T>
absl::Status SetOnce(T& slot, bool& seen, absl::StatusOr<T> value, const Element& child,
                     std::string_view name) {
  if (!value.ok()) return value.status();
  PITSER_RETURN_IF_ERROR(SeeOnce(seen, child, name));
  slot = *std::move(value);
  return absl::OkStatus();
}

// The same for a child of any bytes.
inline absl::Status SetBytesOnce(std::optional<Bytes>& slot, const Element& child,
                                 std::string_view name) {
  return SetOnce(slot, absl::StatusOr<Bytes>(child.value), child, name);
}

// Lets a container make an element where it is to stay: list.emplace_back(InPlace([&] { return
// Link{...}; })). One that is made elsewhere is copied before what was written to it in small
// pieces has settled, which took a third of the time that parsing took.
template <typename Make>
class InPlace {
 public:
  explicit InPlace(Make make) : make_(std::move(make)) {}
  operator std::invoke_result_t<const Make&>() const { return make_(); }  // NOLINT: to convert.

 private:
  Make make_;
};

// How many children there are of a type that is `wanted`, up to the first that is malformed: how
// much room is needed, so that nothing grows piece by piece and no more is taken than is there.
template <typename Wanted>
std::size_t CountChildren(const Element& parent, Wanted wanted) {
  std::size_t count = 0;
  TlvReader reader(parent);
  Element child;
  while (!reader.done() && reader.Next(child).ok()) {
    if (wanted(child.type)) ++count;
  }
  return count;
}

// What no signature needs and no reader takes, so that memory stays in proportion to the input: an
// empty chain index value of 2 bytes becomes one of 8, a chain of 40 bytes an object of 700. A tree
// has 256 levels, so the chains of a signature have at most 255 links together; they are as many as
// there are servers one above the other, some five.
inline constexpr std::size_t kMaxAggregationLinks = 255;
inline constexpr std::size_t kMaxAggregationChains = 64;  // And index values: one for each chain.

// Refuses a child of which there are `max` already.
inline absl::Status CheckRoom(std::size_t count, std::size_t max, const Element& child,
                              std::string_view name) {
  if (count < max) return absl::OkStatus();
  return MalformedAt(child.offset, name, "occurs too often");
}

// Refuses `parent` when a mandatory child did not occur.
inline absl::Status Require(bool present, const Element& parent, std::string_view name) {
  if (present) return absl::OkStatus();
  return MalformedAt(parent.offset, name, "is missing");
}

}  // namespace pitser::ledger::internal
