#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "server/app/settings.h"

namespace rocksdb {
class Env;
}

namespace pitser::server {

// What a node takes from outside: an argument, so that tests can stage faults.
struct Environment {
  base::Clock* clock = &base::Clock::System();
  // The calendar's file system; null: the machine's.
  rocksdb::Env* env = nullptr;
  // Called, from a thread of the node's, when the data folder or a part of it that signing rests on
  // was removed or replaced under the node, saying which: to end the process, which may write
  // nothing there any more. Null: nothing is signed until a restart.
  std::function<void(const absl::Status&)> on_folder_lost = nullptr;
};

// A whole ledger in this process: data folder, keys, calendar, core, aggregator, extender,
// publisher and the faces to the outside, wired together. Thread: one owner.
class Node {
 public:
  // Starts all parts, in the order in which they need each other. What it starts from is checked
  // before it is built upon; after an error nothing is left running.
  // Errors: kInvalidArgument for settings that make no sense; kUnavailable when the port is taken;
  // kFailedPrecondition and what the file system says for the data folder, keys and clock;
  // kDataLoss for a damaged calendar. The message says what to do.
  static absl::StatusOr<std::unique_ptr<Node>> Start(const Settings& settings,
                                                     const Environment& environment);
  virtual ~Node() = default;

  // Where the faces listen, as in the ready line: "grpc=127.0.0.1:7380".
  virtual std::string Faces() const = 0;

  // Ends the node: everything that is pending is answered, then the faces close, and what is known
  // is on disk when this returns. May be repeated.
  virtual void Stop() = 0;
};

}  // namespace pitser::server
