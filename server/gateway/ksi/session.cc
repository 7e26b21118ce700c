#include "server/gateway/ksi/session.h"

#include <chrono>
#include <utility>

namespace pitser::server::internal {

using base::MutexLock;

bool SessionSet::Add(const std::shared_ptr<Session>& session) {
  MutexLock lock(mu_);
  if (finishing_ || sessions_.size() >= max_) return false;
  sessions_[session.get()] = session;
  return true;
}

void SessionSet::Remove(const Session* session) {
  MutexLock lock(mu_);
  sessions_.erase(session);
  changed_.SignalAll();
}

std::size_t SessionSet::size() const {
  MutexLock lock(mu_);
  return sessions_.size();
}

std::vector<std::shared_ptr<Session>> SessionSet::All() const {
  std::vector<std::shared_ptr<Session>> all;
  MutexLock lock(mu_);
  for (const auto& [key, session] : sessions_) {
    if (auto held = session.lock()) all.push_back(std::move(held));
  }
  return all;
}

void SessionSet::Finish() {
  {
    MutexLock lock(mu_);
    finishing_ = true;
  }
  for (const auto& session : All()) session->Finish();
}

void SessionSet::Abort() {
  for (const auto& session : All()) session->Abort();
}

bool SessionSet::AwaitEmpty(absl::Duration timeout) {
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(timeout);
  MutexLock lock(mu_);
  // Woken by each session that ends; a peer that does not end its own runs into `timeout`.
  while (!sessions_.empty()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return false;
    changed_.WaitFor(mu_, until - now);
  }
  return true;
}

bool AnswerQueue::Put(KsiReply reply) {
  MutexLock lock(mu_);
  replies_.push_back(std::move(reply));
  return replies_.size() == 1;
}

std::vector<KsiReply> AnswerQueue::TakeAll() {
  MutexLock lock(mu_);
  return std::exchange(replies_, {});
}

}  // namespace pitser::server::internal
