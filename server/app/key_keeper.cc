#include "server/app/key_keeper.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

constexpr absl::Duration kLookEvery = absl::Minutes(1);

bool SameIdentities(const KeySet& a, const KeySet& b) {
  return a.calendar.certificate.der() == b.calendar.certificate.der() &&
         a.publications_signer.certificate.der() == b.publications_signer.certificate.der();
}

}  // namespace

KeyKeeper::KeyKeeper(KeySetOptions options, KeySet keys, const Parts& parts)
    : options_(std::move(options)), parts_(parts), keys_(std::move(keys)) {}

void KeyKeeper::Start() {
  Look();
  ticker_.emplace(*parts_.clock, "keys", kLookEvery, [this] { Look(); });
}

void KeyKeeper::Stop() { ticker_.reset(); }

std::vector<CertificateInUse> KeyKeeper::certificates() const {
  KeySet keys = [this] {
    base::MutexLock lock(mu_);
    return keys_;
  }();
  return CertificatesInUse(options_, keys);
}

void KeyKeeper::Look() {
  // A clock that is ahead would renew what is good for long, and tell of ends that are far.
  if (!parts_.core->CheckClock().ok()) return;
  const std::int64_t now = std::max<std::int64_t>(0, absl::ToUnixSeconds(parts_.clock->Now()));
  const auto second = static_cast<std::uint64_t>(now);
  const KeySet current = [this] {
    base::MutexLock lock(mu_);
    return keys_;
  }();
  const auto keys = ReloadKeySet(options_, current, second);
  const absl::Status taken = keys.ok() ? TakeUp(*keys) : keys.status();
  Tell("keys_kept", taken, told_kept_);
  if (keys.ok()) Tell("keys_not_renewed", keys->renewal, told_renewal_);
  watch_.Look(certificates(), second);
}

absl::Status KeyKeeper::TakeUp(const KeySet& keys) {
  const bool same = [&] {
    base::MutexLock lock(mu_);
    if (!SameIdentities(keys_, keys)) return false;
    keys_ = keys;
    return true;
  }();
  if (same) return absl::OkStatus();
  // In this order: whoever gets a signature must find the certificate in the publications file.
  PITSER_RETURN_IF_ERROR(parts_.publisher->UseKeys(keys));
  PITSER_RETURN_IF_ERROR(parts_.core->UseIdentity(keys.calendar));
  base::LogInfo("keys_in_use", {{"publications", keys.publications_signer.file},
                                {"calendar", keys.calendar.file}});
  base::MutexLock lock(mu_);
  keys_ = keys;
  return absl::OkStatus();
}

void KeyKeeper::Tell(const char* event, const absl::Status& problem, absl::Status& told) {
  if (!problem.ok() && problem.message() != told.message()) {
    base::LogWarning(event, {{"reason", problem}});
  }
  told = problem;
}

}  // namespace pitser::server
