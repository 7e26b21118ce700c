// The calendar on disk in its small form.
//   build/release/bin/pitser_microbench --benchmark_filter='Calendar'
// The calendar at its real size is build/release/bin/calendar_bench.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
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

// A calendar in a folder of its own, removed at the end.
class BenchCalendar {
 public:
  BenchCalendar() {
    std::string name = (std::filesystem::temp_directory_path() / "pitser-bench-XXXXXX").string();
    PITSER_CHECK(mkdtemp(name.data()) != nullptr);
    folder_ = name;
    auto opened = storage::Calendar::Open(folder_ + "/calendar", {});
    PITSER_CHECK(opened.ok());
    calendar_ = *std::move(opened);
  }
  ~BenchCalendar() {
    calendar_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  BenchCalendar(const BenchCalendar&) = delete;
  BenchCalendar& operator=(const BenchCalendar&) = delete;

  storage::Calendar& operator*() { return *calendar_; }
  storage::Calendar* operator->() { return calendar_.get(); }

 private:
  std::string folder_;
  std::unique_ptr<storage::Calendar> calendar_;
};

// Closing a second: preview and apply, with everything synced. Wall time is the disk's.
void BM_CalendarAppend(benchmark::State& state) {
  BenchCalendar calendar;
  std::uint64_t t = 1'700'000'000;
  for (auto _ : state) {
    const auto preview = calendar->Preview(t, NumberedImprint(t));
    PITSER_CHECK(preview.ok() && calendar->Apply(*preview).ok());
    ++t;
  }
  PITSER_CHECK(calendar->head() == t - 1);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_CalendarAppend)->UseRealTime()->Unit(benchmark::kMicrosecond);

// Chains between random seconds of a calendar of a hundred thousand, every second filled.
void BM_CalendarChain(benchmark::State& state) {
  constexpr std::uint64_t kFirst = 1'700'000'000;
  constexpr std::uint64_t kCount = 100'000;
  BenchCalendar calendar;
  std::uint64_t t = kFirst;
  const auto next = [&]() -> std::optional<std::pair<std::uint64_t, Imprint>> {
    if (t == kFirst + kCount) return std::nullopt;
    const std::uint64_t now = t++;
    return std::pair(now, NumberedImprint(now));
  };
  PITSER_CHECK(calendar->BulkLoad(next, kFirst + kCount - 1).ok());
  const Imprint root = *calendar->Root(kFirst + kCount - 1);
  std::mt19937_64 random(1);
  for (auto _ : state) {
    const std::uint64_t from = kFirst + random() % kCount;
    const auto chain = calendar->Chain(from, kFirst + kCount - 1);
    PITSER_CHECK(chain.ok());
    state.PauseTiming();
    PITSER_CHECK(*ledger::FoldCalendarLinks(chain->input_hash, chain->links) == root);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_CalendarChain)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace pitser
