#include "bench/load/kept_store.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace pitser::bench {

using base::MutexLock;

KeptStore::KeptStore(const Options& options)
    : options_(options), hashes_(options.seed), thread_("verify", [this] { VerifyBeside(); }) {}

KeptStore::~KeptStore() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.SignalAll();
}

void KeptStore::Put(std::unique_ptr<PartChunk> chunk) {
  bool many = false;
  {
    MutexLock lock(mu_);
    total_bytes_ += chunk->size_bytes();
    chunks_.push_back(std::move(chunk));
    many = chunks_.size() * PartChunk::kSize > options_.max_bytes;
  }
  if (many) changed_.SignalAll();
}

std::unique_ptr<PartChunk> KeptStore::Take() {
  MutexLock lock(mu_);
  if (chunks_.empty()) return nullptr;
  std::unique_ptr<PartChunk> chunk = std::move(chunks_.back());
  chunks_.pop_back();
  return chunk;
}

void KeptStore::Verify(const PartChunk& chunk, SignatureChecker& checker) const {
  chunk.ForEach([&](std::uint64_t number, const Tail& tail, ledger::Bytes part) {
    checker.Check(number, hashes_.Imprint(number), tail, part);
  });
}

void KeptStore::VerifyBeside() {
  setpriority(PRIO_PROCESS, 0, 19);  // Of this thread: Linux has it so.
  SignatureChecker checker(options_.checker);
  for (;;) {
    {
      MutexLock lock(mu_);
      while (!stopping_ && chunks_.size() * PartChunk::kSize <= options_.max_bytes) {
        changed_.Wait(mu_);
      }
      if (stopping_) {
        beside_.Add(checker.counts());
        return;
      }
    }
    if (const auto chunk = Take()) Verify(*chunk, checker);
  }
}

KeptStore::Report KeptStore::VerifyAll() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.SignalAll();
  thread_.Join();
  Report report;
  {
    MutexLock lock(mu_);
    report.counts = beside_;
    report.kept_bytes = total_bytes_;
  }
  report.verified_beside = report.counts.right + report.counts.wrong;
  report.threads = std::max(1u, std::thread::hardware_concurrency());
  const auto start = std::chrono::steady_clock::now();
  std::vector<SignatureChecker::Counts> counts(report.threads);
  {
    std::vector<base::Thread> workers;
    for (SignatureChecker::Counts& mine : counts) {
      workers.emplace_back("verify", [this, &mine, threads = report.threads] {
        SignatureChecker::Options options = options_.checker;
        options.max_in_full = (options.max_in_full + threads - 1) / threads;
        SignatureChecker checker(options);
        while (const auto chunk = Take()) Verify(*chunk, checker);
        mine = checker.counts();
      });
    }
  }
  for (const SignatureChecker::Counts& one : counts) report.counts.Add(one);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace pitser::bench
