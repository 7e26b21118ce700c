#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/ticker.h"
#include "net/ksi/transport.h"
#include "server/publisher/publications.h"

namespace pitser::server {

struct ParentPublicationsOptions {
  net::KsiTransportOptions from;  // The path of its address is the file's.
  absl::Duration every = absl::Minutes(10);
  absl::Duration timeout = absl::Seconds(10);
  std::string cache;  // A file, which outlives restarts.
};

// The parent's publications file, fetched again and again. Whoever uses it checks its signature:
// here nothing is trusted. A file that lost publications is not taken.
// Logs: parent_publications, parent_publications_failed.
// Thread: any.
class ParentPublications final : public Publications {
 public:
  // Errors: kUnavailable when the file can neither be fetched nor read from the cache; the
  // system's.
  static absl::StatusOr<std::unique_ptr<ParentPublications>> Start(
      const ParentPublicationsOptions& options, base::Clock* clock);

  std::shared_ptr<const ledger::PublicationsFile> file() const override PITSER_EXCLUDES(mu_);
  absl::Status Health() const override PITSER_EXCLUDES(mu_);

 private:
  explicit ParentPublications(const ParentPublicationsOptions& options) : options_(options) {}
  absl::Status ReadCache();
  absl::Status Fetch() PITSER_EXCLUDES(mu_);
  void Refresh() PITSER_EXCLUDES(mu_);

  const ParentPublicationsOptions options_;
  mutable base::Mutex mu_;  // Leaf lock.
  std::shared_ptr<const ledger::PublicationsFile> file_ PITSER_GUARDED_BY(mu_);
  absl::Status health_ PITSER_GUARDED_BY(mu_);
  std::optional<base::Ticker> ticker_;
};

}  // namespace pitser::server
