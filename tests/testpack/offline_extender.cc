#include "tests/testpack/offline_extender.h"

#include "absl/strings/str_format.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hasher.h"
#include "ledger/format/tlv.h"
#include "ledger/verify/verifier.h"

namespace pitser::testing {
namespace {

using ledger::CalendarHashChain;
using ledger::Policy;

bool IsVouchedFor(const ledger::VerificationContext& context) {
  const auto verified = ledger::Verify(Policy::kGeneral, context);
  return verified.ok() && verified->outcome == ledger::Outcome::kOk;
}

}  // namespace

void OfflineExtender::Learn(const ledger::VerificationContext& context) {
  const std::optional<CalendarHashChain>& chain = context.signature.calendar_chain();
  if (!chain.has_value() || !IsVouchedFor(context)) return;
  real_.try_emplace({context.signature.signing_time(), chain->publication_time}, *chain);
}

void OfflineExtender::LearnShape(const ledger::Signature& signature) {
  const std::optional<CalendarHashChain>& chain = signature.calendar_chain();
  if (!chain.has_value()) return;
  const auto time = ledger::CalendarTimeFromShape(chain->publication_time, chain->links);
  if (time.ok() && *time == signature.signing_time()) shapes_.try_emplace(*time, *chain);
}

absl::StatusOr<CalendarHashChain> OfflineExtender::Real(
    std::uint64_t time, std::optional<std::uint64_t> publication_time) const {
  auto found = real_.end();
  if (publication_time.has_value()) {
    found = real_.find({time, *publication_time});
  } else if (auto after = real_.lower_bound({time + 1, 0});
             after != real_.begin() && std::prev(after)->first.first == time) {
    found = std::prev(after);
  }
  if (found == real_.end()) {
    return absl::NotFoundError(
        absl::StrFormat("the pack has no calendar hash chain from %d", time));
  }
  return found->second;
}

absl::StatusOr<CalendarHashChain> OfflineExtender::Foreign(
    const ledger::Signature& signature) const {
  std::optional<CalendarHashChain> chain = signature.calendar_chain();
  if (!chain.has_value()) {
    const auto found = shapes_.find(signature.signing_time());
    if (found == shapes_.end()) {
      return absl::NotFoundError("the pack has no calendar hash chain of that second");
    }
    chain = found->second;
  }
  PITSER_ASSIGN_OR_RETURN(
      chain->input_hash, ledger::Hash(ledger::HashAlgorithm::kSha256, {chain->input_hash.bytes()}));
  return *std::move(chain);
}

absl::StatusOr<CalendarHashChain> ReadExtenderResponse(const std::filesystem::path& path) {
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector bytes, ReadFileBytes(path));
  ledger::TlvReader file(bytes);
  PITSER_ASSIGN_OR_RETURN(const ledger::Element response, file.Next());
  for (ledger::TlvReader pdu(response); !pdu.done();) {
    PITSER_ASSIGN_OR_RETURN(const ledger::Element element, pdu.Next());
    if (element.type != 0x02) continue;
    std::optional<CalendarHashChain> chain;
    for (ledger::TlvReader payload(element); !payload.done();) {
      PITSER_ASSIGN_OR_RETURN(const ledger::Element field, payload.Next());
      if (field.type == 0x04) {
        PITSER_ASSIGN_OR_RETURN(const std::uint64_t status, ledger::ReadInt(field, "status"));
        if (status != 0) return absl::UnavailableError("the extender answered with an error");
      }
      if (field.type == ledger::kCalendarHashChainTag) {
        PITSER_ASSIGN_OR_RETURN(chain, ledger::ParseCalendarHashChain(field));
      }
    }
    if (chain.has_value()) return *std::move(chain);
  }
  return absl::UnavailableError("the response holds no calendar hash chain");
}

}  // namespace pitser::testing
