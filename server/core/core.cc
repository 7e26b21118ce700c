#include "server/core/core.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/turn.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/format/publication.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"
#include "server/core/hold.h"

namespace pitser::server {
namespace {

using base::MutexLock;

class AlwaysDone final : public Agreement {
 public:
  Answer Commit(const storage::CalendarPreview&) override { return Answer::kDone; }
};

std::string Utc(std::uint64_t t) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                          absl::FromUnixSeconds(static_cast<std::int64_t>(t)), absl::UTCTimeZone());
}

// Whether second `t` is over.
bool IsOver(std::uint64_t t, absl::Time now) {
  const std::int64_t second = absl::ToUnixSeconds(now);
  return second > 0 && t < static_cast<std::uint64_t>(second);
}

absl::Status CheckCertificate(const ledger::Certificate& certificate, std::uint64_t t) {
  if (certificate.ValidAt(t)) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "signing is stopped: the calendar certificate is valid from ", Utc(certificate.not_before()),
      " to ", Utc(certificate.not_after()), ", which does not include ", Utc(t),
      ": have it renewed by putting the root's key in place, or replace the configured one; it is "
      "used at once"));
}

// What calendar roots are signed with.
struct Signer {
  Identity identity;
  ledger::ByteVector certificate_id;
};

std::shared_ptr<const Signer> NewSigner(Identity identity) {
  ledger::ByteVector id = ledger::CertificateIdOf(identity.certificate.der());
  return std::make_shared<const Signer>(Signer{std::move(identity), std::move(id)});
}

absl::Status CheckMatch(const Identity& identity) {
  if (identity.key.Matches(identity.certificate)) return absl::OkStatus();
  return absl::FailedPreconditionError("the calendar key does not match its certificate");
}

absl::Status StillBeingClosed(std::uint64_t t, absl::Duration waited) {
  return absl::UnavailableError(absl::StrCat("second ", t, " is still being closed after ",
                                             absl::FormatDuration(waited), ": try again"));
}

class LocalCore final : public Core {
 public:
  LocalCore(const CoreOptions& options, CoreParts parts)
      : parts_(std::move(parts)),
        guard_(options.clock_rules, parts_.clock),
        max_wait_(options.max_wait),
        signer_(NewSigner(parts_.identity)) {}

  absl::Status CheckStart() const {
    PITSER_RETURN_IF_ERROR(guard_.CheckStart(parts_.calendar->head()));
    PITSER_RETURN_IF_ERROR(CheckMatch(parts_.identity));
    const absl::Status valid = CheckCertificate(parts_.identity.certificate, NowSecond());
    return valid.ok() ? valid : absl::FailedPreconditionError(valid.message());
  }

  absl::StatusOr<Seal> Close(std::uint64_t t, const ledger::LeveledImprint& root) override;
  absl::Status AdvanceHead(std::uint64_t t) override;
  std::uint64_t HoldFrom(std::uint64_t t) override;
  absl::Status Health() const override;
  absl::Status CheckClock() const override { return guard_.Check(parts_.calendar->head()); }
  absl::Status UseIdentity(Identity identity) override;

 private:
  std::uint64_t NowSecond() const {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, absl::ToUnixSeconds(parts_.clock->Now())));
  }

  std::shared_ptr<const Signer> signer() const {
    MutexLock lock(state_mu_);
    return signer_;
  }

  absl::Status Stopped() const;
  absl::Status CheckMayClose(std::uint64_t t, const Signer& signer) const;
  absl::Status CheckInPlace();
  absl::Status AwaitRoundsUpTo(std::uint64_t t);
  absl::Status Commit(const storage::CalendarPreview& preview);
  // Remembers what a write's outcome means for the next ones, and gives what callers are told.
  absl::Status Written(absl::Status status);
  void Stop(const absl::Status& why);

  const CoreParts parts_;
  mutable ClockGuard guard_;

  const absl::Duration max_wait_;

  // Serialises the writers of the calendar, hence held over their disk writes. Before the locks.
  base::Turn write_turn_;
  Hold hold_;

  mutable base::Mutex state_mu_;  // Leaf lock.
  std::shared_ptr<const Signer> signer_ PITSER_GUARDED_BY(state_mu_);
  // Why nothing can be signed until a restart. OK: it can.
  absl::Status stopped_ PITSER_GUARDED_BY(state_mu_);
  // The last write's failure, if the next may succeed.
  absl::Status disk_ PITSER_GUARDED_BY(state_mu_);
  mutable bool healthy_ PITSER_GUARDED_BY(state_mu_) = true;  // As it was logged last.
};

absl::Status LocalCore::Stopped() const {
  MutexLock lock(state_mu_);
  return stopped_;
}

absl::Status LocalCore::CheckInPlace() {
  if (parts_.in_place == nullptr) return absl::OkStatus();
  const absl::Status in_place = parts_.in_place();
  if (in_place.ok()) return in_place;
  const absl::Status stopped =
      absl::UnavailableError(absl::StrCat("signing is stopped: ", in_place.message()));
  Stop(stopped);
  return stopped;
}

absl::Status LocalCore::CheckMayClose(std::uint64_t t, const Signer& signer) const {
  PITSER_RETURN_IF_ERROR(Stopped());
  const std::optional<std::uint64_t> head = parts_.calendar->head();
  PITSER_RETURN_IF_ERROR(guard_.Check(head));
  if (!IsOver(t, parts_.clock->Now())) {
    return absl::UnavailableError(
        absl::StrCat("second ", t, " is not over yet: the machine's clock was set back"));
  }
  if (head && t <= *head) {
    return absl::FailedPreconditionError(
        absl::StrCat("second ", t, " is closed already: the head is at ", *head));
  }
  return CheckCertificate(signer.identity.certificate, t);
}

absl::StatusOr<ledger::ByteVector> MakeTail(const storage::CalendarPreview& preview,
                                            const Signer& signer) {
  ledger::ByteVector signed_bytes;
  ledger::WritePublicationData(signed_bytes, {preview.t, preview.root},
                               ledger::PublicationDataPlace::kSignature);
  PITSER_ASSIGN_OR_RETURN(const ledger::ByteVector signature,
                          signer.identity.key.SignRsaSha256(signed_bytes));
  ledger::ByteVector tail;
  ledger::WriteCalendarHashChain(tail, preview.chain);
  ledger::WriteCalendarAuthenticationRecord(tail, signed_bytes, ledger::kRsaSha256Oid, signature,
                                            signer.certificate_id);
  return tail;
}

absl::Status LocalCore::Commit(const storage::CalendarPreview& preview) {
  switch (parts_.agreement->Commit(preview)) {
    case Agreement::Answer::kDone:
      return absl::OkStatus();
    case Agreement::Answer::kLost:
      return absl::AbortedError(
          absl::StrCat("another core closed second ", preview.t, " with other requests"));
    case Agreement::Answer::kUnknown:
      break;
  }
  const absl::Status unknown = absl::UnavailableError(
      absl::StrCat("signing is stopped: whether second ", preview.t,
                   " was committed is not known; restart pitserd to have it resolved"));
  Stop(unknown);
  return unknown;
}

absl::Status LocalCore::Written(absl::Status status) {
  if (absl::IsDataLoss(status)) {
    Stop(status);
    return status;
  }
  bool changed;
  {
    MutexLock lock(state_mu_);
    if (!status.ok() && !absl::IsResourceExhausted(status)) return status;
    changed = status.ok() != disk_.ok();
    disk_ = status;
  }
  if (changed && status.ok()) base::LogInfo("disk_recovered");
  if (changed && !status.ok()) base::LogError("disk_full", {{"reason", status}});
  return status;
}

void LocalCore::Stop(const absl::Status& why) {
  MutexLock lock(state_mu_);
  stopped_.Update(why);
}

absl::StatusOr<Seal> LocalCore::Close(std::uint64_t t, const ledger::LeveledImprint& root) {
  // Waits for whoever writes to be done: as long as the disk takes, and nobody holds it without
  // writing.
  const base::TurnHolder turn(write_turn_);
  const std::shared_ptr<const Signer> signer = this->signer();
  PITSER_RETURN_IF_ERROR(CheckMayClose(t, *signer));
  PITSER_RETURN_IF_ERROR(CheckInPlace());
  const auto preview = parts_.calendar->Preview(t, root.imprint);
  if (!preview.ok()) return Written(preview.status());
  // Signed before it is committed: if that fails, nothing has happened yet.
  PITSER_ASSIGN_OR_RETURN(ledger::ByteVector tail, MakeTail(*preview, *signer));
  PITSER_RETURN_IF_ERROR(Commit(*preview));
  const absl::Status written = Written(parts_.calendar->Apply(*preview));
  if (absl::IsResourceExhausted(written)) {
    return absl::UnavailableError(absl::StrCat("nothing can be signed now: ", written.message()));
  }
  PITSER_RETURN_IF_ERROR(written);
  PITSER_RETURN_IF_ERROR(CheckInPlace());  // It may have been removed under the write.
  Seal seal;
  seal.aggregation_time = t;
  seal.tail = std::move(tail);
  return seal;
}

absl::Status LocalCore::AdvanceHead(std::uint64_t t) {
  PITSER_RETURN_IF_ERROR(CheckInPlace());
  if (const auto head = parts_.calendar->head(); head && t <= *head) return absl::OkStatus();
  PITSER_RETURN_IF_ERROR(Stopped());
  PITSER_RETURN_IF_ERROR(guard_.Check(parts_.calendar->head()));
  if (!IsOver(t, parts_.clock->Now())) {
    return absl::OutOfRangeError(absl::StrCat("second ", t, " is not over yet"));
  }
  PITSER_RETURN_IF_ERROR(AwaitRoundsUpTo(t));
  const base::TurnHolder turn(write_turn_, max_wait_);
  if (!turn.taken()) return StillBeingClosed(t, max_wait_);
  PITSER_RETURN_IF_ERROR(Stopped());
  // A clock that went wrong during the wait has the hold let go, too.
  PITSER_RETURN_IF_ERROR(guard_.Check(parts_.calendar->head()));
  return Written(parts_.calendar->AdvanceHead(t));
}

absl::Status LocalCore::AwaitRoundsUpTo(std::uint64_t t) {
  // Without a certificate for it no round of `t` is ever closed; an empty second needs none.
  if (!CheckCertificate(signer()->identity.certificate, t).ok()) {
    hold_.Pass(t);
    return absl::OkStatus();
  }
  return hold_.Await(t, max_wait_) ? absl::OkStatus() : StillBeingClosed(t, max_wait_);
}

std::uint64_t LocalCore::HoldFrom(std::uint64_t t) {
  return hold_.From(t, parts_.calendar->head());
}

absl::Status LocalCore::UseIdentity(Identity identity) {
  PITSER_RETURN_IF_ERROR(CheckMatch(identity));
  std::shared_ptr<const Signer> signer = NewSigner(std::move(identity));
  MutexLock lock(state_mu_);
  signer_ = std::move(signer);
  return absl::OkStatus();
}

absl::Status LocalCore::Health() const {
  absl::Status status = CheckClock();
  if (status.ok()) status = CheckCertificate(signer()->identity.certificate, NowSecond());
  absl::Status disk;
  bool changed;
  {
    MutexLock lock(state_mu_);
    if (!stopped_.ok()) status = stopped_;
    changed = status.ok() != healthy_;
    healthy_ = status.ok();
    disk = disk_;
  }
  if (changed && status.ok()) base::LogInfo("signing_resumed");
  if (changed && !status.ok()) base::LogError("signing_stopped", {{"reason", status}});
  return status.ok() ? disk : status;
}

}  // namespace

std::unique_ptr<Agreement> SingleProcessAgreement() { return std::make_unique<AlwaysDone>(); }

absl::StatusOr<std::unique_ptr<Core>> StartCore(const CoreOptions& options, CoreParts parts) {
  PITSER_CHECK(parts.calendar && parts.clock && parts.agreement);
  auto core = std::make_unique<LocalCore>(options, std::move(parts));
  PITSER_RETURN_IF_ERROR(core->CheckStart());
  return core;
}

}  // namespace pitser::server
