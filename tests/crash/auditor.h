#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ledger/crypto/imprint.h"
#include "ledger/format/publications_file.h"
#include "tests/crash/load.h"
#include "tests/integration/caller.h"

namespace pitser::testing {

// Holds a ledger to everything it ever gave out, through all its lives. Expectations are
// GoogleTest's: a broken promise fails the test that runs.
class Auditor {
 public:
  // After a restart: what was received before is extended to the newest calendar root, and the head
  // has not gone back.
  void CheckAfterRestart(const Caller& caller, const std::vector<ReceivedSignature>& received);

  // At the end: all that was ever received, once more; every head that was ever seen; and by the
  // newest publication of `file`.
  void CheckAll(const Caller& caller, const ledger::PublicationsFile& file);

  // The calendar of the stopped server, looked at directly.
  void CheckCalendarFolder(const std::string& path);

  std::size_t signatures() const { return all_.size(); }
  std::size_t seconds() const { return leaves_.size(); }

 private:
  void CheckSignatures(const Caller& caller, const std::vector<ReceivedSignature>& received,
                       const ledger::PublicationData& newest, const ledger::PublicationsFile& file);

  std::vector<ReceivedSignature> all_;
  std::map<std::uint64_t, ledger::Imprint> leaves_;  // By second, as they were first seen.
  std::map<std::uint64_t, ledger::Imprint> roots_;   // Of the heads that were seen.
};

}  // namespace pitser::testing
