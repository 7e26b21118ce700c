#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "client/calendar_client.h"
#include "client/cli/settings.h"
#include "client/ksi_ledger.h"
#include "ledger/format/calendar_chain.h"

namespace pitser::cli {

// The extender that `pitser verify` may ask. Nothing is connected, and no RPC library is started,
// before a rule asks.   Thread: any number at once.
class Extender {
 public:
  // The one at `url`, grpc://HOST:PORT, ksi+http://..., ksi+https://... or ksi+tcp://...; when that
  // is empty, the setting `extender`, else `server`. Errors: exit code 2 for an address that is
  // none, 7 for unreadable files.
  static absl::StatusOr<std::unique_ptr<Extender>> Create(const std::string& url,
                                                          const Settings& settings);

  // Its address.
  const std::string& name() const { return name_; }

  // As a ledger::ExtendFunction. One that could not be reached is not asked again: a run over many
  // signatures waits for it once.   Errors: say the extender's name.
  absl::StatusOr<ledger::CalendarHashChain> Ask(std::uint64_t aggregation_time,
                                                std::optional<std::uint64_t> publication_time);

 private:
  Extender(std::string name, client::ClientOptions options)
      : name_(std::move(name)), options_(std::move(options)) {}
  Extender(std::string name, std::unique_ptr<client::KsiLedger> ksi)
      : name_(std::move(name)), ksi_(std::move(ksi)) {}

  // Errors: why it cannot be asked.
  absl::StatusOr<client::CalendarClient*> Connected();
  absl::StatusOr<ledger::CalendarHashChain> AskOnce(std::uint64_t aggregation_time,
                                                    std::optional<std::uint64_t> publication_time);
  void Remember(const absl::Status& status);

  const std::string name_;
  const std::unique_ptr<client::KsiLedger> ksi_;  // Null: gRPC.
  const client::ClientOptions options_;

  base::Mutex mu_;                                                         // Leaf lock.
  std::unique_ptr<client::CalendarClient> client_ PITSER_GUARDED_BY(mu_);  // Never replaced.
  absl::Status given_up_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::cli
