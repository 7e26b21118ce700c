#include "server/gateway/refusal_log.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"

namespace pitser::server {
namespace {

using base::MutexLock;

constexpr std::size_t kMaxReasons = 64;
constexpr std::int64_t kTellEvery = 60;

using Counts = std::map<std::pair<std::string, std::string>, std::uint64_t>;

struct Tally {
  base::Mutex mu;  // Leaf lock.
  Counts counts PITSER_GUARDED_BY(mu);
  std::optional<std::int64_t> told PITSER_GUARDED_BY(mu);
};

Tally& GetTally() {
  static auto* const tally = new Tally;
  return *tally;
}

// What is to be told now.
Counts TakeDue(std::int64_t now) {
  Tally& tally = GetTally();
  MutexLock lock(tally.mu);
  if (tally.counts.empty() || (tally.told && now - *tally.told < kTellEvery)) return {};
  tally.told = now;
  return std::exchange(tally.counts, {});
}

}  // namespace

void CountRefusal(std::string_view face, std::string_view reason) {
  Tally& tally = GetTally();
  MutexLock lock(tally.mu);
  if (tally.counts.size() >= kMaxReasons) reason = "others";
  ++tally.counts[{std::string(face), std::string(reason)}];
}

void TellRefusals(std::int64_t now) {
  for (const auto& [key, count] : TakeDue(now)) {
    base::LogWarning("refused", {{"face", key.first}, {"reason", key.second}, {"count", count}});
  }
}

}  // namespace pitser::server
