#include "server/gateway/ksi/service.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/log.h"
#include "ledger/base/check.h"
#include "ledger/crypto/hmac.h"
#include "ledger/service/status_codes.h"
#include "server/gateway/refusal_log.h"

namespace pitser::server {
namespace {

namespace service = ledger::service;
using ledger::Bytes;
using ledger::ByteVector;

constexpr std::uint32_t kMaxLoggedPerSecond = 10;

KsiReply BareError(std::uint64_t status, std::string_view message) {
  KsiReply reply;
  reply.error = {status, std::string(message)};
  return reply;
}

// Takes as long as a right one does, but for an unknown hash.
bool WrongButAsSlow(const service::Pdu& pdu) {
  (void)service::Authentic(pdu, ledger::AsBytes("nobody's"));
  return false;
}

}  // namespace

KsiService::KsiService(std::uint16_t request_tag, std::uint16_t response_tag,
                       const AccountStore* accounts, const base::Clock* clock)
    : request_tag_(request_tag),
      response_tag_(response_tag),
      accounts_(accounts),
      clock_(clock),
      instance_id_(static_cast<std::uint64_t>(
          std::max<std::int64_t>(1, absl::ToUnixSeconds(clock->Now())))) {}

KsiReply KsiService::InvalidRequest(std::string_view why) {
  return BareError(service::kInvalidRequest, why);
}

std::shared_ptr<const AccountEntry> KsiService::FindAccount(std::string_view login) const {
  std::shared_ptr<const AccountEntry> entry = accounts_->Find(login);
  const bool may = entry != nullptr && entry->account.enabled && Permits(entry->account);
  return may ? entry : nullptr;
}

std::shared_ptr<const AccountEntry> KsiService::Authenticate(const service::Pdu& pdu) const {
  std::shared_ptr<const AccountEntry> entry = FindAccount(pdu.header.login_id);
  const auto algorithm = pdu.HmacAlgorithm();
  const bool known = entry != nullptr && algorithm && entry->account.Allows(*algorithm);
  const bool authentic = known ? service::Authentic(pdu, entry->account.key) : WrongButAsSlow(pdu);
  return authentic ? entry : nullptr;
}

void KsiService::LogFailure(const KsiCaller& caller, const std::string& login) {
  const std::int64_t now = absl::ToInt64Seconds(clock_->Monotonic());
  if (log_second_.exchange(now) != now) logged_ = 0;
  if (++logged_ > kMaxLoggedPerSecond) return;
  base::LogWarning("ksi_not_authenticated",
                   {{"peer", caller.address}, {"login", login.substr(0, kMaxLoginSize)}});
}

void KsiService::Handle(Bytes bytes, const KsiCaller& caller, Done done) {
  const auto pdu = service::ParsePdu(bytes);
  const auto tag = bytes.size() < 2 ? 0 : (unsigned{bytes[0]} & 0x1F) << 8 | bytes[1];
  if (service::IsVersion1(static_cast<std::uint16_t>(tag))) {
    KsiReply reply = InvalidRequest("PDU version 1 is not supported, use version 2");
    reply.version1 = true;
    return done(std::move(reply));
  }
  if (!pdu.ok()) return done(InvalidRequest(ledger::ToStd(pdu.status().message())));
  if (pdu->tag != request_tag_) {
    return done(InvalidRequest("The PDU is not a request to this service"));
  }
  std::shared_ptr<const AccountEntry> entry = Authenticate(*pdu);
  if (entry == nullptr) {
    LogFailure(caller, pdu->header.login_id);
    return done(BareError(service::kAuthenticationFailure, service::kAuthenticationText));
  }
  KsiReply reply;
  reply.account = std::move(entry);
  reply.hmac = *pdu->HmacAlgorithm();
  Serve({*pdu, caller, std::move(reply)}, std::move(done));
}

void KsiService::WriteResponse(ByteVector& out, const KsiReply& reply) const {
  if (reply.error.status != service::kSuccess) {
    service::WriteRefusal(out, reply.request_id, reply.error, reply.calendar_last_time);
  } else if (reply.signature) {
    const std::array<Bytes, 2> parts = {Bytes(reply.signature->own),
                                        Bytes(reply.signature->seal->tail)};
    const absl::Status written = service::WriteAggregationResponse(out, reply.request_id, parts);
    if (!written.ok()) {
      service::WriteRefusal(
          out, reply.request_id,
          {service::kInternalError, std::string(ledger::ToStd(written.message()))});
    }
  } else {
    PITSER_CHECK(reply.chain.has_value());
    service::WriteExtensionResponse(out, reply.request_id, reply.calendar_last_time, *reply.chain);
  }
}

ByteVector KsiService::Encode(const KsiReply& reply) {
  if (reply.error.status != service::kSuccess) {
    CountRefusal("ksi", absl::StrFormat("0x%04x", reply.error.status));
  }
  if (reply.account == nullptr) {
    return service::BareErrorPdu(response_tag_, reply.error.status, reply.error.message);
  }
  ByteVector payloads;
  if (reply.has_response) WriteResponse(payloads, reply);
  ledger::Append(payloads, reply.extras);
  const Account& account = reply.account->account;
  const service::PduHeader header = {account.login, instance_id_, ++message_id_};
  auto pdu = service::SealPdu(response_tag_, {header, account.key, reply.hmac}, payloads);
  // What we put together is never too long, and the hash is one that the request was checked with.
  if (pdu.ok()) return *std::move(pdu);
  return service::BareErrorPdu(response_tag_, service::kInternalError,
                               ledger::ToStd(pdu.status().message()));
}

ByteVector KsiService::ConfigurationPdu(std::shared_ptr<const AccountEntry> account,
                                        ledger::HashAlgorithm hmac) {
  KsiReply reply;
  reply.hmac = hmac;
  WriteConfiguration(reply.extras, account->account);
  reply.account = std::move(account);
  return Encode(reply);
}

}  // namespace pitser::server
