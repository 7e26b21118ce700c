#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "client/cli/commands.h"
#include "client/cli/service.h"
#include "client/cli/sign_jobs.h"
#include "client/cli/signing_times.h"
#include "client/file_batch.h"
#include "ledger/crypto/imprint.h"

namespace pitser::cli {

// Signs jobs group after group, writes the signatures and tells of each in its order.
class Signing {
 public:
  // `many`: what goes well is told by a sum, not by a line each.
  Signing(const Service& service, const SignOptions& options, bool many,
          const Surroundings& around);

  ExitCode worst() const { return worst_; }

  // Whether the service has failed, so that the rest need not be hashed.
  bool stopped() const { return !stop_.ok(); }

  // Signs the jobs that are in order. Their signatures are on disk when it returns.
  void Sign(std::vector<SignJob>& jobs);

  // Says what there is to say once all is told.
  void End();

 private:
  void SignHashes(const std::vector<ledger::Imprint>& hashes, const std::vector<SignJob*>& ready);
  // One call for each, where there are no batches.
  void SignEach(const std::vector<ledger::Imprint>& hashes);
  // The signature of a job of the group.
  void Take(std::size_t i, const ledger::Signature& signature);
  void Tell(const SignJob& job);
  void TellSigned(const SignJob& job);
  void TellPassedOver(const SignJob& job);
  void Fail(const SignJob& job, const absl::Status& status);
  // A job that was in order when the service failed: each has its object, people are told once.
  void Leave(const SignJob& job);

  const Service& service_;
  const SignOptions& options_;
  const bool many_;
  Console& console_;

  SigningTimes times_;
  bool batches_ = true;
  absl::Status stop_;  // Why nothing more is signed.
  ExitCode worst_ = ExitCode::kOk;
  std::size_t signed_ = 0;
  std::size_t failed_ = 0;
  std::size_t left_ = 0;  // In order, and not signed because the service had failed.
  std::size_t passed_over_ = 0;
  std::uint64_t last_time_ = 0;
  std::string through_;

  // Of the group at hand.
  std::vector<SignJob*> written_;             // By the number that the files know them by.
  std::unique_ptr<client::FileBatch> files_;  // Null: each is written at once.
};

}  // namespace pitser::cli
