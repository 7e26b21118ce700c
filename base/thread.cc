#include "base/thread.h"

#include <pthread.h>

#include <utility>

namespace pitser::base {

namespace {
constexpr std::size_t kMaxNameSize = 15;  // Of the kernel, without its terminator.
}  // namespace

Thread::Thread(const std::string& name, std::function<void()> body) : thread_(std::move(body)) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, kMaxNameSize).c_str());
}

Thread& Thread::operator=(Thread&& other) noexcept {
  Join();
  thread_ = std::move(other.thread_);
  return *this;
}

void Thread::Join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace pitser::base
