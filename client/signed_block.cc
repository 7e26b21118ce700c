#include "client/signed_block.h"

#include <algorithm>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "base/thread.h"
#include "ledger/base/status.h"
#include "ledger/format/metadata.h"
#include "ledger/format/tlv.h"
#include "ledger/verify/shared_tail.h"

namespace pitser::client {
namespace {

using ledger::Bytes;
using ledger::ByteVector;

// Leaves of a run: about a MiB of signatures.
constexpr std::size_t kRunLeaves = 512;
constexpr unsigned kMaxThreads = 64;

std::size_t RunCount(std::size_t leaves) { return (leaves + kRunLeaves - 1) / kRunLeaves; }

}  // namespace

// Makes signatures, one thread's worth: what it holds is used for leaf after leaf.
class SignedBlock::Maker {
 public:
  explicit Maker(const SignedBlock& signed_block)
      : block_(signed_block.block_),
        signed_block_(signed_block),
        tail_(signed_block.tail_.bytes),
        chains_(block_.Chains(signed_block.tail_.aggregation_time, signed_block.tail_.above)) {}

  // Appends the signature of a leaf.
  absl::Status Append(std::size_t index, ByteVector& out) {
    if (block_.LeafIsRoot()) {
      ledger::Append(out, signed_block_.root_.bytes());
      return absl::OkStatus();
    }
    const ledger::RootTail& tail = signed_block_.tail_;
    const ledger::LeafParts leaf = block_.parts(index);
    const Bytes part = chains_.Write(index, leaf);
    const auto result = tail_.Verify(part, ledger::Imprint::Of(leaf.hash), leaf.level);
    PITSER_RETURN_IF_ERROR(result);
    if (result->outcome != ledger::Outcome::kOk) {
      return absl::InternalError(absl::StrFormat("the signature of leaf %d does not verify: %s %s",
                                                 index, ledger::ErrorCodeName(result->code),
                                                 ledger::ErrorCodeText(result->code)));
    }
    // That it fits is what Verify() saw.
    ledger::WriteHeader(out, ledger::kSignatureTag, part.size() + tail.bytes.size());
    ledger::Append(out, part);
    ledger::Append(out, tail.bytes);
    return absl::OkStatus();
  }

  absl::Status MakeRun(std::size_t number, SignatureRun& run) {
    run.first_ = number * kRunLeaves;
    run.bytes_.clear();
    run.ends_.clear();
    const std::size_t end = std::min(run.first_ + kRunLeaves, block_.size());
    for (std::size_t i = run.first_; i < end; ++i) {
      PITSER_RETURN_IF_ERROR(Append(i, run.bytes_));
      run.ends_.push_back(run.bytes_.size());
    }
    return absl::OkStatus();
  }

 private:
  const ledger::LocalBlock& block_;
  const SignedBlock& signed_block_;
  ledger::SharedTail tail_;
  ledger::ChainWriter chains_;
};

// Several threads make runs; one thread or all of them show these. A thread may be a few runs ahead
// of the one that is shown, no more.
class SignedBlock::Pipeline {
 public:
  Pipeline(const SignedBlock& signed_block, std::size_t window, const RunVisitor& visit)
      : signed_block_(signed_block),
        count_(RunCount(signed_block.size())),
        window_(window),
        visit_(visit) {}

  // Makes runs until there are none left or something has failed. Thread: any number at once.
  void MakeAndVisit() {
    Maker maker(signed_block_);
    SignatureRun run;
    for (std::optional<std::size_t> number = Take(); number; number = Take()) {
      absl::Status status = maker.MakeRun(*number, run);
      if (status.ok()) status = visit_(run);
      if (!status.ok()) return Fail(status);
      const base::MutexLock lock(mu_);
      ++shown_;
    }
  }
  void Make() {
    Maker maker(signed_block_);
    for (std::optional<std::size_t> number = Take(); number; number = Take()) {
      SignatureRun run = SpareRun();
      if (const absl::Status status = maker.MakeRun(*number, run); !status.ok()) {
        return Fail(status);
      }
      const base::MutexLock lock(mu_);
      made_.emplace(*number, std::move(run));
      changed_.SignalAll();
    }
  }

  // Shows what Make() makes, in its order, until all is shown or something has failed.
  void Show() {
    for (std::size_t number = 0; number < count_; ++number) {
      SignatureRun run;
      {
        const base::MutexLock lock(mu_);
        while (status_.ok() && !made_.contains(number)) changed_.Wait(mu_);
        if (!status_.ok()) return;
        run = std::move(made_.extract(number).mapped());
      }
      if (const absl::Status status = visit_(run); !status.ok()) return Fail(status);
      const base::MutexLock lock(mu_);
      ++shown_;
      spare_.push_back(std::move(run));
      changed_.SignalAll();
    }
  }

  absl::Status status() const {
    const base::MutexLock lock(mu_);
    return status_;
  }

 private:
  // The next run to make; nothing at the end.
  std::optional<std::size_t> Take() {
    const base::MutexLock lock(mu_);
    while (status_.ok() && next_ < count_ && next_ >= shown_ + window_) changed_.Wait(mu_);
    if (!status_.ok() || next_ == count_) return std::nullopt;
    return next_++;
  }

  SignatureRun SpareRun() {
    const base::MutexLock lock(mu_);
    if (spare_.empty()) return {};
    SignatureRun run = std::move(spare_.back());
    spare_.pop_back();
    return run;
  }

  void Fail(const absl::Status& status) {
    const base::MutexLock lock(mu_);
    if (status_.ok()) status_ = status;
    changed_.SignalAll();
  }

  const SignedBlock& signed_block_;
  const std::size_t count_;
  const std::size_t window_;
  const RunVisitor& visit_;

  mutable base::Mutex mu_;  // Leaf lock.
  base::CondVar changed_;
  std::size_t next_ PITSER_GUARDED_BY(mu_) = 0;
  std::size_t shown_ PITSER_GUARDED_BY(mu_) = 0;
  std::map<std::size_t, SignatureRun> made_ PITSER_GUARDED_BY(mu_);  // Not yet shown.
  std::vector<SignatureRun> spare_ PITSER_GUARDED_BY(mu_);           // Memory to be used again.
  absl::Status status_ PITSER_GUARDED_BY(mu_);
};

absl::StatusOr<SignedBlock> SignedBlock::Create(ledger::LocalBlock block, ledger::Signature root,
                                                std::optional<ledger::Masking> masking) {
  if (!(root.input_hash() == block.root().imprint)) {
    return absl::InvalidArgumentError("the signature is not of the root of this tree");
  }
  PITSER_ASSIGN_OR_RETURN(ledger::RootTail tail, ledger::TailOfRoot(root, block.root().level));
  return SignedBlock(std::move(block), std::move(root), std::move(tail), std::move(masking));
}

SignedBlock::SignedBlock(ledger::LocalBlock block, ledger::Signature root, ledger::RootTail tail,
                         std::optional<ledger::Masking> masking)
    : block_(std::move(block)),
      root_(std::move(root)),
      tail_(std::move(tail)),
      masking_(std::move(masking)) {}

std::string SignedBlock::ClientIdOf(std::size_t index) const {
  const Bytes content = block_.parts(index).metadata;
  if (content.empty()) return {};
  ledger::Element element;
  element.value = element.raw = content;
  const auto metadata = ledger::ParseMetadata(element);
  return metadata.ok() ? metadata->client_id : std::string();
}

absl::Status SignedBlock::Visit(Order order, unsigned threads, const RunVisitor& visit) const {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  threads = std::min<unsigned>({threads, kMaxThreads, static_cast<unsigned>(RunCount(size()))});
  Pipeline pipeline(*this, 2 * static_cast<std::size_t>(threads) + 2, visit);
  {
    std::vector<base::Thread> makers;  // Joined when they go away.
    for (unsigned i = 0; i < threads; ++i) {
      makers.emplace_back("sign-leaves", [&pipeline, order] {
        order == Order::kAny ? pipeline.MakeAndVisit() : pipeline.Make();
      });
    }
    if (order == Order::kAscending) pipeline.Show();
  }
  return pipeline.status();
}

absl::StatusOr<ByteVector> SignedBlock::SignatureOf(std::size_t index) const {
  ByteVector out;
  PITSER_RETURN_IF_ERROR(Maker(*this).Append(index, out));
  return out;
}

}  // namespace pitser::client
