#include "bench/load/tally.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"

namespace pitser::bench {
namespace {

constexpr std::size_t kMaxComplaints = 5;

// Of the server's trailing metadata; empty when it is not there.
std::string Trailing(const grpc::ClientContext& context, const char* key) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find(key);
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

bool IsUndecided(int code, bool has_word) {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
      return !has_word;
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::DATA_LOSS:
      return true;
    default:
      return false;
  }
}

std::uint64_t Total(const std::map<Refusal, std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& entry) { return sum + entry.second; });
}

}  // namespace

Ending EndingOf(const grpc::Status& status, const grpc::ClientContext& context) {
  const std::string limit = Trailing(context, "pitser-limit");
  const std::string delay = Trailing(context, "pitser-retry-after-ms");
  Ending ending;
  if (!absl::SimpleAtoi(delay, &ending.retry_after_ms)) ending.retry_after_ms = 0;
  ending.fate = IsUndecided(status.error_code(), !limit.empty() || !delay.empty())
                    ? Fate::kUndecided
                    : Fate::kRefused;
  ending.refusal = {status.error_code(), limit};
  return ending;
}

Ending EndingOfItem(int code, const std::string& limit,
                    std::optional<std::uint32_t> retry_after_ms) {
  // An item's error is always the server's own word.
  const bool refused = code == grpc::StatusCode::DEADLINE_EXCEEDED || !IsUndecided(code, true);
  return {.fate = refused ? Fate::kRefused : Fate::kUndecided,
          .refusal = {code, limit},
          .retry_after_ms = retry_after_ms.value_or(0)};
}

std::string CodeName(int code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

void Tally::Breach(std::string complaint) {
  ++breaches;
  if (complaints.size() < kMaxComplaints) complaints.push_back(std::move(complaint));
}

std::uint64_t Tally::TotalRefused() const { return Total(refused); }
std::uint64_t Tally::TotalUndecided() const { return Total(undecided); }

void Tally::Add(const Tally& other) {
  sent += other.sent;
  signed_count += other.signed_count;
  for (const auto& [refusal, count] : other.refused) refused[refusal] += count;
  for (const auto& [refusal, count] : other.undecided) undecided[refusal] += count;
  missed += other.missed;
  breaches += other.breaches;
  complaints.insert(complaints.end(), other.complaints.begin(), other.complaints.end());
  calls += other.calls;
  bytes_sent += other.bytes_sent;
  bytes_received += other.bytes_received;
  part_bytes += other.part_bytes;
  tails += other.tails;
  tail_bytes += other.tail_bytes;
  measured_sent += other.measured_sent;
  measured_signed += other.measured_signed;
  last_sent = std::max(last_sent, other.last_sent);
  last_answer = std::max(last_answer, other.last_answer);
  signed_latency.Add(other.signed_latency);
  refused_latency.Add(other.refused_latency);
  after_boundary.Add(other.after_boundary);
}

}  // namespace pitser::bench
