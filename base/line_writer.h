#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/thread.h"

namespace pitser::base {

// Lines for a file descriptor that others read, or do not read: a pipe, a terminal, a log's file.
// A thread of its own writes them, so that whoever has a line to say never waits for the reader.
// The queue is bounded; what does not fit, and what cannot be written, is dropped and counted, and
// the count is told in a line of its own at the place of the gap once lines can be written again.
// Thread: any.
class LineWriter {
 public:
  // The line (with its end) that tells of `dropped` lines that are missing before it.
  using TellDropped = std::function<std::string(std::uint64_t dropped)>;

  // `fd` stays the caller's. It is never made non-blocking: others may share it.
  // Shape: at most `max_bytes` wait, of which each line counts with some overhead.
  LineWriter(int fd, std::size_t max_bytes, TellDropped tell_dropped);
  // What still waits is dropped.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `line` has its end. Never blocks, never throws.
  void Write(std::string line) noexcept PITSER_EXCLUDES(mu_);

  // Counts a line that could not even be made.
  void Drop() noexcept PITSER_EXCLUDES(mu_);

  // Waits until all that was given before is written or dropped, at most so long; false when that
  // did not suffice. Takes no lock and allocates nothing: a signal handler may call it.
  bool Flush(std::chrono::milliseconds timeout) const noexcept;

  // How many lines were dropped so far.
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  // Lines in order, and how many are missing behind them.
  struct Batch {
    std::deque<std::string> lines;
    std::uint64_t missing = 0;
  };

  void Run() PITSER_EXCLUDES(mu_);
  // What waits; nothing when the thread is to end.
  std::optional<Batch> Await() PITSER_EXCLUDES(mu_);
  bool Keep(std::string& line) noexcept PITSER_REQUIRES(mu_);
  void CountMissing() noexcept PITSER_REQUIRES(mu_);
  bool WriteOut(const std::string& line) const;
  bool AwaitRoom() const;

  const int fd_;
  const int stop_event_;  // Readable once this goes away.
  const std::size_t max_bytes_;
  const TellDropped tell_dropped_;

  // Lines given, and lines written or dropped.
  std::atomic<std::uint64_t> given_ = 0, settled_ = 0, dropped_ = 0;

  Mutex mu_;  // Leaf lock, never held while anything is written.
  CondVar changed_;
  Batch queue_ PITSER_GUARDED_BY(mu_);
  std::size_t bytes_ PITSER_GUARDED_BY(mu_) = 0;
  bool stopping_ PITSER_GUARDED_BY(mu_) = false;
  Thread thread_;
};

}  // namespace pitser::base
