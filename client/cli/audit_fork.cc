#include "client/cli/audit_fork.h"

#include <algorithm>

#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/signature.h"

namespace pitser::cli {
namespace {

using client::ForkProof;
using client::ForkSide;
using ledger::Imprint;

// One server with what its audit recomputed.
struct Side {
  const Reader& reader;
  std::uint64_t head;
  Imprint root;

  absl::StatusOr<ProvenSecond> At(std::uint64_t second) const {
    return ProveSecond(reader, second, head, root);
  }
};

absl::StatusOr<bool> Differ(const Side& a, const Side& b, std::uint64_t second) {
  PITSER_ASSIGN_OR_RETURN(const ProvenSecond of_a, a.At(second));
  PITSER_ASSIGN_OR_RETURN(const ProvenSecond of_b, b.At(second));
  return of_a.root != of_b.root;
}

// A side whose chain leads to a root that its node's key has signed, if the node signs.
void SignSide(const Reader& reader, std::uint64_t second, ForkSide& side) {
  // What is signed does not matter: a hash that everybody can make.
  const auto hash = ledger::Hash(ledger::HashAlgorithm::kSha256, {side.chain.input_hash.bytes()});
  if (!hash.ok()) return;
  const auto signature = reader.service.ledger->Sign(*hash);
  if (!signature.ok() || !signature->authentication_record()) return;
  const ledger::CalendarAuthenticationRecord& record = *signature->authentication_record();
  auto chain = reader.calendar->GetCalendarHashChain(second, record.data.time);
  if (!chain.ok()) return;
  const absl::Status leads =
      client::CheckChainTo(*chain, second, record.data.time, record.data.hash);
  if (!leads.ok() || chain->input_hash != side.chain.input_hash) return;
  side.chain = *std::move(chain);
  ledger::WriteCalendarAuthenticationRecord(side.record, record.signed_bytes, record.signature_type,
                                            record.signature_value, record.certificate_id);
}

}  // namespace

absl::StatusOr<std::optional<ForkProof>> FindFork(const Reader& a, const AuditReport& a_report,
                                                  const Reader& b, const AuditReport& b_report,
                                                  std::uint64_t now) {
  const Side side_a{.reader = a, .head = a_report.last, .root = *a_report.root};
  const Side side_b{.reader = b, .head = b_report.last, .root = *b_report.root};
  std::uint64_t high = std::min(side_a.head, side_b.head);
  PITSER_ASSIGN_OR_RETURN(const bool differ, Differ(side_a, side_b, high));
  if (!differ) return std::nullopt;
  // A different leaf makes every later root differ: the first root that differs is its second's.
  std::uint64_t low = 0;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    PITSER_ASSIGN_OR_RETURN(const bool already, Differ(side_a, side_b, middle));
    (already ? high : low) = already ? middle : middle + 1;
  }
  PITSER_ASSIGN_OR_RETURN(ProvenSecond of_a, side_a.At(low));
  PITSER_ASSIGN_OR_RETURN(ProvenSecond of_b, side_b.At(low));
  ForkProof proof{
      .time = low,
      .made_at = now,
      .sides = {ForkSide{.server = a.name(), .chain = std::move(of_a.chain), .record = {}},
                ForkSide{.server = b.name(), .chain = std::move(of_b.chain), .record = {}}}};
  return proof;
}

void HaveItSigned(const Reader& a, const Reader& b, ForkProof& proof) {
  SignSide(a, proof.time, proof.sides[0]);
  SignSide(b, proof.time, proof.sides[1]);
}

}  // namespace pitser::cli
