#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/settings.h"
#include "client/client.h"
#include "net/diagnosis.h"

namespace pitser::cli {

// A ledger as a command sees it.
struct Service {
  std::unique_ptr<client::Ledger> ledger;
  client::Client* client = nullptr;  // The same, where it speaks gRPC.
  std::string name;                  // HOST:PORT, or an address of the KSI service protocol.
  net::Approach approach;            // How it is spoken to.

  // An error of a call as one of the command line, with the server's name and advice. When it was
  // not reached, asks once more what answers there, to tell why.
  absl::Status Explain(const absl::Status& status) const;
};

// The server that the settings name. Nothing is sent yet.
// Errors: exit codes 2 and 7.
absl::StatusOr<Service> Connect(const Settings& settings);
// The same for what extends, and for what only gRPC has.
absl::StatusOr<Service> ConnectToExtend(const Settings& settings);
absl::StatusOr<Service> ConnectOverGrpc(const Settings& settings);

}  // namespace pitser::cli
