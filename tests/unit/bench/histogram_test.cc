#include "bench/load/histogram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace pitser::bench {
namespace {

// The percentile by its definition.
std::int64_t SlowValueAt(std::vector<std::int64_t> values, double share) {
  std::ranges::sort(values);
  const auto wanted =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(wanted, 1) - 1];
}

TEST(Histogram, IsZeroWhenEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max(), 0);
  EXPECT_EQ(histogram.Mean(), 0);
  EXPECT_EQ(histogram.ValueAt(0.99), 0);
}

TEST(Histogram, KeepsSmallValuesExactly) {
  Histogram histogram;
  for (std::int64_t value = 1; value <= 100; ++value) histogram.Record(value);
  EXPECT_EQ(histogram.ValueAt(0.5), 50);
  EXPECT_EQ(histogram.ValueAt(0.99), 99);
  EXPECT_EQ(histogram.ValueAt(1), 100);
  EXPECT_EQ(histogram.max(), 100);
  EXPECT_DOUBLE_EQ(histogram.Mean(), 50.5);
}

TEST(Histogram, IsNeverTooLowAndHardlyTooHigh) {
  std::mt19937_64 random(20261124);
  for (int bits = 1; bits <= 41; ++bits) {
    Histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 500; ++i) {
      values.push_back(static_cast<std::int64_t>(random() >> (64 - bits)));
      histogram.Record(values.back());
    }
    for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const auto exact = static_cast<double>(SlowValueAt(values, share));
      const auto found = static_cast<double>(histogram.ValueAt(share));
      EXPECT_GE(found, exact) << bits << " bits, " << share;
      EXPECT_LE(found, exact * (1 + 1.0 / 128) + 1) << bits << " bits, " << share;
    }
    EXPECT_EQ(histogram.ValueAt(1), *std::ranges::max_element(values));
  }
}

TEST(Histogram, TakesWhatIsBeyondItsRange) {
  Histogram histogram;
  histogram.Record(-5);
  histogram.Record(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.ValueAt(0.5), 0);
  EXPECT_EQ(histogram.ValueAt(1), std::numeric_limits<std::int64_t>::max());
}

TEST(Histogram, AddsUp) {
  Histogram a, b, all;
  a.Record(7, 3);
  b.Record(1'000'000'000);
  b.Record(12, 0);
  all.Record(7);
  all.Record(7);
  all.Record(7);
  all.Record(1'000'000'000);
  a.Add(b);
  EXPECT_EQ(a.count(), 4u);
  EXPECT_DOUBLE_EQ(a.Mean(), all.Mean());
  for (const double share : {0.25, 0.75, 1.0}) EXPECT_EQ(a.ValueAt(share), all.ValueAt(share));
}

}  // namespace
}  // namespace pitser::bench
