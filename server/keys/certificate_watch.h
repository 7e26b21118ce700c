#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "server/keys/key_set.h"

namespace pitser::server {

// Tells the log before a certificate ends: 60, 30, 7 and 1 days before, and when it has ended, once
// each, with what to do.
// Thread: one at a time.
class CertificateWatch {
 public:
  // `now` in Unix seconds, by a clock that is believed.   Logs: certificate_runs_out.
  void Look(std::span<const CertificateInUse> certificates, std::uint64_t now);

 private:
  struct Told {
    std::uint64_t not_after = 0;
    int days_before = 0;
  };
  std::map<std::string, Told> told_;  // By certificate name.
};

// From how many days before its end on something is said about a certificate.
inline constexpr int kTellDaysBefore = 60;

// Whole days until `not_after`; negative from the second after it on.
std::int64_t DaysLeft(std::uint64_t not_after, std::uint64_t now);

}  // namespace pitser::server
