// A calendar at its real size: 10^9 seconds, with leaves spread over them, and a stretch where
// every second is filled. Measures what issue 2 sets goals for: opening, chains, bytes a leaf.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/numbered_imprint.h"
#include "ledger/base/check.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/calendar_chain.h"
#include "storage/calendar.h"

namespace pitser {
namespace {

using bench::NumberedImprint;
using ledger::Imprint;
using SteadyClock = std::chrono::steady_clock;
using Leaf = std::pair<std::uint64_t, Imprint>;

struct Settings {
  std::uint64_t seconds = 1'000'000'000;
  std::uint64_t leaves = 1'000'000;
  std::uint64_t dense_leaves = 1'000'000;
  int queries = 20'000;
  int appends = 2'000;
  std::uint64_t cache_bytes = std::uint64_t{64} << 20;  // As pitserd's.
  std::string folder;
  bool json = false;
};

template <typename T>
T Need(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "calendar_bench: %s\n", value.status().ToString().c_str());
    std::exit(70);
  }
  return *std::move(value);
}

double MillisecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

double Percentile(std::vector<double> values, double share) {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

std::uint64_t BytesOf(const std::string& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".sst") bytes += entry.file_size();
  }
  return bytes;
}

// `count` leaves, one in each of `count` equal stretches of `seconds`, at a random place in it.
class Spread {
 public:
  Spread(std::uint64_t first, std::uint64_t seconds, std::uint64_t count)
      : first_(first), step_(seconds / count), count_(count) {}

  std::optional<Leaf> Next() {
    if (at_ == count_) return std::nullopt;
    const std::uint64_t t = Second(at_++);
    return Leaf(t, NumberedImprint(t));
  }

  // The second of leaf i; the same whenever it is asked.
  std::uint64_t Second(std::uint64_t i) const {
    return first_ + i * step_ + (i * 0x9E3779B97F4A7C15ULL >> 20) % step_;
  }
  std::uint64_t count() const { return count_; }
  std::uint64_t last() const { return first_ + step_ * count_ - 1; }

 private:
  const std::uint64_t first_;
  const std::uint64_t step_;
  const std::uint64_t count_;
  std::uint64_t at_ = 0;
};

double ResidentMib() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

struct Load {
  double build_s;
  double bytes_per_leaf;
};

Load Build(const std::string& path, Spread leaves) {
  const auto start = SteadyClock::now();
  auto calendar = Need(storage::Calendar::Open(path, {}));
  const absl::Status status = calendar->BulkLoad([&] { return leaves.Next(); }, leaves.last());
  if (!status.ok()) Need(absl::StatusOr<int>(status));
  calendar.reset();
  return {MillisecondsSince(start) / 1000,
          static_cast<double>(BytesOf(path)) / static_cast<double>(leaves.count())};
}

struct Times {
  double p50_us;
  double p99_us;
  double per_second = 0;  // And core: of processor time.
};

double ProcessorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Chains from random leaves to what `until` gives. Three times as many warm the caches up, from
// other leaves than are measured; at the end those that were measured are folded and held against
// the root.
Times Chains(const storage::Calendar& calendar, const Spread& leaves, int queries,
             const std::function<std::uint64_t(std::uint64_t, std::mt19937_64&)>& until) {
  const auto ask = [&](unsigned seed, int count, const auto& take) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t t = leaves.Second(random() % leaves.count());
      const std::uint64_t p = until(t, random);
      const auto start = SteadyClock::now();
      const ledger::CalendarHashChain chain = Need(calendar.Chain(t, p));
      take(MillisecondsSince(start) * 1000, chain, p);
    }
  };
  ask(7, 3 * queries, [](double, const auto&, std::uint64_t) {});
  std::vector<double> times;
  times.reserve(static_cast<std::size_t>(queries));
  const double before = ProcessorSeconds();
  ask(8, queries, [&](double us, const auto&, std::uint64_t) { times.push_back(us); });
  const double processor = ProcessorSeconds() - before;
  ask(8, queries, [&](double, const auto& chain, std::uint64_t p) {
    PITSER_CHECK(Need(ledger::FoldCalendarLinks(chain.input_hash, chain.links)) ==
                 Need(calendar.Root(p)));
  });
  return {Percentile(times, 0.5), Percentile(times, 0.99), queries / processor};
}

Times Appends(storage::Calendar& calendar, int count) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t t = *calendar.head() + 1;
    const Imprint leaf = NumberedImprint(t);
    const auto start = SteadyClock::now();
    const absl::Status status = calendar.Apply(Need(calendar.Preview(t, leaf)));
    if (!status.ok()) Need(absl::StatusOr<int>(status));
    times.push_back(MillisecondsSince(start) * 1000);
  }
  return {Percentile(times, 0.5), Percentile(times, 0.99)};
}

nlohmann::ordered_json Measure(const Settings& settings, const std::string& folder) {
  nlohmann::ordered_json out;
  const Spread spread(0, settings.seconds, settings.leaves);
  out["schema"] = "pitser.calendar_bench/1";
  out["seconds"] = settings.seconds;
  out["leaves"] = settings.leaves;
  const Load sparse = Build(folder + "/spread", spread);
  out["build_s"] = sparse.build_s;
  out["bytes_per_leaf"] = sparse.bytes_per_leaf;

  storage::CalendarOptions options;
  options.cache_bytes = settings.cache_bytes;
  const auto start = SteadyClock::now();
  const auto calendar = Need(storage::Calendar::Open(folder + "/spread", options));
  out["open_ms"] = MillisecondsSince(start);

  const std::uint64_t head = spread.last();
  const Times to_head = Chains(*calendar, spread, settings.queries,
                               [&](std::uint64_t, std::mt19937_64&) { return head; });
  out["chain_to_head_p50_us"] = to_head.p50_us;
  out["chain_to_head_p99_us"] = to_head.p99_us;
  out["chains_to_head_per_second"] = to_head.per_second;
  const Times to_any = Chains(
      *calendar, spread, settings.queries,
      [&](std::uint64_t t, std::mt19937_64& random) { return t + random() % (head - t + 1); });
  out["chain_to_any_p50_us"] = to_any.p50_us;
  out["chain_to_any_p99_us"] = to_any.p99_us;
  out["chains_to_any_per_second"] = to_any.per_second;
  out["resident_mib"] = ResidentMib();

  const Times append = Appends(*calendar, settings.appends);
  out["append_p50_us"] = append.p50_us;
  out["append_p99_us"] = append.p99_us;

  const Spread dense_leaves(1'700'000'000, settings.dense_leaves, settings.dense_leaves);
  const Load dense = Build(folder + "/dense", dense_leaves);
  out["dense_leaves"] = settings.dense_leaves;
  out["dense_build_s"] = dense.build_s;
  out["dense_bytes_per_leaf"] = dense.bytes_per_leaf;
  const auto filled = Need(storage::Calendar::Open(folder + "/dense", {}));
  const Times in_dense = Chains(*filled, dense_leaves, settings.queries,
                                [&](std::uint64_t t, std::mt19937_64& random) {
                                  return t + random() % (dense_leaves.last() - t + 1);
                                });
  out["dense_chain_p50_us"] = in_dense.p50_us;
  out["dense_chain_p99_us"] = in_dense.p99_us;
  return out;
}

int Run(const Settings& settings) {
  std::string folder = (std::filesystem::path(settings.folder) / "calendar-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    std::fprintf(stderr, "calendar_bench: cannot make a folder in %s\n", settings.folder.c_str());
    return 7;
  }
  const nlohmann::ordered_json result = Measure(settings, folder);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (settings.json) {
    std::printf("%s\n", result.dump().c_str());
    return 0;
  }
  for (const auto& [name, value] : result.items()) {
    if (name == "schema") continue;
    std::printf("%-22s %s\n", name.c_str(), value.dump().c_str());
  }
  return 0;
}

}  // namespace
}  // namespace pitser

int main(int argc, char** argv) {
  pitser::Settings settings;
  settings.folder = std::filesystem::temp_directory_path().string();
  CLI::App app(
      "Builds a calendar of many seconds with leaves spread over it and measures building, "
      "opening, chains, synced appends and bytes a leaf; and the same where every second is "
      "filled. Goals: opening under 1 s, chains under 200 us (median, warm), under 100 bytes a "
      "leaf where every second is filled.");
  app.add_option("--leaves", settings.leaves, "Leaves spread over the seconds")
      ->check(CLI::Range(std::uint64_t{1'000}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  app.add_option("--seconds", settings.seconds, "Seconds of the calendar")
      ->check(CLI::Range(std::uint64_t{1'000}, std::uint64_t{1'000'000'000'000}))
      ->capture_default_str();
  app.add_option("--dense-leaves", settings.dense_leaves, "Leaves where every second is filled")
      ->check(CLI::Range(std::uint64_t{1'000}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  app.add_option("--queries", settings.queries, "Chains of each kind that are timed")
      ->check(CLI::Range(10, 100'000'000))
      ->capture_default_str();
  app.add_option("--appends", settings.appends, "Synced appends that are timed")
      ->check(CLI::Range(10, 100'000'000))
      ->capture_default_str();
  app.add_option("--cache-bytes", settings.cache_bytes,
                 "Memory for what is read of the spread calendar")
      ->check(CLI::Range(std::uint64_t{1} << 20, std::uint64_t{1} << 40))
      ->capture_default_str();
  app.add_option("--folder", settings.folder, "Where the calendars are made, and removed again")
      ->capture_default_str();
  app.add_flag("--json", settings.json, "One JSON object instead of lines");
  CLI11_PARSE(app, argc, argv);
  if (settings.leaves > settings.seconds) {
    std::fprintf(stderr, "calendar_bench: more leaves than seconds\n");
    return 2;
  }
  return pitser::Run(settings);
}
