#include "server/gateway/ksi/session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "server/gateway/refusal_log.h"

namespace pitser::server::internal {

using base::MutexLock;

std::string ShareOf(const asio::ip::address& address) {
  if (!address.is_v6() || address.to_v6().is_v4_mapped()) return address.to_string();
  asio::ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

std::string_view SessionSet::FullLimit(const std::string& from) const {
  if (sessions_.size() >= max_) return "ksi_max_connections";
  const auto it = of_address_.find(from);
  const bool full = it != of_address_.end() && it->second >= max_per_address_;
  return full ? "ksi_max_connections_per_address" : "";
}

bool SessionSet::Add(const std::shared_ptr<Session>& session, const std::string& from) {
  std::string_view limit;
  {
    MutexLock lock(mu_);
    if (finishing_) return false;
    limit = FullLimit(from);
    if (limit.empty()) {
      sessions_[session.get()] = {session, from};
      ++of_address_[from];
    }
  }
  if (!limit.empty()) CountRefusal("ksi", limit);
  return limit.empty();
}

void SessionSet::Remove(const Session* session) {
  MutexLock lock(mu_);
  const auto it = sessions_.find(session);
  if (it != sessions_.end()) {
    if (const auto of = of_address_.find(it->second.from); --of->second == 0) of_address_.erase(of);
    sessions_.erase(it);
  }
  changed_.SignalAll();
}

std::size_t SessionSet::size() const {
  MutexLock lock(mu_);
  return sessions_.size();
}

std::vector<std::shared_ptr<Session>> SessionSet::All() const {
  std::vector<std::shared_ptr<Session>> all;
  MutexLock lock(mu_);
  for (const auto& [key, entry] : sessions_) {
    if (auto held = entry.session.lock()) all.push_back(std::move(held));
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
