#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "server/gateway/ksi/gateway.h"
#include "server/gateway/ksi/service.h"
#include "server/gateway/ksi/sockets.h"

// What listener and connections share. For the sources of this folder only.
namespace pitser::server::internal {

// A connection that is open.
class Session {
 public:
  virtual ~Session() = default;
  // No more requests; closes when what is due is sent. Any thread.
  virtual void Finish() = 0;
  // Closes now. Any thread.
  virtual void Abort() = 0;
};

// The connections that are open, up to a limit, and from one address up to another.
// Thread: any.
class SessionSet {
 public:
  SessionSet(std::size_t max, std::size_t max_per_address)
      : max_(max), max_per_address_(max_per_address) {}

  // `from`: as ShareOf() gives it.
  // False: there are too many (that is logged, now and then), or Finish() was called.
  bool Add(const std::shared_ptr<Session>& session, const std::string& from) PITSER_EXCLUDES(mu_);
  void Remove(const Session* session) PITSER_EXCLUDES(mu_);
  std::size_t size() const PITSER_EXCLUDES(mu_);

  // Bytes of answers that wait to be sent, of all of them. A connection tells what it has now, and
  // what it told before.
  std::size_t unsent() const { return unsent_.load(std::memory_order_relaxed); }
  void AddUnsent(std::size_t now, std::size_t before) {
    unsent_.fetch_add(now - before, std::memory_order_relaxed);
  }

  // All finish, and no more are added.
  void Finish() PITSER_EXCLUDES(mu_);
  void Abort() PITSER_EXCLUDES(mu_);
  // Whether there are none left within `timeout`.
  bool AwaitEmpty(absl::Duration timeout) PITSER_EXCLUDES(mu_);

 private:
  struct Entry {
    std::weak_ptr<Session> session;
    std::string from;
  };

  std::vector<std::shared_ptr<Session>> All() const PITSER_EXCLUDES(mu_);
  // Which limit it is that has no room for another one; empty: none.
  std::string_view FullLimit(const std::string& from) const PITSER_REQUIRES(mu_);

  const std::size_t max_, max_per_address_;
  std::atomic<std::size_t> unsent_ = 0;
  mutable base::Mutex mu_;  // Leaf lock.
  base::CondVar changed_;
  std::map<const Session*, Entry> sessions_ PITSER_GUARDED_BY(mu_);
  std::map<std::string, std::size_t> of_address_ PITSER_GUARDED_BY(mu_);
  bool finishing_ PITSER_GUARDED_BY(mu_) = false;
};

// Whose share a connection is of: its address, of an IPv6 one the network of 64 bits.
std::string ShareOf(const asio::ip::address& address);

// What a connection to one of the services needs. Outlives it.
struct SessionContext {
  KsiService* service;
  const KsiGatewayOptions* options;
  const Publications* publications;
  SessionSet* sessions;
  std::string share = {};  // Whose the connection is, ShareOf().
};

// Answers of one connection on their way from whichever thread has them to the connection's own.
// Thread: any.
class AnswerQueue {
 public:
  // True: it was empty, so the connection must be woken.
  bool Put(KsiReply reply) PITSER_EXCLUDES(mu_);
  std::vector<KsiReply> TakeAll() PITSER_EXCLUDES(mu_);

 private:
  base::Mutex mu_;  // Leaf lock.
  std::vector<KsiReply> replies_ PITSER_GUARDED_BY(mu_);
};

}  // namespace pitser::server::internal
