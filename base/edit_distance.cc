#include "base/edit_distance.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace pitser::base {
namespace {

constexpr std::size_t kMaxLength = 64;
constexpr std::size_t kMaxDistance = 2;

// Damerau and Levenshtein's distance, where a swapped pair is not edited again.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string_view NearestName(std::string_view name, std::span<const std::string_view> names) {
  std::string_view nearest;
  std::size_t least = kMaxDistance + 1;
  if (name.size() > kMaxLength) return nearest;
  for (const std::string_view candidate : names) {
    const std::size_t distance = Distance(name, candidate);
    if (distance == 0) return {};
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace pitser::base
