#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace pitser::server {

inline constexpr char kControlSocketName[] = "pitserd.sock";

// A short name for the operator's socket. The system takes 107 bytes at most, and data folders may
// lie deep: a longer one goes through the folder's file descriptor, which /proc gives a short name.
class ControlAddress {
 public:
  static absl::StatusOr<ControlAddress> In(const std::string& run_dir);

  ControlAddress(ControlAddress&& other) noexcept
      : path_(std::move(other.path_)), folder_(std::exchange(other.folder_, -1)) {}
  ControlAddress& operator=(ControlAddress&&) = delete;
  ~ControlAddress();

  const std::string& path() const { return path_; }
  // An absolute path has three slashes, a relative one none.
  std::string uri() const { return "unix:" + path_; }

 private:
  ControlAddress(std::string path, int folder) : path_(std::move(path)), folder_(folder) {}

  std::string path_;
  int folder_;  // Open as long as the path is used; -1: not needed.
};

}  // namespace pitser::server
