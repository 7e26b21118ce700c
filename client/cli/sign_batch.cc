#include "client/cli/sign_batch.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/block_signer.h"
#include "client/cli/batch_input.h"
#include "client/cli/batch_output.h"
#include "client/cli/batch_tree.h"
#include "client/cli/hash_documents.h"
#include "client/cli/inputs.h"
#include "client/cli/json.h"
#include "client/cli/rate_progress.h"
#include "client/cli/resume_file.h"
#include "client/cli/service.h"
#include "client/cli/signature_beside.h"
#include "client/cli/signing_times.h"
#include "client/cli/text.h"
#include "client/client.h"
#include "client/file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using client::BlockLeaf;
using client::SignedBlock;
using ledger::Imprint;

constexpr std::string_view kSchema = "pitser.sign/1";
constexpr std::string_view kResumeSuffix = ".resume";
// Why a document is passed over.
constexpr std::string_view kIsASignature = "is a signature";
constexpr std::string_view kHasItsSignature = "has its signature";

// Documents that are read and hashed together.
constexpr std::size_t kGroup = 8192;
// What a stopped run loses at most is the hashing of a tree's files: so it is smaller than it could
// be where there are files to hash.
constexpr std::size_t kFileTreeLeaves = std::size_t{1} << 16;

absl::Status Usage(std::string_view message) {
  return Error(ExitCode::kUsage, message, "pitser sign --help");
}

absl::StatusOr<client::ArchiveFormat> FormatOf(const SignOptions& options) {
  const std::string_view output = options.output;
  const std::string_view format = options.format;
  if (format == "tar" || (format.empty() && output.ends_with(".tar"))) {
    return client::ArchiveFormat::kTar;
  }
  if (format == "zip" || (format.empty() && output.ends_with(".zip"))) {
    return client::ArchiveFormat::kZip;
  }
  return Usage("--format tar or --format zip is missing: the name of the output does not tell");
}

absl::Status CheckOptions(const SignOptions& options, const Console& console) {
  const int kinds = (options.files.empty() ? 0 : 1) + (options.files_from.empty() ? 0 : 1) +
                    (options.hashes.empty() ? 0 : 1);
  if (!options.hash.empty()) return Usage("--batch takes hashes from a list: --hashes");
  if (kinds == 0) return Usage("documents, --files-from or --hashes are missing");
  if (kinds > 1) return Usage("documents, --files-from and --hashes do not go together");
  if (options.null_separated && !options.files.empty()) return Usage("-0 goes with a list");
  if (options.recursive && !options.hashes.empty()) return Usage("-r goes with files");
  if (std::ranges::find(options.files, client::kStandardStream) != options.files.end()) {
    return Usage("--batch takes no document from standard input");
  }
  if (options.client_ids == client::kStandardStream &&
      (options.files_from == client::kStandardStream ||
       options.hashes == client::kStandardStream)) {
    return Usage("two lists cannot both come from standard input");
  }
  if (options.output.empty()) {
    if (!options.format.empty()) return Usage("--format goes with -o");
    return absl::OkStatus();
  }
  PITSER_RETURN_IF_ERROR(FormatOf(options));
  return CheckDestination({.path = options.output, .replace = options.force}, "",
                          options.output == client::kStandardStream, console);
}

// What a result is until it is known.
const absl::Status& NotWritten() {
  static const auto* const kNotWritten = new absl::Status(absl::StatusCode::kCancelled, "");
  return *kNotWritten;
}

// A run of the command.
class BatchRun {
 public:
  BatchRun(const SignOptions& options, const Surroundings& around, const Service& service)
      : options_(options),
        around_(around),
        console_(around.console),
        service_(service),
        times_(around.clock, service.name, around.console) {}

  // Errors: exit codes 2 and 7.
  absl::Status Open(ledger::HashAlgorithm algorithm);
  ExitCode Run();

 private:
  absl::Status MakeSigner();
  // What earlier runs signed: writes it again.
  absl::Status Restore();
  absl::Status RestoreTree(ResumeTree tree);
  absl::StatusOr<std::vector<BlockLeaf>> ReadLeavesOf(const ResumeTree& tree);
  // All the rest.
  absl::Status SignAll();
  absl::Status SignGroup(std::vector<BatchDocument> documents);
  void Hash(std::vector<BatchDocument>& documents);
  absl::Status AddLeaf(const BatchDocument& document);
  absl::Status SignTree();
  absl::Status Write(const SignedBlock& block, const FlatNames& names);

  absl::StatusOr<std::vector<BatchDocument>> Read(std::size_t count);
  void LeaveOut(const BatchDocument& document);
  void PassOver(const std::string& name, std::string_view why);
  void TellSigned(const SignedBlock& block, const FlatNames& names,
                  const std::vector<absl::Status>& results, const absl::Status& stop);
  void TellJson(const SignedBlock& block, std::size_t leaf, std::string_view name,
                const absl::Status& result);
  // What there is to say in the end.
  ExitCode End(const absl::Status& status);
  void TellUnsigned(const absl::Status& status);
  void TellPeople(bool whole);

  bool to_archive() const { return !options_.output.empty(); }

  const SignOptions& options_;
  const Surroundings& around_;
  Console& console_;
  const Service& service_;
  ledger::HashAlgorithm algorithm_ = ledger::HashAlgorithm::kSha256;

  std::unique_ptr<BatchInput> input_;
  bool input_failed_ = false;
  std::unique_ptr<ResumeFile> resume_;  // Null where a run cannot go on from one.
  std::unique_ptr<BatchOutput> output_;
  std::unique_ptr<client::BlockSigner> signer_;
  std::optional<RateProgress> reading_;

  BatchTree tree_;                   // Of the documents that were read and are not signed.
  std::vector<BatchDocument> rest_;  // Those read that are not in it yet, the last one first.
  std::size_t read_ = 0;             // Documents.
  std::size_t signatures_ = 0;       // What was given and is no document.
  std::size_t there_ = 0;            // Documents that had their signature already.
  std::size_t signed_ = 0;
  std::size_t restored_ = 0;  // Of those, the ones that an earlier run had signed.
  std::size_t trees_ = 0;
  std::uint64_t last_time_ = 0;
  std::string through_;
  SigningTimes times_;
  absl::Status doubt_;  // About the time of the tree at hand, if this run signed it.
  ExitCode worst_ = ExitCode::kOk;
};

absl::Status BatchRun::Open(ledger::HashAlgorithm algorithm) {
  algorithm_ = algorithm;
  PITSER_ASSIGN_OR_RETURN(input_, BatchInput::Open(options_, algorithm));
  reading_.emplace(options_.hashes.empty() ? "hashing" : "reading", input_->Total(), console_,
                   around_.clock);
  if (!to_archive()) {
    output_ = MakeFilesOutput(options_.force);
    return absl::OkStatus();
  }
  PITSER_ASSIGN_OR_RETURN(const client::ArchiveFormat format, FormatOf(options_));
  if (options_.output != client::kStandardStream) {
    const std::string path = options_.output + std::string(kResumeSuffix);
    PITSER_ASSIGN_OR_RETURN(resume_, ResumeFile::Open(path));
  }
  PITSER_ASSIGN_OR_RETURN(output_, MakeArchiveOutput(options_.output, format, options_.force));
  return absl::OkStatus();
}

ExitCode BatchRun::Run() {
  absl::Status status = MakeSigner();
  if (status.ok() && resume_ != nullptr) status = Restore();
  if (status.ok()) status = SignAll();
  if (status.ok()) status = output_->Finish();
  if (status.ok() && resume_ != nullptr) resume_->Remove();
  return End(status);
}

absl::Status BatchRun::MakeSigner() {
  client::BlockSignerOptions options{.masks = !options_.no_masks};
  if (options_.tree_leaves != 0) {
    options.max_leaves = options_.tree_leaves;
  } else if (options_.hashes.empty()) {
    options.max_leaves = kFileTreeLeaves;
  }
  auto signer = client::BlockSigner::Create(*service_.ledger, std::move(options));
  if (!signer.ok()) return service_.Explain(signer.status());
  signer_ = *std::move(signer);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<BatchDocument>> BatchRun::Read(std::size_t count) {
  auto documents = input_->Next(count);
  if (!documents.ok()) {
    input_failed_ = true;
    return documents;
  }
  for (BatchDocument& document : *documents) {
    const absl::StatusOr<bool> is_there = output_->IsThere(document.name);
    if (document.status.ok()) document.status = is_there.status();
    document.is_there = is_there.ok() && *is_there;
  }
  for (const std::string& name : input_->TakePassedOver()) PassOver(name, kIsASignature);
  return documents;
}

absl::Status BatchRun::Restore() {
  while (true) {
    PITSER_ASSIGN_OR_RETURN(std::optional<ResumeTree> tree, resume_->Next());
    if (!tree) return absl::OkStatus();
    PITSER_RETURN_IF_ERROR(RestoreTree(*std::move(tree)));
  }
}

absl::StatusOr<std::vector<BlockLeaf>> BatchRun::ReadLeavesOf(const ResumeTree& tree) {
  std::vector<BlockLeaf> leaves;
  leaves.reserve(tree.hashes.size());
  for (std::size_t at = 0; at < tree.taken.size();) {
    PITSER_ASSIGN_OR_RETURN(std::vector<BatchDocument> group,
                            Read(std::min(kGroup, tree.taken.size() - at)));
    if (group.empty()) break;
    for (BatchDocument& document : group) {
      const bool is_leaf = tree.taken[at++] != 0;
      tree_.Add(document, is_leaf);
      if (is_leaf) {
        leaves.push_back({.hash = tree.hashes[leaves.size()],
                          .level = 0,
                          .client_id = std::move(document.client_id)});
        continue;
      }
      if (document.status.ok()) {
        document.status = Error(ExitCode::kLocalFile,
                                absl::StrFormat("'%s' could not be read when its tree was signed",
                                                Printable(document.name)));
      }
      LeaveOut(document);
    }
    reading_->At(read_ += group.size());
  }
  return leaves;
}

absl::Status BatchRun::RestoreTree(ResumeTree tree) {
  PITSER_ASSIGN_OR_RETURN(std::vector<BlockLeaf> leaves, ReadLeavesOf(tree));
  FlatNames names;
  ledger::ByteVector taken;
  const Imprint documents = tree_.Take(names, taken);
  if (!(documents == tree.documents) || taken != tree.taken) {
    return Error(ExitCode::kLocalFile,
                 absl::StrFormat("'%s' is of other documents than these", resume_->path()),
                 "give the same ones in the same order to go on, or remove it to begin anew");
  }
  auto root = ledger::Signature::Parse(std::move(tree.root));
  auto block = root.ok() ? client::RestoreBlock(leaves, tree.algorithm, std::move(tree.masking),
                                                *std::move(root))
                         : absl::StatusOr<SignedBlock>(root.status());
  if (!block.ok()) {
    return WithExitCode(InContext(block.status(), absl::StrFormat("'%s'", resume_->path())),
                        ExitCode::kLocalFile);
  }
  leaves = {};
  signer_->GoOnFrom(block->block().last_node());
  restored_ += block->size();
  return Write(*block, names);
}

absl::Status BatchRun::SignAll() {
  while (true) {
    PITSER_ASSIGN_OR_RETURN(std::vector<BatchDocument> group, Read(kGroup));
    if (group.empty()) break;
    reading_->SetTotal(input_->Total());
    PITSER_RETURN_IF_ERROR(SignGroup(std::move(group)));
  }
  return signer_->size() == 0 ? absl::OkStatus() : SignTree();
}

absl::Status BatchRun::SignGroup(std::vector<BatchDocument> documents) {
  const std::size_t count = documents.size();
  Hash(documents);
  std::erase_if(documents, [this](const BatchDocument& document) {
    const bool is_signed = document.is_there && document.status.ok();
    if (is_signed) PassOver(document.name, kHasItsSignature);
    return is_signed;
  });
  rest_ = std::move(documents);
  std::ranges::reverse(rest_);
  while (!rest_.empty()) {
    const BatchDocument& document = rest_.back();
    if (document.status.ok()) {
      PITSER_RETURN_IF_ERROR(AddLeaf(document));
    } else {
      tree_.Add(document, false);
      LeaveOut(document);
    }
    rest_.pop_back();
  }
  reading_->At(read_ += count);
  return absl::OkStatus();
}

void BatchRun::PassOver(const std::string& name, std::string_view why) {
  ++(why == kIsASignature ? signatures_ : there_);
  if (!console_.json()) return;
  Json json = JsonHead(kSchema, ExitCode::kOk);
  json["file"] = name;
  json["passed_over"] = why;
  console_.Result(ToLine(json));
}

void BatchRun::Hash(std::vector<BatchDocument>& documents) {
  std::vector<BatchDocument*> to_read;
  std::vector<std::string> paths;
  for (BatchDocument& document : documents) {
    if (!document.status.ok() || (document.hash && !document.is_there)) continue;
    to_read.push_back(&document);
    paths.push_back(document.name);
  }
  if (paths.empty()) return;
  const auto work = [&](std::size_t i, const client::HashProgress& reading) {
    const BatchDocument& document = *to_read[i];
    if (!document.is_there) {
      return HashToSign(document.name, algorithm_, options_.force, reading);
    }
    const std::string signature = output_->NameFor(document.name);
    return document.hash ? CheckSignatureBeside(document.name, *document.hash, signature)
                         : CheckSignatureBeside(document.name, signature, reading);
  };
  const auto progress = [this](std::size_t done) { return reading_->Text(read_ + done); };
  const auto hashes = WorkOnDocuments(paths, work, console_, progress);
  for (std::size_t i = 0; i < to_read.size(); ++i) {
    to_read[i]->status = hashes[i].status();
    if (hashes[i].ok()) to_read[i]->hash = *hashes[i];
  }
}

absl::Status BatchRun::AddLeaf(const BatchDocument& document) {
  const BlockLeaf leaf{.hash = *document.hash, .level = 0, .client_id = document.client_id};
  if (signer_->size() > 0 && !signer_->Fits(leaf)) PITSER_RETURN_IF_ERROR(SignTree());
  const absl::Status added = signer_->Add(leaf);
  if (added.code() == absl::StatusCode::kResourceExhausted) {
    return Error(ExitCode::kRefused,
                 absl::StrFormat("%s takes no root that is high enough: %s", service_.name,
                                 ledger::ToStd(added.message())));
  }
  PITSER_RETURN_IF_ERROR(added);
  tree_.Add(document, true);
  return absl::OkStatus();
}

absl::Status BatchRun::SignTree() {
  console_.Progress(absl::StrFormat("signing a tree of %d", signer_->size()));
  const absl::StatusOr<SignedBlock> block = signer_->Sign();
  if (!block.ok()) return service_.Explain(block.status());
  FlatNames names;
  ledger::ByteVector taken;
  const Imprint documents = tree_.Take(names, taken);
  if (resume_ != nullptr) PITSER_RETURN_IF_ERROR(resume_->Append(*block, documents, taken));
  doubt_ = times_.Judge(block->root().signing_time());
  worst_ = Worse(worst_, ExitCodeOf(doubt_));
  return Write(*block, names);
}

absl::Status BatchRun::Write(const SignedBlock& block, const FlatNames& names) {
  RateProgress progress("writing", block.size(), console_, around_.clock);
  std::vector<absl::Status> results(block.size(), NotWritten());
  const absl::Status status = output_->Write(
      block, names, [&progress](std::size_t done) { progress.At(done); }, results);
  console_.EndProgress();
  for (absl::Status& result : results) {
    if (result == NotWritten()) result = status;
  }
  ++trees_;
  last_time_ = block.root().signing_time();
  through_ = IdentityPath(block.root().Identities());
  TellSigned(block, names, results, status);
  return status;
}

void BatchRun::LeaveOut(const BatchDocument& document) {
  if (console_.json()) {
    console_.Result(ToLine(JsonError(kSchema, "file", document.name, document.status)));
  }
  worst_ = Worse(worst_, console_.Fail(document.status));
}

void BatchRun::TellSigned(const SignedBlock& block, const FlatNames& names,
                          const std::vector<absl::Status>& results, const absl::Status& stop) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (console_.json()) TellJson(block, i, names[i], results[i]);
    if (results[i].ok()) {
      ++signed_;
    } else if (results[i] != stop) {  // What stops everything is told once, in the end.
      worst_ = Worse(worst_, console_.Fail(results[i]));
    }
  }
}

void BatchRun::TellJson(const SignedBlock& block, std::size_t leaf, std::string_view name,
                        const absl::Status& result) {
  if (!result.ok()) {
    console_.Result(ToLine(JsonError(kSchema, "file", std::string(name), result)));
    return;
  }
  Json json = JsonHead(kSchema, ExitCodeOf(doubt_));
  if (!doubt_.ok()) json["messages"] = {std::string(doubt_.message())};
  json["file"] = std::string(name);
  json["signature"] = output_->NameFor(name);
  if (to_archive()) json["archive"] = options_.output;
  json["input_hash"] = block.block().leaf(leaf).imprint.ToText();
  json["signing_time"] = block.root().signing_time();
  std::vector<ledger::Identity> identities = block.root().Identities();
  if (const std::string client_id = block.ClientIdOf(leaf); !client_id.empty()) {
    identities.push_back({.legacy = false,
                          .metadata = {.client_id = client_id,
                                       .machine_id = {},
                                       .sequence_number = {},
                                       .request_time_us = {}}});
  }
  json["identities"] = JsonIdentities(identities);
  console_.Result(ToLine(json));
}

ExitCode BatchRun::End(const absl::Status& status) {
  console_.EndProgress();
  if (!status.ok()) {
    worst_ = Worse(worst_, console_.Fail(status));
    TellUnsigned(status);
  }
  TellPeople(status.ok());
  if (signatures_ > 0 && read_ == 0 && status.ok()) {
    worst_ = Worse(worst_, console_.Fail(OnlySignatures()));
  }
  return worst_;
}

void BatchRun::TellUnsigned(const absl::Status& status) {
  std::size_t unsigned_count = 0;
  const auto tell = [&](std::string_view name) {
    ++unsigned_count;
    if (!console_.json()) return;
    console_.Result(ToLine(JsonError(kSchema, "file", std::string(name), status)));
  };
  for (std::size_t i = 0; i < tree_.names().size(); ++i) tell(tree_.names()[i]);
  for (auto document = rest_.rbegin(); document != rest_.rend(); ++document) tell(document->name);
  while (!input_failed_) {
    const auto group = Read(kGroup);
    if (!group.ok() || group->empty()) break;
    for (const BatchDocument& document : *group) {
      if (!document.is_there) tell(document.name);
    }
  }
  if (unsigned_count > 0) {
    console_.Note(absl::StrFormat("%d documents were not signed", unsigned_count));
  }
}

void BatchRun::TellPeople(bool whole) {
  if (console_.json()) return;
  TellSignaturesPassedOver(signatures_, console_);
  if (there_ > 0) {
    console_.Note(absl::StrFormat("%d documents had their signature already", there_));
  }
  if (restored_ > 0) {
    console_.Note(absl::StrFormat("%d documents had been signed by an earlier run", restored_));
  }
  if (!whole) {
    if (trees_ > 0 && (!to_archive() || resume_ != nullptr)) {
      console_.Hint("the same command again goes on where this one has stopped");
    }
    return;
  }
  if (signed_ == 0) {
    const bool is_missing = to_archive() && options_.output != client::kStandardStream;
    return console_.Note(is_missing ? absl::StrFormat("nothing was signed, so %s is not there",
                                                      Printable(options_.output))
                                    : "nothing was signed");
  }
  std::string text =
      absl::StrFormat("signed %d documents by %d %s at %s, through %s", signed_, trees_,
                      trees_ == 1 ? "tree" : "trees, the last", FormatTime(last_time_), through_);
  if (!to_archive()) return console_.Done(text);
  if (options_.output == client::kStandardStream) return console_.Note(text);
  console_.Done(absl::StrFormat("%s: %s", text, Printable(options_.output)));
}

}  // namespace

ExitCode RunSignBatch(const SignOptions& options, const Surroundings& around) {
  Console& console = around.console;
  const absl::Status checked = CheckOptions(options, console);
  if (!checked.ok()) return console.Fail(checked);
  const auto algorithm = ResolveAlgorithm(around.settings);
  if (!algorithm.ok()) return console.Fail(algorithm.status());
  const auto service = Connect(around.settings);
  if (!service.ok()) return console.Fail(service.status());
  BatchRun run(options, around, *service);
  const absl::Status opened = run.Open(*algorithm);
  if (!opened.ok()) return console.Fail(opened);
  return run.Run();
}

}  // namespace pitser::cli
