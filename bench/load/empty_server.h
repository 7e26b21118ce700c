#pragma once

#include <sys/types.h>

#include <memory>

#include "absl/status/statusor.h"
#include "bench/load/options.h"
#include "net/endpoint.h"

namespace pitser::bench {

// A server of the same calls that answers with as many bytes and does nothing else: what a figure
// of a real node is to be held against. Its channels are set up as those of the node.
// Thread: the owner's.
class EmptyServer {
 public:
  // Errors: kUnavailable when the port cannot be had.
  static absl::StatusOr<std::unique_ptr<EmptyServer>> Start(const EmptyServerOptions& options);
  virtual ~EmptyServer() = default;  // Breaks off what runs.

  virtual net::Endpoint endpoint() const = 0;
};

// The same as a process of its own, which ends with this object.
class EmptyProcess {
 public:
  // Errors: kInternal when this program cannot be started again; those of the server.
  static absl::StatusOr<std::unique_ptr<EmptyProcess>> Start(const EmptyServerOptions& options);
  ~EmptyProcess();
  EmptyProcess(const EmptyProcess&) = delete;
  EmptyProcess& operator=(const EmptyProcess&) = delete;

  const net::Endpoint& endpoint() const { return endpoint_; }
  pid_t pid() const { return pid_; }

 private:
  explicit EmptyProcess(pid_t pid) : pid_(pid) {}

  const pid_t pid_;
  net::Endpoint endpoint_;
};

// The line by which an empty server says that it is ready; the address follows.
inline constexpr std::string_view kEmptyReady = "pitser-bench empty-server ready grpc=";

}  // namespace pitser::bench
