#include "client/cli/signing.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "client/cli/json.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

constexpr std::string_view kSchema = "pitser.sign/1";

// Fewer than that are synced one by one: a sync of the whole file system waits for others' files.
constexpr std::size_t kFewFiles = 16;

}  // namespace

Signing::Signing(const Service& service, const SignOptions& options, bool many,
                 const Surroundings& around)
    : service_(service),
      options_(options),
      many_(many),
      console_(around.console),
      times_(around.clock, service.name, around.console) {}

void Signing::Sign(std::vector<SignJob>& jobs) {
  std::vector<SignJob*> ready;
  std::vector<ledger::Imprint> hashes;
  for (SignJob& job : jobs) {
    if (!job.status.ok() || job.passed_over || !job.hash) continue;
    ready.push_back(&job);
    hashes.push_back(*job.hash);
  }
  if (!stopped() && !hashes.empty()) SignHashes(hashes, ready);
  for (const SignJob& job : jobs) Tell(job);
}

void Signing::SignHashes(const std::vector<ledger::Imprint>& hashes,
                         const std::vector<SignJob*>& ready) {
  written_ = ready;
  if (ready.size() > kFewFiles) {
    files_ = std::make_unique<client::FileBatch>(
        client::FileBatchOptions{.replace = options_.force, .max_open = client::FilesTogether()},
        [this](std::size_t id, const absl::Status& status) {
          written_[id]->status = WithExitCode(status, ExitCode::kLocalFile);
          written_[id]->is_signed = status.ok();
        });
  }
  if (hashes.size() > 1) console_.Progress(absl::StrFormat("signing %d files", hashes.size()));
  std::optional<absl::Status> batch;
  if (hashes.size() > 1 && batches_) {
    batch = service_.ledger->SignBatch(
        hashes, [&](std::size_t i, const ledger::Signature& made) { Take(i, made); });
    // An older server, or one that does not serve them: one call for each.
    batches_ = batch->code() != absl::StatusCode::kUnimplemented;
    if (!batch->ok() && batches_) stop_ = service_.Explain(*batch);
  }
  if (!batches_ || hashes.size() == 1) SignEach(hashes);
  if (files_ == nullptr) return;
  const absl::Status finished = files_->Finish();
  files_.reset();
  if (!finished.ok()) {
    worst_ = Worse(worst_, console_.Fail(WithExitCode(finished, ExitCode::kLocalFile)));
  }
}

void Signing::SignEach(const std::vector<ledger::Imprint>& hashes) {
  std::vector<client::SignInput> inputs;
  for (const ledger::Imprint& hash : hashes) inputs.push_back({.hash = hash});
  const auto signatures = service_.ledger->SignMany(inputs);
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    if (signatures[i].ok()) {
      Take(i, *signatures[i]);
    } else {
      written_[i]->status = service_.Explain(signatures[i].status());
    }
  }
}

void Signing::Take(std::size_t i, const ledger::Signature& signature) {
  SignJob& job = *written_[i];
  job.signing_time = signature.signing_time();
  job.through = IdentityPath(signature.Identities());
  if (console_.json()) job.identities = JsonIdentities(signature.Identities());
  if (files_ == nullptr) {
    job.status = Deliver(job.destination, signature.bytes(), console_);
    job.is_signed = job.status.ok();
    return;
  }
  const absl::Status added = files_->Add(i, job.destination.path, signature.bytes());
  if (!added.ok()) job.status = WithExitCode(added, ExitCode::kLocalFile);
}

void Signing::Tell(const SignJob& job) {
  if (!job.status.ok()) {
    Fail(job, job.status);
  } else if (job.passed_over) {
    TellPassedOver(job);
  } else if (job.is_signed) {
    TellSigned(job);
  } else {
    Leave(job);
  }
}

void Signing::TellSigned(const SignJob& job) {
  ++signed_;
  last_time_ = job.signing_time;
  through_ = job.through;
  const absl::Status doubt = times_.Judge(job.signing_time);
  worst_ = Worse(worst_, ExitCodeOf(doubt));
  if (console_.json()) {
    Json json = JsonHead(kSchema, ExitCodeOf(doubt));
    json["file"] = job.input;
    json["signature"] = job.destination.path;
    json["input_hash"] = job.hash->ToText();
    json["signing_time"] = job.signing_time;
    json["identities"] = job.identities;
    if (!doubt.ok()) json["messages"] = {std::string(doubt.message())};
    console_.Result(ToLine(json));
    return;
  }
  if (many_) return;
  const std::string text = absl::StrFormat("signed %s at %s, through %s", Printable(job.input),
                                           FormatTime(job.signing_time), job.through);
  if (job.destination.path == client::kStandardStream) {
    console_.Note(text);
  } else {
    console_.Done(absl::StrFormat("%s: %s", text, Printable(job.destination.path)));
  }
}

void Signing::TellPassedOver(const SignJob& job) {
  ++passed_over_;
  if (!console_.json()) return;
  Json json = JsonHead(kSchema, ExitCode::kOk);
  json["file"] = job.input;
  json["signature"] = job.destination.path;
  json["passed_over"] = "has its signature";
  console_.Result(ToLine(json));
}

void Signing::Fail(const SignJob& job, const absl::Status& status) {
  ++failed_;
  if (console_.json()) {
    console_.Result(ToLine(JsonError(kSchema, "file", job.input, status)));
  }
  worst_ = Worse(worst_, console_.Fail(status));
}

void Signing::Leave(const SignJob& job) {
  if (console_.json()) {
    console_.Result(ToLine(JsonError(kSchema, "file", job.input, stop_)));
  }
  if (left_++ == 0) worst_ = Worse(worst_, console_.Fail(stop_));
}

void Signing::End() {
  console_.EndProgress();
  if (passed_over_ > 0) {
    console_.Note(absl::StrFormat("%d documents had their signature already", passed_over_));
  }
  const std::size_t unsigned_count = left_ + (many_ ? failed_ : 0);
  if (unsigned_count > 1 || (many_ && unsigned_count > 0)) {
    console_.Note(absl::StrFormat("%d documents were not signed", unsigned_count));
  }
  if (!many_ || console_.json()) return;
  if (signed_ == 0) return console_.Note("nothing was signed");
  console_.Done(absl::StrFormat("signed %d documents, the last at %s, through %s", signed_,
                                FormatTime(last_time_), through_));
}

}  // namespace pitser::cli
