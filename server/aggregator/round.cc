#include "server/aggregator/round.h"

#include <iterator>
#include <utility>

namespace pitser::server {
namespace {

// std::merge() wants both in order, which they are not where the clock was set back by a little.
std::vector<Waiting> Merge(std::vector<Waiting> a, std::vector<Waiting> b) {
  std::vector<Waiting> both;
  both.reserve(a.size() + b.size());
  auto from_a = a.begin();
  auto from_b = b.begin();
  while (from_a != a.end() && from_b != b.end()) {
    both.push_back(std::move(from_b->since < from_a->since ? *from_b++ : *from_a++));
  }
  std::move(from_a, a.end(), std::back_inserter(both));
  std::move(from_b, b.end(), std::back_inserter(both));
  return both;
}

}  // namespace

Round JoinRounds(std::vector<Round> rounds) {
  if (rounds.empty()) return {};
  // Each with its neighbour, until one is left: a request is moved as often as halves are joined.
  for (std::size_t distance = 1; distance < rounds.size(); distance *= 2) {
    for (std::size_t i = 0; i + distance < rounds.size(); i += 2 * distance) {
      Round& into = rounds[i];
      Round& other = rounds[i + distance];
      into.t = std::max(into.t, other.t);
      into.waiting = Merge(std::move(into.waiting), std::move(other.waiting));
    }
  }
  return std::move(rounds.front());
}

}  // namespace pitser::server
