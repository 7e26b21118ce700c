#include "base/line_writer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <utility>

namespace pitser::base {
namespace {

// A line in the queue besides its text.
constexpr std::size_t kOverhead = 64;
// What a pipe that has room takes at once.
constexpr std::size_t kPiece = PIPE_BUF;

// No signal of the process is for this thread; a new thread has the mask of the one that makes it.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

LineWriter::LineWriter(int fd, std::size_t max_bytes, TellDropped tell_dropped)
    : fd_(fd),
      stop_event_(eventfd(0, EFD_CLOEXEC)),
      max_bytes_(max_bytes),
      tell_dropped_(std::move(tell_dropped)) {
  const AllSignalsBlocked blocked;
  thread_ = Thread("pitser-log", [this] { Run(); });
}

LineWriter::~LineWriter() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.SignalAll();
  const std::uint64_t one = 1;
  (void)!write(stop_event_, &one, sizeof(one));
  thread_.Join();
  if (stop_event_ >= 0) close(stop_event_);
}

bool LineWriter::Keep(std::string& line) noexcept {
  const std::size_t size = line.size() + kOverhead;
  // Behind a gap comes nothing until the gap can be told.
  if (queue_.missing > 0 || bytes_ + size > max_bytes_) return false;
  try {  // The standard library's border: there may be no memory for it.
    queue_.lines.push_back(std::move(line));
  } catch (...) {
    return false;
  }
  bytes_ += size;
  return true;
}

void LineWriter::Write(std::string line) noexcept {
  ++given_;
  {
    MutexLock lock(mu_);
    if (!Keep(line)) CountMissing();
  }
  changed_.SignalAll();
}

void LineWriter::Drop() noexcept {
  ++given_;
  {
    MutexLock lock(mu_);
    CountMissing();
  }
  changed_.SignalAll();
}

void LineWriter::CountMissing() noexcept {
  ++queue_.missing;
  ++dropped_;
  ++settled_;
}

bool LineWriter::Flush(std::chrono::milliseconds timeout) const noexcept {
  const std::uint64_t given = given_.load();
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (settled_.load() < given) {
    if (std::chrono::steady_clock::now() >= until) return false;
    constexpr timespec kPause = {0, 1'000'000};
    nanosleep(&kPause, nullptr);
  }
  return true;
}

std::optional<LineWriter::Batch> LineWriter::Await() {
  MutexLock lock(mu_);
  while (queue_.lines.empty() && queue_.missing == 0 && !stopping_) changed_.Wait(mu_);
  if (stopping_) return std::nullopt;
  bytes_ = 0;
  return std::exchange(queue_, {});
}

void LineWriter::Run() {
  std::uint64_t missing = 0;  // Not told yet.
  for (auto batch = Await(); batch.has_value(); batch = Await()) {
    missing += batch->missing;
    for (const std::string& line : batch->lines) {
      if (WriteOut(line)) continue;
      ++missing;
      ++dropped_;
    }
    if (missing > 0 && WriteOut(tell_dropped_(missing))) missing = 0;
    settled_ += batch->lines.size();
  }
}

// Not written: nobody can read there any more, the disk is full, or the writer is to end.
bool LineWriter::WriteOut(const std::string& line) const {
  for (std::size_t done = 0; done < line.size();) {
    if (!AwaitRoom()) return false;
    const ssize_t size = write(fd_, line.data() + done, std::min(line.size() - done, kPiece));
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) return false;
    done += static_cast<std::size_t>(size);
  }
  return true;
}

// False: the writer is to end. Errors of the descriptor are write()'s to tell.
bool LineWriter::AwaitRoom() const {
  pollfd files[] = {{fd_, POLLOUT, 0}, {stop_event_, POLLIN, 0}};
  while (poll(files, 2, -1) < 0 && errno == EINTR) {
  }
  return (files[1].revents & POLLIN) == 0;
}

}  // namespace pitser::base
