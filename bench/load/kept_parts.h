#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/bytes.h"

// Where received signatures wait for their verification: millions of them, so compactly.
namespace pitser::bench {

// What many signatures end with, and what was told beside them.
struct Tail {
  std::string bytes;
  std::uint64_t told_time = 0;  // The answer's aggregation_time.
  // The "part" before it is a whole signature that could not be split; `bytes` is empty.
  bool whole = false;
};

// A piece of memory with signatures in it. A part is kept byte for byte; what its end has in common
// with the end of the part before (the links above the place where two leaves' paths meet) is kept
// once.
// Thread: one at a time.
class PartChunk {
 public:
  static constexpr std::size_t kSize = std::size_t{1} << 20;

  // Shape: at most 65535 bytes.   False when there is no room: nothing was added.
  bool Add(std::uint64_t number, const std::shared_ptr<const Tail>& tail, std::string_view part);

  // In the order in which they were added; `part` is valid during the call.
  using Visit = std::function<void(std::uint64_t number, const Tail& tail, ledger::Bytes part)>;
  void ForEach(const Visit& visit) const;

  std::size_t size_bytes() const { return bytes_.size(); }
  std::uint64_t count() const { return count_; }

 private:
  ledger::ByteVector bytes_;
  std::uint64_t count_ = 0;
  std::vector<std::shared_ptr<const Tail>> tails_;
  std::string last_part_;
};

// Takes signatures in and hands full chunks on.
// Thread: one at a time.
class KeptParts {
 public:
  using Full = std::function<void(std::unique_ptr<PartChunk>)>;
  explicit KeptParts(Full full) : full_(std::move(full)) {}

  // A signature in its two pieces.   False when it is longer than any signature: not kept.
  bool Add(std::uint64_t number, std::string_view part, std::string_view tail,
           std::uint64_t told_time);
  // The same for a whole signature, a 0x800 element.
  bool AddWhole(std::uint64_t number, std::string_view signature, std::uint64_t told_time);
  // Hands on what is there.
  void Flush();

 private:
  void Keep(std::uint64_t number, std::string_view part);
  void UseTail(std::string_view bytes, std::uint64_t told_time, bool whole);

  const Full full_;
  std::unique_ptr<PartChunk> chunk_;
  std::shared_ptr<const Tail> tail_;  // The last one: signatures come in by rounds.
};

}  // namespace pitser::bench
