#include "net/ksi/client.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/thread.h"
#include "ledger/base/status.h"
#include "ledger/service/pdu.h"
#include "ledger/service/status_codes.h"

namespace pitser::net {
namespace {

namespace service = ledger::service;
using base::MutexLock;
using ledger::Bytes;
using ledger::ByteVector;
using Deadline = KsiTransport::Deadline;

constexpr std::size_t kMaxIdle = 8;
constexpr char kStatusUrl[] = "pitser/ksi-status";

// Longer than anybody waits, and no overflow.
std::chrono::nanoseconds Bounded(absl::Duration timeout) {
  return absl::ToChronoNanoseconds(std::clamp(timeout, absl::ZeroDuration(), absl::Hours(24)));
}

Deadline In(absl::Duration timeout) { return std::chrono::steady_clock::now() + Bounded(timeout); }

absl::StatusCode CodeOfAggregator(std::uint64_t status) {
  switch (status) {
    case service::aggregator::kLevelTooHigh:
    case service::aggregator::kHashTooLong:
      return absl::StatusCode::kInvalidArgument;
    case service::aggregator::kQuotaUsedUp:
    case service::aggregator::kTooManyRequests:
      return absl::StatusCode::kResourceExhausted;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::StatusCode CodeOfExtender(std::uint64_t status) {
  switch (status) {
    case service::extender::kInvalidTimeRange:
      return absl::StatusCode::kInvalidArgument;
    case service::extender::kBeforeCalendar:
    case service::extender::kAfterCalendar:
    case service::extender::kInTheFuture:
      return absl::StatusCode::kOutOfRange;
    case service::extender::kCalendarMissing:
    case service::extender::kCalendarDamaged:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::StatusCode CodeOf(std::uint64_t status, bool aggregator) {
  switch (status) {
    case service::kInvalidRequest:
    case service::kInvalidPayload:
      return absl::StatusCode::kInvalidArgument;
    case service::kAuthenticationFailure:
      return absl::StatusCode::kUnauthenticated;
    default:
      return aggregator ? CodeOfAggregator(status) : CodeOfExtender(status);
  }
}

std::uint16_t OtherAnswerTag(std::uint16_t tag) {
  return tag == service::kAggregationResponseTag ? service::kExtensionResponseTag
                                                 : service::kAggregationResponseTag;
}

absl::StatusOr<ByteVector> Exchange(KsiTransport& transport, Bytes pdu, Deadline deadline) {
  PITSER_RETURN_IF_ERROR(transport.Send(pdu, deadline));
  return transport.Receive(deadline);
}

std::uint16_t AnswerTag(std::uint16_t request_tag) {
  return request_tag == service::kAggregationRequestTag ? service::kAggregationResponseTag
                                                        : service::kExtensionResponseTag;
}

}  // namespace

std::optional<std::uint64_t> KsiStatusOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kStatusUrl);
  std::uint64_t code = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &code)) return std::nullopt;
  return code;
}

KsiClient::KsiClient(KsiClientOptions options)
    : options_(std::move(options)),
      instance_id_(
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixSeconds(absl::Now())))) {
}

KsiClient::~KsiClient() = default;

std::unique_ptr<KsiTransport> KsiClient::TakeIdle() {
  MutexLock lock(mu_);
  if (idle_.empty()) return nullptr;
  auto transport = std::move(idle_.back());
  idle_.pop_back();
  return transport;
}

void KsiClient::GiveBack(std::unique_ptr<KsiTransport> transport) {
  if (!transport->reusable()) return;
  MutexLock lock(mu_);
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(transport));
}

absl::Status KsiClient::ErrorOf(const service::ServiceError& error, bool aggregator) const {
  absl::Status status(CodeOf(error.status, aggregator),
                      absl::StrFormat("refused with status 0x%x: %s", error.status,
                                      service::PrintableMessage(error.message)));
  status.SetPayload(kStatusUrl, absl::Cord(absl::StrCat(error.status)));
  return status;
}

absl::StatusOr<ByteVector> KsiClient::Seal(std::uint16_t tag, Bytes payloads) {
  const KsiCredentials& credentials = options_.credentials;
  const service::PduHeader header = {credentials.login, instance_id_, ++message_id_};
  return service::SealPdu(tag, {header, credentials.key, credentials.hmac}, payloads);
}

absl::Status KsiClient::CheckAnswer(Bytes bytes, std::uint16_t tag) const {
  if (const auto error = service::FindBareError(bytes, tag)) {
    return ErrorOf(*error, tag == service::kAggregationResponseTag);
  }
  const auto pdu = service::ParsePdu(bytes);
  if (service::FindBareError(bytes, OtherAnswerTag(tag)) || (pdu.ok() && pdu->tag != tag)) {
    return absl::InvalidArgumentError(
        "it is another service that answers there: aggregator and extender have an address each");
  }
  if (!pdu.ok()) return ledger::Annotate(pdu.status(), "the answer is malformed");
  if (pdu->HmacAlgorithm() != options_.credentials.hmac ||
      !service::Authentic(*pdu, options_.credentials.key)) {
    return absl::UnauthenticatedError("the answer's HMAC is wrong");
  }
  return absl::OkStatus();
}

absl::StatusOr<ByteVector> KsiClient::Ask(std::uint16_t tag, Bytes payloads, Deadline deadline) {
  PITSER_ASSIGN_OR_RETURN(const ByteVector pdu, Seal(tag, payloads));
  while (true) {
    auto transport = TakeIdle();
    const bool was_idle = transport != nullptr;
    if (!was_idle) {
      PITSER_ASSIGN_OR_RETURN(transport, KsiTransport::Connect(options_.transport, deadline));
    }
    absl::StatusOr<ByteVector> answer = Exchange(*transport, pdu, deadline);
    // The peer may have closed one that was idle: that is no failure.
    if (absl::IsUnavailable(answer.status()) && was_idle) continue;
    if (!answer.ok()) return answer.status();
    PITSER_RETURN_IF_ERROR(CheckAnswer(*answer, AnswerTag(tag)));
    GiveBack(std::move(transport));
    return answer;
  }
}

// Requests of SignMany(), on one connection or several.
class KsiClient::SignRun {
 public:
  SignRun(KsiClient& client, std::span<const KsiSignRequest> requests,
          std::span<const absl::Duration> timeouts)
      : client_(client), requests_(requests), timeouts_(timeouts) {
    outcomes_.reserve(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      outcomes_.push_back({absl::UnavailableError("not answered"), absl::ZeroDuration()});
    }
  }

  // Takes requests until none is left, or the connection fails: then its requests fail with it.
  void Work() {
    Connection connection{.free_since = std::chrono::steady_clock::now(), .in_flight = {}};
    const Deadline connect_by = In(*std::max_element(timeouts_.begin(), timeouts_.end()));
    auto transport = KsiTransport::Connect(client_.options_.transport, connect_by);
    if (!transport.ok()) return Fail(transport.status());
    const absl::Status status = Pump(**transport, connection);
    FailInFlight(connection, status);
    if (!status.ok()) return Fail(status);
    client_.GiveBack(*std::move(transport));
  }

  // Once all work has ended.
  std::vector<KsiSignOutcome> Outcomes() {
    MutexLock lock(mu_);
    for (; next_ < requests_.size(); ++next_) outcomes_[next_].signature = OfUnsent();
    return std::move(outcomes_);
  }

 private:
  struct Sent {
    std::size_t index;  // Of the request.
    Deadline since, until;
  };
  struct Connection {
    // When it was opened, or last had an answer: when the turn of the next request came.
    Deadline free_since;
    std::map<std::uint64_t, Sent> in_flight;  // By request id.
  };

  void Fail(const absl::Status& status) {
    MutexLock lock(mu_);
    if (failure_.ok()) failure_ = status;
  }

  // A service that answers others was only too slow with one of them.
  absl::Status OfUnsent() const PITSER_REQUIRES(mu_) {
    if (!absl::IsDeadlineExceeded(failure_) || !answered_) return failure_;
    return absl::UnavailableError("not sent: another request was not answered in time");
  }

  void End(const Sent& sent, absl::StatusOr<KsiSignature> result) {
    outcomes_[sent.index] = {std::move(result),
                             absl::FromChrono(std::chrono::steady_clock::now() - sent.since)};
  }

  // The connection is lost to what is in flight on it. One that has time left can be sent again.
  void FailInFlight(Connection& connection, const absl::Status& status) {
    const Deadline now = std::chrono::steady_clock::now();
    for (const auto& [id, sent] : connection.in_flight) {
      const bool early = absl::IsDeadlineExceeded(status) && now < sent.until;
      End(sent,
          early ? absl::UnavailableError("another request was not answered in time") : status);
    }
  }

  // The next request to be sent; nothing when there is none.
  std::optional<std::size_t> Next() {
    MutexLock lock(mu_);
    if (next_ >= requests_.size()) return std::nullopt;
    return next_++;
  }

  absl::Status Pump(KsiTransport& transport, Connection& connection) {
    absl::Status status;
    bool more = true;
    while (status.ok()) {
      while (more && status.ok() && connection.in_flight.size() < transport.max_in_flight()) {
        const auto index = Next();
        more = index.has_value();
        if (!more) break;
        status = Send(transport, connection, *index);
      }
      if (!status.ok() || connection.in_flight.empty()) break;
      status = Take(transport, connection);
    }
    return status;
  }

  absl::Status Send(KsiTransport& transport, Connection& connection, std::size_t index) {
    const std::uint64_t id = ++client_.request_id_;
    const Deadline since = connection.free_since;
    const Deadline until = since + Bounded(timeouts_[index]);
    connection.in_flight[id] = {index, since, until};
    ByteVector payload;
    const KsiSignRequest& request = requests_[index];
    service::WriteAggregationRequest(payload, {id, request.hash, request.level});
    PITSER_ASSIGN_OR_RETURN(const ByteVector pdu,
                            client_.Seal(service::kAggregationRequestTag, payload));
    return transport.Send(pdu, until);
  }

  absl::Status Take(KsiTransport& transport, Connection& connection) {
    auto& in_flight = connection.in_flight;
    const auto first = std::min_element(
        in_flight.begin(), in_flight.end(),
        [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
    PITSER_ASSIGN_OR_RETURN(const ByteVector bytes, transport.Receive(first->second.until));
    PITSER_RETURN_IF_ERROR(client_.CheckAnswer(bytes, service::kAggregationResponseTag));
    PITSER_ASSIGN_OR_RETURN(const service::Pdu pdu, service::ParsePdu(bytes));
    PITSER_ASSIGN_OR_RETURN(const auto answered, service::ReadAggregationResponses(pdu));
    if (!answered.response) return absl::OkStatus();  // A configuration that was pushed.
    const auto found = in_flight.find(answered.response->request_id);
    if (found == in_flight.end()) return absl::OkStatus();  // Somebody else's, or a second answer.
    connection.free_since = std::chrono::steady_clock::now();
    if (answered.response->result.status == service::kSuccess) {
      KsiSignature signature;
      for (const Bytes part : answered.response->parts) signature.push_back(ledger::ToVector(part));
      End(found->second, std::move(signature));
      MutexLock lock(mu_);
      answered_ = true;
    } else {
      End(found->second, client_.ErrorOf(answered.response->result, /*aggregator=*/true));
    }
    in_flight.erase(found);
    return absl::OkStatus();
  }

  KsiClient& client_;
  const std::span<const KsiSignRequest> requests_;
  const std::span<const absl::Duration> timeouts_;
  std::vector<KsiSignOutcome> outcomes_;  // Each is one thread's.
  base::Mutex mu_;                        // Leaf lock.
  std::size_t next_ PITSER_GUARDED_BY(mu_) = 0;
  bool answered_ PITSER_GUARDED_BY(mu_) = false;  // At least one was.
  absl::Status failure_ PITSER_GUARDED_BY(mu_);
};

absl::StatusOr<KsiSignature> KsiClient::Sign(const KsiSignRequest& request,
                                             absl::Duration timeout) {
  return std::move(SignMany({&request, 1}, {&timeout, 1}).front().signature);
}

std::vector<KsiSignOutcome> KsiClient::SignMany(std::span<const KsiSignRequest> requests,
                                                std::span<const absl::Duration> timeouts) {
  if (requests.empty()) return {};
  SignRun run(*this, requests, timeouts);
  const bool many = address().scheme != KsiAddress::Scheme::kTcp;
  const std::size_t threads = many ? std::min(requests.size(), options_.max_connections) : 1;
  std::vector<base::Thread> helpers;
  for (std::size_t i = 1; i < threads; ++i) {
    helpers.emplace_back("pitser-ksi", [&run] { run.Work(); });
  }
  run.Work();
  for (base::Thread& helper : helpers) helper.Join();
  return run.Outcomes();
}

absl::StatusOr<ledger::CalendarHashChain> KsiClient::Extend(
    std::uint64_t aggregation_time, std::optional<std::uint64_t> publication_time,
    absl::Duration timeout) {
  const std::uint64_t id = ++request_id_;
  ByteVector payload;
  service::WriteExtensionRequest(payload, {id, aggregation_time, publication_time});
  PITSER_ASSIGN_OR_RETURN(const ByteVector bytes,
                          Ask(service::kExtensionRequestTag, payload, In(timeout)));
  PITSER_ASSIGN_OR_RETURN(const service::Pdu pdu, service::ParsePdu(bytes));
  PITSER_ASSIGN_OR_RETURN(auto answered, service::ReadExtensionResponses(pdu));
  if (!answered.response || answered.response->request_id != id) {
    return absl::InvalidArgumentError("the answer is one to another request");
  }
  if (answered.response->result.status != service::kSuccess) {
    return ErrorOf(answered.response->result, /*aggregator=*/false);
  }
  return *std::move(answered.response->chain);
}

absl::StatusOr<service::AggregatorConfiguration> KsiClient::GetAggregatorConfiguration(
    absl::Duration timeout) {
  ByteVector payload;
  service::WriteConfigurationRequest(payload);
  PITSER_ASSIGN_OR_RETURN(const ByteVector bytes,
                          Ask(service::kAggregationRequestTag, payload, In(timeout)));
  PITSER_ASSIGN_OR_RETURN(const service::Pdu pdu, service::ParsePdu(bytes));
  PITSER_ASSIGN_OR_RETURN(auto answered, service::ReadAggregationResponses(pdu));
  if (answered.configuration) return *std::move(answered.configuration);
  if (answered.response) return ErrorOf(answered.response->result, /*aggregator=*/true);
  return absl::InvalidArgumentError("the answer holds no configuration");
}

absl::StatusOr<service::ExtenderConfiguration> KsiClient::GetExtenderConfiguration(
    absl::Duration timeout) {
  ByteVector payload;
  service::WriteConfigurationRequest(payload);
  PITSER_ASSIGN_OR_RETURN(const ByteVector bytes,
                          Ask(service::kExtensionRequestTag, payload, In(timeout)));
  PITSER_ASSIGN_OR_RETURN(const service::Pdu pdu, service::ParsePdu(bytes));
  PITSER_ASSIGN_OR_RETURN(auto answered, service::ReadExtensionResponses(pdu));
  if (answered.configuration) return *std::move(answered.configuration);
  if (answered.response) return ErrorOf(answered.response->result, /*aggregator=*/false);
  return absl::InvalidArgumentError("the answer holds no configuration");
}

absl::StatusOr<ByteVector> KsiClient::GetPublicationsFile(std::size_t max_size,
                                                          absl::Duration timeout) {
  return GetOverHttp(options_.transport, "/ksi-publications.bin", max_size, In(timeout));
}

}  // namespace pitser::net
