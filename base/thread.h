#pragma once

#include <functional>
#include <string>
#include <thread>

namespace pitser::base {

// A thread with a name, joined at the latest when this goes away; never detached. A member of the
// object that starts it, declared last, so that all it uses is still there while it runs.
class Thread {
 public:
  Thread() = default;
  // `name` is what `top -H` and debuggers show: its first 15 bytes.
  Thread(const std::string& name, std::function<void()> body);
  ~Thread() { Join(); }
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  Thread(Thread&&) noexcept = default;
  Thread& operator=(Thread&& other) noexcept;

  // Waits for the body to return; at once when there is none or it was joined before.
  void Join();

 private:
  std::thread thread_;
};

}  // namespace pitser::base
