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
                              .since = environment_.monotonic()});
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
  answers_came_.SignalAll();
}

void SignQueue::WaitForAll() {
  const base::MutexLock lock(mu_);
  while (unanswered_ != 0) changed_.Wait(mu_);
}

bool SignQueue::WaitForWork() {
  const base::MutexLock lock(mu_);
  while (true) {
    const absl::Duration now = environment_.monotonic();
    GiveUpExpired(now);
    if (MaySend(now)) {
      stream_ = Stream();
      return true;
    }
    if (closed_ && unsent_.empty()) return false;
    WaitForChange(now);
  }
}

SignQueue::Step SignQueue::Next(std::size_t max_items, std::vector<Item>& items) {
  items.clear();
  const base::MutexLock lock(mu_);
  while (true) {
    const absl::Duration now = environment_.monotonic();
    const bool stuck = GiveUpExpired(now) || now >= stream_.end_by;
    if (stuck && !stream_.cancelled) {
      // A stream that leaves a request without an answer for so long is no good to the others.
      stream_.stuck = stream_.cancelled = true;
      stream_.end_by = absl::InfiniteDuration();
      return Step::kCancel;
    }
    if (const std::optional<Step> step = NextStep(now, max_items, items)) return *step;
    WaitForChange(now);
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
    TakeItems(now, max_items, items);
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
  const base::MutexLock lock(mu_);
  Requests undecided = std::move(in_flight_);
  in_flight_.clear();
  const std::size_t before = answered_.size();
  for (auto& [id, request] : undecided) Repeat(std::move(request), outcome);
  if (!stream_.stuck) return;
  // What has no time for another attempt waited in vain as well.
  for (std::size_t i = before; i < answered_.size(); ++i) answered_[i].result = TookTooLong();
}

std::optional<SignQueue::Request> SignQueue::TakeInFlight(std::uint64_t id) {
  const base::MutexLock lock(mu_);
  auto node = in_flight_.extract(id);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

void SignQueue::Answer(Request request, absl::StatusOr<ledger::Signature> result) {
  const base::MutexLock lock(mu_);
  moved_ = environment_.monotonic();
  if (result.ok()) ++held_;
  Give(std::move(request), std::move(result));
}

void SignQueue::Refuse(Request request, const net::Attempt& outcome) {
  const base::MutexLock lock(mu_);
  Repeat(std::move(request), outcome);
}

bool SignQueue::WaitForAnswers() {
  const base::MutexLock lock(mu_);
  while (answered_.empty()) {
    if (closed_ && unanswered_ == 0) return false;
    answers_came_.Wait(mu_);
  }
  return true;
}

void SignQueue::GiveAnswers() {
  std::vector<Answered> giving;
  {
    const base::MutexLock lock(mu_);
    giving.swap(answered_);
  }
  for (Answered& one : giving) {
    const bool held = one.result.ok();
    one.request.callback(std::move(one.result));
    one.request.callback = nullptr;  // What it holds goes before WaitForAll() returns.
    const base::MutexLock lock(mu_);
    const bool made_room = held && !HasRoom();
    if (held) {
      --held_;
      moved_ = environment_.monotonic();
    }
    // Whom it matters to, and nobody else: the pump, a caller that waits for room or for all.
    if (made_room || unanswered_ == limits_.max_unanswered || unanswered_ == 1) {
      changed_.SignalAll();
    }
    --unanswered_;
  }
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

void SignQueue::Give(Request request, absl::StatusOr<ledger::Signature> result) {
  answered_.push_back({std::move(request), std::move(result)});
  if (answered_.size() == 1) answers_came_.SignalAll();
}

absl::Duration SignQueue::EndOf(const Request& request) const {
  if (request.was_sent) return request.since + limits_.timeout;
  if (held_ != 0 && !HasRoom()) return absl::InfiniteDuration();
  return std::max(request.since, moved_) + limits_.timeout;
}

bool SignQueue::GiveUpExpired(absl::Duration now) {
  bool was_in_flight = false;
  for (Requests* requests : {&in_flight_, &unsent_}) {
    while (!requests->empty() && EndOf(requests->begin()->second) <= now) {
      was_in_flight = was_in_flight || requests == &in_flight_;
      Give(std::move(requests->extract(requests->begin()).mapped()), TookTooLong());
    }
  }
  return was_in_flight;
}

bool SignQueue::HasRoom() const { return in_flight_.size() + held_ < limits_.max_in_flight; }

bool SignQueue::MaySend(absl::Duration now) const {
  return !unsent_.empty() && HasRoom() && now >= pause_until_;
}

void SignQueue::TakeItems(absl::Duration now, std::size_t max_items, std::vector<Item>& items) {
  while (!unsent_.empty() && items.size() < max_items && HasRoom()) {
    auto node = unsent_.extract(unsent_.begin());
    Request& request = node.mapped();
    if (!request.was_sent) {
      request.was_sent = true;
      request.since = moved_ = now;
    }
    items.push_back({request.id, request.hash, request.level});
    in_flight_.insert(std::move(node));
  }
}

void SignQueue::Repeat(Request request, const net::Attempt& outcome) {
  const absl::Duration now = environment_.monotonic();
  ++request.attempts;
  const auto delay = net::DelayBeforeRetry(limits_.retry, request.attempts, outcome,
                                           EndOf(request) - now, environment_.random());
  if (!delay) return Give(std::move(request), outcome.status);
  pause_until_ = std::max(pause_until_, now + *delay);
  const std::uint64_t id = request.id;
  unsent_.emplace(id, std::move(request));
  changed_.SignalAll();
}

void SignQueue::WaitForChange(absl::Duration now) {
  absl::Duration until = stream_.end_by;
  for (const Requests* requests : {&in_flight_, &unsent_}) {
    if (!requests->empty()) until = std::min(until, EndOf(requests->begin()->second));
  }
  if (!unsent_.empty() && pause_until_ > now) until = std::min(until, pause_until_);
  if (until == absl::InfiniteDuration()) {
    changed_.Wait(mu_);
  } else if (until > now) {
    changed_.WaitFor(mu_, absl::ToChronoNanoseconds(until - now));
  }
}

}  // namespace pitser::client
