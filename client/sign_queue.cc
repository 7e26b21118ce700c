#include "client/sign_queue.h"

#include <algorithm>
#include <utility>

namespace pitser::client {
namespace {

absl::Status TookTooLong() {
  return absl::DeadlineExceededError("the service did not answer in time");
}

}  // namespace

absl::Status SignQueue::Add(const ledger::Imprint& hash, ledger::Level level,
                            SignCallback callback) {
  const base::MutexLock lock(mu_);
  if (closed_) return absl::UnavailableError("the stream is closed");
  if (unanswered_ >= limits_.max_unanswered) {
    return absl::ResourceExhaustedError("too many requests are unanswered");
  }
  ++unanswered_;
  const std::uint64_t id = next_id_++;
  unsent_.emplace(id, Request{.id = id,
                              .hash = hash,
                              .level = level,
                              .callback = std::move(callback),
                              .deadline = environment_.monotonic() + limits_.timeout});
  changed_.SignalAll();
  return absl::OkStatus();
}

void SignQueue::WaitForRoom() {
  const base::MutexLock lock(mu_);
  while (!closed_ && unanswered_ >= limits_.max_unanswered) changed_.Wait(mu_);
}

void SignQueue::Close() {
  const base::MutexLock lock(mu_);
  closed_ = true;
  changed_.SignalAll();
}

void SignQueue::WaitForAll() {
  const base::MutexLock lock(mu_);
  while (unanswered_ != 0) changed_.Wait(mu_);
}

bool SignQueue::WaitForWork() {
  while (true) {
    std::vector<Answered> expired;
    {
      const base::MutexLock lock(mu_);
      const absl::Duration now = environment_.monotonic();
      bool was_in_flight = false;
      expired = TakeExpired(now, was_in_flight);
      if (expired.empty()) {
        if (MaySend(now)) {
          stream_ = Stream();
          return true;
        }
        if (closed_ && unsent_.empty()) return false;
        WaitForChange(now);
      }
    }
    Give(std::move(expired));
  }
}

SignQueue::Step SignQueue::Next(std::size_t max_items, std::vector<Item>& items) {
  items.clear();
  while (true) {
    std::vector<Answered> expired;
    bool stuck = false;
    {
      const base::MutexLock lock(mu_);
      const absl::Duration now = environment_.monotonic();
      expired = TakeExpired(now, stuck);
      stuck = (stuck || now >= stream_.end_by) && !stream_.cancelled;
      if (stuck) {
        // A stream that leaves a request without an answer for so long is no good to the others.
        stream_.stuck = stream_.cancelled = true;
        stream_.end_by = absl::InfiniteDuration();
      } else if (expired.empty()) {
        if (const std::optional<Step> step = NextStep(now, max_items, items)) return *step;
        WaitForChange(now);
      }
    }
    Give(std::move(expired));
    if (stuck) return Step::kCancel;
  }
}

std::optional<SignQueue::Step> SignQueue::NextStep(absl::Duration now, std::size_t max_items,
                                                   std::vector<Item>& items) {
  if (stream_.ended) return Step::kEnded;
  if (stream_.readable) {
    stream_.readable = false;
    return Step::kRead;
  }
  if (stream_.no_more) {
    if (stream_.released) return std::nullopt;
    stream_.released = true;
    return Step::kRelease;
  }
  if (stream_.sending || stream_.half_closed || stream_.cancelled) return std::nullopt;
  if (MaySend(now)) {
    TakeItems(max_items, items);
    stream_.sending = true;
    return Step::kSend;
  }
  if (closed_ && unsent_.empty()) {
    stream_.half_closed = true;
    stream_.end_by = now + limits_.timeout;
    return Step::kHalfClose;
  }
  return std::nullopt;
}

void SignQueue::StopSending() {
  const base::MutexLock lock(mu_);
  stream_.cancelled = true;
}

void SignQueue::EndStream(const net::Attempt& outcome) {
  std::vector<Answered> answered;
  {
    const base::MutexLock lock(mu_);
    Requests undecided = std::move(in_flight_);
    in_flight_.clear();
    for (auto& [id, request] : undecided) Repeat(std::move(request), outcome, answered);
    if (stream_.stuck) {
      // What has no time for another attempt waited in vain as well.
      for (Answered& one : answered) one.result = TookTooLong();
    }
  }
  Give(std::move(answered));
}

std::optional<SignQueue::Request> SignQueue::TakeInFlight(std::uint64_t id) {
  const base::MutexLock lock(mu_);
  auto node = in_flight_.extract(id);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

void SignQueue::Answer(Request request, absl::StatusOr<ledger::Signature> result) {
  std::vector<Answered> answered;
  answered.push_back({std::move(request), std::move(result)});
  Give(std::move(answered));
}

void SignQueue::Refuse(Request request, const net::Attempt& outcome) {
  std::vector<Answered> answered;
  {
    const base::MutexLock lock(mu_);
    Repeat(std::move(request), outcome, answered);
  }
  Give(std::move(answered));
}

void SignQueue::MessageCame() {
  const base::MutexLock lock(mu_);
  stream_.readable = true;
  changed_.SignalAll();
}

void SignQueue::NoMoreMessages() {
  const base::MutexLock lock(mu_);
  stream_.no_more = true;
  changed_.SignalAll();
}

void SignQueue::Sent() {
  const base::MutexLock lock(mu_);
  stream_.sending = false;
  changed_.SignalAll();
}

void SignQueue::Ended() {
  const base::MutexLock lock(mu_);
  stream_.ended = true;
  changed_.SignalAll();
}

void SignQueue::Give(std::vector<Answered> answered) {
  if (answered.empty()) return;
  for (Answered& one : answered) {
    one.request.callback(std::move(one.result));
    one.request.callback = nullptr;  // What it holds goes before WaitForAll() returns.
  }
  const base::MutexLock lock(mu_);
  unanswered_ -= answered.size();
  changed_.SignalAll();
}

std::vector<SignQueue::Answered> SignQueue::TakeExpired(absl::Duration now, bool& was_in_flight) {
  std::vector<Answered> expired;
  for (Requests* requests : {&in_flight_, &unsent_}) {
    while (!requests->empty() && requests->begin()->second.deadline <= now) {
      was_in_flight = was_in_flight || requests == &in_flight_;
      expired.push_back({std::move(requests->extract(requests->begin()).mapped()), TookTooLong()});
    }
  }
  return expired;
}

bool SignQueue::MaySend(absl::Duration now) {
  return !unsent_.empty() && in_flight_.size() < limits_.max_in_flight && now >= pause_until_;
}

void SignQueue::TakeItems(std::size_t max_items, std::vector<Item>& items) {
  while (!unsent_.empty() && items.size() < max_items &&
         in_flight_.size() < limits_.max_in_flight) {
    auto node = unsent_.extract(unsent_.begin());
    const Request& request = node.mapped();
    items.push_back({request.id, request.hash, request.level});
    in_flight_.insert(std::move(node));
  }
}

void SignQueue::Repeat(Request request, const net::Attempt& outcome,
                       std::vector<Answered>& answered) {
  const absl::Duration now = environment_.monotonic();
  ++request.attempts;
  const auto delay = net::DelayBeforeRetry(limits_.retry, request.attempts, outcome,
                                           request.deadline - now, environment_.random());
  if (!delay) {
    answered.push_back({std::move(request), outcome.status});
    return;
  }
  pause_until_ = std::max(pause_until_, now + *delay);
  const std::uint64_t id = request.id;
  unsent_.emplace(id, std::move(request));
  changed_.SignalAll();
}

void SignQueue::WaitForChange(absl::Duration now) {
  absl::Duration until = stream_.end_by;
  for (const Requests* requests : {&in_flight_, &unsent_}) {
    if (!requests->empty()) until = std::min(until, requests->begin()->second.deadline);
  }
  if (!unsent_.empty() && pause_until_ > now) until = std::min(until, pause_until_);
  if (until == absl::InfiniteDuration()) {
    changed_.Wait(mu_);
  } else if (until > now) {
    changed_.WaitFor(mu_, absl::ToChronoNanoseconds(until - now));
  }
}

}  // namespace pitser::client
