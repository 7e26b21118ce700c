#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "ledger/base/bytes.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/service/payloads.h"
#include "ledger/service/pdu.h"
#include "server/accounts/account_store.h"
#include "server/aggregator/aggregator.h"

namespace pitser::server {

// Who sends a PDU.
struct KsiCaller {
  std::string address;                            // For the log.
  std::shared_ptr<const std::atomic<bool>> gone;  // Set once nobody waits for answers. May be null.
};

// The answer to one PDU, before it is put into bytes: that takes an HMAC and is done by whoever
// sends it, not by the round's thread.
struct KsiReply {
  std::shared_ptr<const AccountEntry> account;  // Null: a bare error, which nothing seals.
  ledger::HashAlgorithm hmac = ledger::HashAlgorithm::kSha256;
  bool has_response = false;  // A payload 0x02 with this id and the result:
  std::uint64_t request_id = 0;
  ledger::service::ServiceError error;  // status 0: done, see the next two.
  std::optional<SignAnswer> signature;
  std::optional<ledger::CalendarHashChain> chain;
  std::optional<std::uint64_t> calendar_last_time;
  ledger::ByteVector extras;  // Payloads 0x04 and 0x05.
  bool version1 = false;      // An answer to a request of version 1.
};

// One of the two services, without the network: a PDU comes in, its answer goes out.
// Thread: any.
class KsiService {
 public:
  // Called exactly once for each PDU, from any thread, maybe before Handle() returns. Must not
  // block.
  using Done = std::function<void(KsiReply)>;

  virtual ~KsiService() = default;
  KsiService(const KsiService&) = delete;
  KsiService& operator=(const KsiService&) = delete;

  // Sees to it that the answer to what fills `pdu` comes.   Source: spec/ksi-protocol.md 2.5.
  void Handle(ledger::Bytes pdu, const KsiCaller& caller, Done done);

  // For what is no PDU, or more than fits into one.
  static KsiReply InvalidRequest(std::string_view why);

  // Cost: an HMAC.
  ledger::ByteVector Encode(const KsiReply& reply);

  // A PDU that tells a caller, unasked, what holds for it now.   Source: 5.3.
  ledger::ByteVector ConfigurationPdu(std::shared_ptr<const AccountEntry> account,
                                      ledger::HashAlgorithm hmac);
  // The account as it stands now; null when it may not use this service any more.
  std::shared_ptr<const AccountEntry> FindAccount(std::string_view login) const;

 protected:
  KsiService(std::uint16_t request_tag, std::uint16_t response_tag, const AccountStore* accounts,
             const base::Clock* clock);

  // A request that is known to be the account's.
  struct Request {
    const ledger::service::Pdu& pdu;
    const KsiCaller& caller;
    KsiReply reply;  // With account and hmac.
  };
  virtual void Serve(Request request, Done done) = 0;
  virtual bool Permits(const Account& account) const = 0;
  virtual void WriteConfiguration(ledger::ByteVector& out, const Account& account) const = 0;

  const base::Clock& clock() const { return *clock_; }

 private:
  std::shared_ptr<const AccountEntry> Authenticate(const ledger::service::Pdu& pdu) const;
  void LogFailure(const KsiCaller& caller, const std::string& login);
  void WriteResponse(ledger::ByteVector& out, const KsiReply& reply) const;

  const std::uint16_t request_tag_, response_tag_;
  const AccountStore* const accounts_;
  const base::Clock* const clock_;
  const std::uint64_t instance_id_;  // Unix seconds of the start.
  std::atomic<std::uint64_t> message_id_ = 0;
  // Failures logged in this second: whoever guesses keys must not fill the disk.
  std::atomic<std::int64_t> log_second_ = 0;
  std::atomic<std::uint32_t> logged_ = 0;
};

}  // namespace pitser::server
