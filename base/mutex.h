#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// clang's thread-safety annotations; nothing under other compilers.
#if defined(__clang__)
#define PITSER_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define PITSER_THREAD_ANNOTATION(x)
#endif
#define PITSER_CAPABILITY(x) PITSER_THREAD_ANNOTATION(capability(x))
#define PITSER_SCOPED_CAPABILITY PITSER_THREAD_ANNOTATION(scoped_lockable)
#define PITSER_GUARDED_BY(x) PITSER_THREAD_ANNOTATION(guarded_by(x))
#define PITSER_PT_GUARDED_BY(x) PITSER_THREAD_ANNOTATION(pt_guarded_by(x))
#define PITSER_REQUIRES(...) PITSER_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define PITSER_EXCLUDES(...) PITSER_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define PITSER_ACQUIRE(...) PITSER_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define PITSER_RELEASE(...) PITSER_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define PITSER_NO_THREAD_SAFETY_ANALYSIS PITSER_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace pitser::base {

// An annotated std::mutex. Not abseil's: Debian's prebuilt abseil is not built for ThreadSanitizer,
// which then reports correct code under its mutex as a race.
class PITSER_CAPABILITY("mutex") Mutex {
 public:
  void Lock() PITSER_ACQUIRE() { mu_.lock(); }
  void Unlock() PITSER_RELEASE() { mu_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mu_;
};

class PITSER_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mu) PITSER_ACQUIRE(mu) : mu_(mu) { mu_.Lock(); }
  ~MutexLock() PITSER_RELEASE() { mu_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

class CondVar {
 public:
  // Releases `mu`, waits for a signal (or for nothing at all) and takes `mu` again: call in a loop.
  void Wait(Mutex& mu) PITSER_REQUIRES(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // The same, at most for a while; false when it ran out.
  template <typename Rep, typename Period>
  bool WaitFor(Mutex& mu, std::chrono::duration<Rep, Period> timeout) PITSER_REQUIRES(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    const bool signalled = cv_.wait_for(lock, timeout) == std::cv_status::no_timeout;
    lock.release();
    return signalled;
  }
  void SignalAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace pitser::base
