#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/ticker.h"
#include "server/core/core.h"
#include "server/keys/certificate_watch.h"
#include "server/keys/key_set.h"
#include "server/publisher/publisher.h"

namespace pitser::server {

// Keeps a running ledger in valid certificates: once a minute it reads the key files again, has
// renewed what is due and can be (server/keys/key_set.h), lists a new calendar certificate in the
// publications file and only then signs with it, and tells the log what runs out. By a clock that
// is not believed it does nothing.
// Thread: any.
class KeyKeeper {
 public:
  struct Parts {
    base::Clock* clock;
    Core* core;
    Publisher* publisher;
  };
  // `keys` are those that the parts work with. The parts outlive this.
  // Logs: certificate_runs_out, certificate_renewed, keys_in_use, keys_not_renewed, keys_kept.
  KeyKeeper(KeySetOptions options, KeySet keys, const Parts& parts);

  // Looks, and goes on by itself until Stop().
  void Start();
  void Stop();

  // What is in use now, for the operator.
  std::vector<CertificateInUse> certificates() const PITSER_EXCLUDES(mu_);

 private:
  void Look() PITSER_EXCLUDES(mu_);
  absl::Status TakeUp(const KeySet& keys);
  // Logs a problem once, until it is another one.
  void Tell(const char* event, const absl::Status& problem, absl::Status& told);

  const KeySetOptions options_;
  const Parts parts_;

  mutable base::Mutex mu_;  // Leaf lock.
  KeySet keys_ PITSER_GUARDED_BY(mu_);

  // Of the thread that looks.
  CertificateWatch watch_;
  absl::Status told_kept_, told_renewal_;

  std::optional<base::Ticker> ticker_;  // Last: runs on all of the above.
};

}  // namespace pitser::server
