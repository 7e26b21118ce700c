#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "client/cli/commands.h"
#include "client/cli/inputs.h"
#include "client/cli/named_files.h"
#include "client/cli/service.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"

namespace pitser::cli {

// Where to: a publication that the user holds, the file's publication of a time, or the nearest.
struct ExtendGoal {
  std::optional<ledger::PublicationData> code = {};
  std::optional<std::uint64_t> time = {};
};

// What became of a signature.
struct ExtendResult {
  std::string input;
  absl::Status status = {};
  bool waits = false;  // There is no publication yet: nothing is wrong.
  bool left = false;   // Not tried, because the service had failed.
  // When it is OK.
  std::optional<ledger::PublicationRecord> record = {};
  bool changed = false;  // Otherwise it rests on that publication already.
  std::uint64_t signing_time = 0;
  ledger::ByteVector bytes = {};
};

// Extends signatures, without writing anything. Those of one second share their calendar hash
// chain, so the service is asked once for all of them; each is verified all the same. Thread: any
// number at once.
class Extending {
 public:
  // All outlive it. `publications` may be null where the goal is a code.
  Extending(const Service& service, const ExtendGoal& goal,
            const ledger::PublicationsFile* publications)
      : service_(service), goal_(goal), publications_(publications) {}

  // Reads the signature and extends it. After the service was not reached, the others are left.
  ExtendResult Extend(const NamedFile& file) PITSER_EXCLUDES(mu_);

  // Why the service is not asked any more; OK while it is.
  absl::Status stop() const PITSER_EXCLUDES(mu_);

 private:
  using Seconds = std::pair<std::uint64_t, std::uint64_t>;  // Of signing and of the publication.

  absl::Status ExtendInto(ExtendResult& result);
  absl::StatusOr<ledger::PublicationRecord> ChoosePublication(std::uint64_t signing_time,
                                                              bool& waits) const;
  absl::StatusOr<ledger::Signature> Ask(const ledger::Signature& signature,
                                        const ledger::PublicationRecord& record);
  // By a chain that came for another one; nothing when that is not to be had.
  std::optional<ledger::Signature> ByKnownChain(const ledger::Signature& signature,
                                                const ledger::PublicationRecord& record);

  const Service& service_;
  const ExtendGoal& goal_;
  const ledger::PublicationsFile* const publications_;

  mutable base::Mutex mu_;  // Leaf lock.
  absl::Status stop_ PITSER_GUARDED_BY(mu_);
  // Signatures that were extended, for their chains; few: signatures of one second lie together.
  std::map<Seconds, std::shared_ptr<const ledger::Signature>> known_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::cli
