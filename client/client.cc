#include "client/client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/mutex.h"
#include "client/answers.h"
#include "client/call_support.h"
#include "client/stubs.h"
#include "client/taken_part.h"
#include "client/trust.h"
#include "ledger/base/status.h"
#include "ledger/verify/verifier.h"
#include "net/grpc_status.h"

namespace pitser::client {
namespace {

using ledger::Signature;

// Root certificates, or constraints, of one ledger.
constexpr int kMaxTrusted = 64;

std::string ToBytesField(ledger::Bytes bytes) { return ledger::ToString(bytes); }

ServerLimits TakeLimits(const pitser::v1::Limits& limits) {
  return {.max_pending = limits.max_pending(),
          .max_level = limits.max_level(),
          .max_message_bytes = limits.max_message_bytes(),
          .max_streams_per_connection = limits.max_streams_per_connection(),
          .max_batch = limits.max_batch(),
          .max_stream_in_flight = limits.max_stream_in_flight(),
          .max_stream_unsent_bytes = limits.max_stream_unsent_bytes(),
          .stream_stall_ms = limits.stream_stall_ms(),
          .max_queued_reads = limits.max_queued_reads(),
          .max_batch_digests = limits.max_batch_digests(),
          .max_calendar_streams = limits.max_calendar_streams(),
          .max_publication_streams = limits.max_publication_streams()};
}

// Counts calls that are under way.
class Countdown {
 public:
  explicit Countdown(std::size_t count) : count_(count) {}

  void Done() {
    // Signalled under the mutex: the waiter may destroy this as soon as it sees zero.
    base::MutexLock lock(mu_);
    --count_;
    zero_.SignalAll();
  }
  void Wait() {
    base::MutexLock lock(mu_);
    while (count_ != 0) zero_.Wait(mu_);
  }

 private:
  base::Mutex mu_;  // Leaf lock.
  base::CondVar zero_;
  std::size_t count_ PITSER_GUARDED_BY(mu_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  PITSER_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                          net::MakeChannel(options.channel));
  auto stubs = std::make_unique<Stubs>(channel);
  return std::unique_ptr<Client>(new Client(std::move(options), std::move(stubs)));
}

Client::Client(ClientOptions options, std::unique_ptr<Stubs> stubs)
    : options_(std::move(options)), stubs_(std::move(stubs)) {}

Client::~Client() = default;

absl::StatusOr<Signature> Client::Sign(const ledger::Imprint& hash, ledger::Level level) {
  const SignInput input{.hash = hash, .level = level};
  return std::move(SignGroup({&input, 1}).front());
}

std::vector<absl::StatusOr<Signature>> Client::SignMany(std::span<const SignInput> inputs) {
  SignResults results;
  results.reserve(inputs.size());
  while (!inputs.empty()) {
    const std::size_t size = std::min(inputs.size(), options_.max_in_flight);
    SignResults group = SignGroup(inputs.first(size));
    std::ranges::move(group, std::back_inserter(results));
    inputs = inputs.subspan(size);
  }
  return results;
}

Client::SignResults Client::SignGroup(std::span<const SignInput> inputs) {
  SignResults results(inputs.size());
  const std::vector<absl::Status> ends = net::CallManyWithRetry(
      options_.retry, inputs.size(), options_.timeout, options_.environment,
      [&](std::span<const std::size_t> which, std::span<const absl::Duration> remaining) {
        return SignAtOnce(inputs, which, remaining, results);
      });
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (!ends[i].ok()) results[i] = ends[i];
  }
  return results;
}

std::vector<net::Attempt> Client::SignAtOnce(std::span<const SignInput> inputs,
                                             std::span<const std::size_t> which,
                                             std::span<const absl::Duration> timeouts,
                                             SignResults& results) {
  struct Call {
    grpc::ClientContext context;
    pitser::v1::SignRequest request;
    pitser::v1::SignResponse response;
    grpc::Status status;
  };
  std::deque<Call> calls(which.size());
  Countdown under_way(which.size());
  for (std::size_t i = 0; i < which.size(); ++i) {
    const SignInput& input = inputs[which[i]];
    Call& call = calls[i];
    SetDeadline(call.context, timeouts[i]);
    call.request.set_imprint(ToBytesField(input.hash.bytes()));
    call.request.set_level(input.level);
    stubs_->signer->async()->Sign(&call.context, &call.request, &call.response,
                                  [&call, &under_way](grpc::Status status) {
                                    call.status = std::move(status);
                                    under_way.Done();
                                  });
  }
  under_way.Wait();

  std::vector<net::Attempt> outcomes;
  outcomes.reserve(which.size());
  for (std::size_t i = 0; i < which.size(); ++i) {
    net::Attempt outcome = net::FinishedAttempt(calls[i].status, calls[i].context);
    absl::StatusOr<Signature>& result = results[which[i]];
    result = outcome.status.ok()
                 ? TakeSignature(ledger::ToVector(ledger::AsBytes(calls[i].response.signature())),
                                 inputs[which[i]])
                 : absl::StatusOr<Signature>(outcome.status);
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

absl::StatusOr<Signature> Client::Extend(const Signature& signature, const ExtendTarget& target) {
  pitser::v1::ExtendRequest request;
  request.set_aggregation_time(signature.signing_time());
  if (target.publication) {
    request.set_publication_time(target.publication->data.time);
  } else if (target.time) {
    request.set_publication_time(*target.time);
  }
  pitser::v1::ExtendResponse response;
  PITSER_RETURN_IF_ERROR(CallWithRetry(options_, [&](grpc::ClientContext& context) {
    return stubs_->extender->Extend(&context, request, &response);
  }));
  PITSER_ASSIGN_OR_RETURN(const ledger::CalendarHashChain chain,
                          TakeCalendarChain(response.calendar_hash_chain()));
  return TakeExtended(signature, chain, target);
}

absl::StatusOr<ledger::PublicationsFile> Client::GetPublicationsFile() {
  ledger::ByteVector file;
  bool too_long = false;
  PITSER_RETURN_IF_ERROR(CallWithRetry(options_, [&](grpc::ClientContext& context) {
    file.clear();
    const auto reader = stubs_->publications->GetPublicationsFile(&context, {});
    pitser::v1::GetPublicationsFileResponse piece;
    while (reader->Read(&piece)) {
      too_long = piece.data().size() > ledger::kMaxPublicationsFileSize - file.size();
      if (too_long) {
        context.TryCancel();
        break;
      }
      ledger::Append(file, ledger::AsBytes(piece.data()));
    }
    const grpc::Status status = reader->Finish();
    return too_long ? grpc::Status::OK : status;
  }));
  if (too_long) {
    return MalformedAnswer(absl::InvalidArgumentError(absl::StrFormat(
        "a publications file has at most %d bytes", ledger::kMaxPublicationsFileSize)));
  }
  return TakePublicationsFile(std::move(file));
}

absl::StatusOr<ServerInfo> Client::GetServerInfo() {
  pitser::v1::GetServerInfoResponse response;
  PITSER_RETURN_IF_ERROR(CallWithRetry(options_, [&](grpc::ClientContext& context) {
    return stubs_->info->GetServerInfo(&context, {}, &response);
  }));
  ServerInfo info;
  info.version = response.version();
  info.round_length = absl::Milliseconds(response.round_length_ms());
  info.time = absl::FromUnixMillis(static_cast<std::int64_t>(response.time_ms()));
  info.limits = TakeLimits(response.limits());
  for (const pitser::v1::Algorithm& algorithm : response.algorithms()) {
    const auto known = ledger::HashAlgorithmFromId(algorithm.id());
    if (!known) continue;
    info.algorithms.push_back(*known);
    if (algorithm.may_be_signed()) info.may_be_signed.push_back(*known);
  }
  info.root_fingerprint = ledger::ToVector(ledger::AsBytes(response.root_fingerprint()));
  return info;
}

absl::StatusOr<std::uint32_t> Client::GetMaxLevel() {
  PITSER_ASSIGN_OR_RETURN(const ServerInfo info, GetServerInfo());
  return info.limits.max_level;
}

absl::StatusOr<TrustAnswer> Client::GetTrust() {
  pitser::v1::GetTrustResponse response;
  PITSER_RETURN_IF_ERROR(CallWithRetry(options_, [&](grpc::ClientContext& context) {
    return stubs_->info->GetTrust(&context, {}, &response);
  }));
  if (response.root_certificates_size() > kMaxTrusted ||
      response.constraints_size() > kMaxTrusted) {
    return MalformedAnswer(absl::StrFormat(
        "a ledger has at most %d root certificates, and as many constraints", kMaxTrusted));
  }
  TrustAnswer answer;
  for (const std::string& der : response.root_certificates()) {
    auto certificate = ledger::Certificate::FromDer(ledger::AsBytes(der));
    if (!certificate.ok()) return MalformedAnswer(certificate.status());
    answer.anchors.push_back(*std::move(certificate));
  }
  for (const pitser::v1::SubjectConstraint& constraint : response.constraints()) {
    auto parsed = ledger::ParseSubjectConstraint(
        absl::StrFormat("%s=%s", constraint.oid(), constraint.value()));
    if (!parsed.ok()) return MalformedAnswer(parsed.status());
    answer.constraints.push_back(*std::move(parsed));
  }
  if (answer.anchors.empty() || answer.constraints.empty()) {
    return MalformedAnswer(
        absl::InvalidArgumentError("a root certificate or a constraint is missing"));
  }
  return answer;
}

}  // namespace pitser::client
