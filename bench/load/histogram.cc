#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace pitser::bench {

// Values below 2^8 have a bucket each; each doubling above has 2^7 buckets.
std::size_t Histogram::BucketOf(std::uint64_t ns) {
  ns = std::min(ns, (std::uint64_t{1} << kMaxBits) - 1);
  const int shift = static_cast<int>(std::bit_width(ns)) - (kSubBits + 1);
  if (shift <= 0) return static_cast<std::size_t>(ns);
  return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(ns >> shift);
}

std::uint64_t Histogram::EndOf(std::size_t bucket) {
  if (bucket < (std::size_t{2} << kSubBits)) return bucket;
  const std::size_t shift = (bucket >> kSubBits) - 1;
  const std::uint64_t top = bucket - (shift << kSubBits);
  return ((top + 1) << shift) - 1;
}

void Histogram::Record(std::int64_t ns, std::uint64_t times) {
  if (times == 0) return;
  ns = std::max<std::int64_t>(ns, 0);
  counts_[BucketOf(static_cast<std::uint64_t>(ns))] += times;
  count_ += times;
  sum_ += static_cast<double>(ns) * static_cast<double>(times);
  max_ = std::max(max_, ns);
}

void Histogram::Add(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

std::int64_t Histogram::ValueAt(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i + 1 < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0) {
      return std::min(static_cast<std::int64_t>(EndOf(i)), max_);
    }
  }
  return max_;
}

}  // namespace pitser::bench
