#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "server/gateway/ksi/gateway.h"
#include "server/gateway/ksi/service.h"

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

// The connections that are open, up to a limit.
// Thread: any.
class SessionSet {
 public:
  explicit SessionSet(std::size_t max) : max_(max) {}

  // False: there are too many, or Finish() was called.
  bool Add(const std::shared_ptr<Session>& session) PITSER_EXCLUDES(mu_);
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
  std::vector<std::shared_ptr<Session>> All() const PITSER_EXCLUDES(mu_);

  const std::size_t max_;
  std::atomic<std::size_t> unsent_ = 0;
  mutable base::Mutex mu_;  // Leaf lock.
  base::CondVar changed_;
  std::map<const Session*, std::weak_ptr<Session>> sessions_ PITSER_GUARDED_BY(mu_);
  bool finishing_ PITSER_GUARDED_BY(mu_) = false;
};

// What a connection to one of the services needs. Outlives it.
struct SessionContext {
  KsiService* service;
  const KsiGatewayOptions* options;
  const Publications* publications;
  SessionSet* sessions;
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
