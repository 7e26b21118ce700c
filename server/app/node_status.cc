#include "server/app/node_status.h"

#include <algorithm>
#include <fstream>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "base/build_info.h"
#include "base/log_output.h"
#include "base/settings.h"
#include "ledger/base/bytes.h"
#include "ledger/format/publication.h"
#include "pitser/control/v1/control.pb.h"
#include "server/publisher/schedule.h"

namespace pitser::server {
namespace {

using control::v1::GetStatusResponse;

std::uint64_t NowSeconds(const base::Clock& clock) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixSeconds(clock.Now())));
}

void FillRounds(const AggregatorStats& stats, control::v1::RoundsStatus& rounds) {
  rounds.set_rounds(stats.rounds);
  rounds.set_failed_rounds(stats.failed_rounds);
  rounds.set_signed_requests(stats.signed_requests);
  rounds.set_refused_requests(stats.refused);
  rounds.set_failed_requests(stats.failed);
  rounds.set_cancelled_requests(stats.cancelled);
  rounds.set_pending_requests(stats.pending);
  if (!stats.last_round) return;
  rounds.mutable_last_round()->set_time(stats.last_round->t);
  rounds.mutable_last_round()->set_requests(stats.last_round->requests);
  rounds.mutable_last_round()->set_duration_us(
      static_cast<std::uint64_t>(absl::ToInt64Microseconds(stats.last_round->took)));
}

void FillPublications(const ledger::PublicationsFile& file, const absl::Status& health,
                      control::v1::PublicationsStatus& publications) {
  publications.set_count(file.content().publications.size());
  const ledger::PublicationRecord* newest = file.LatestPublication();
  publications.set_reason(std::string(health.message()));
  if (newest == nullptr) return;
  publications.mutable_newest()->set_time(newest->data.time);
  publications.mutable_newest()->set_imprint(ledger::ToString(newest->data.hash.bytes()));
  publications.mutable_newest()->set_code(ledger::EncodePublicationCode(newest->data));
}

void FillParent(const NodeFacts& facts, control::v1::ParentStatus& parent) {
  parent.set_aggregator(facts.settings->parent);
  parent.set_extender(facts.settings->parent_extender);
  parent.set_max_level(facts.parent->max_root_level());
  if (const auto last = facts.parent_signing->last_signed()) parent.set_last_signed(*last);
}

// The process's memory as the kernel counts it; nothing where it does not say.
void FillMemory(control::v1::MemoryStatus& memory) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    std::uint64_t kib = 0;
    if (words.size() < 2 || !absl::SimpleAtoi(words[1], &kib)) continue;
    if (words[0] == "VmRSS:") memory.set_resident_bytes(kib << 10);
    if (words[0] == "VmHWM:") memory.set_peak_resident_bytes(kib << 10);
  }
}

void FillCertificates(const std::vector<CertificateInUse>& certificates, std::uint64_t now,
                      GetStatusResponse& status) {
  for (const CertificateInUse& certificate : certificates) {
    control::v1::CertificateStatus& told = *status.add_certificates();
    told.set_name(certificate.name);
    told.set_not_after(certificate.not_after);
    told.set_days_left(DaysLeft(certificate.not_after, now));
    if (told.days_left() < kTellDaysBefore) told.set_advice(certificate.advice);
  }
}

void FillLimits(const Settings& settings, GetStatusResponse& status) {
  Settings copy = settings;
  for (const Setting& setting : SettingsTable()) {
    if (setting.section != kLimitsSection) continue;
    control::v1::LimitStatus& limit = *status.add_limits();
    limit.set_name(std::string(setting.key));
    limit.set_value(base::TextOf(setting.In(copy)));
  }
}

}  // namespace

std::string FacesOf(const GrpcGateway& grpc, const KsiGateway* ksi) {
  std::string faces = "grpc=" + grpc.endpoint().ToString();
  if (ksi == nullptr) return faces;
  if (const auto& sign = ksi->sign_endpoint()) faces += " ksi-sign=" + sign->ToString();
  if (const auto& extend = ksi->extend_endpoint()) faces += " ksi-extend=" + extend->ToString();
  return faces;
}

NodeHealth HealthOf(const NodeFacts& facts) {
  NodeHealth health{
      .signing = facts.parent->Health(),
      .publishing = facts.publications->Health(),
      .damaged = facts.gateway->SawDamage() || (facts.ksi != nullptr && facts.ksi->SawDamage())};
  health.damaged = health.damaged || absl::IsDataLoss(health.signing);
  if (health.signing.ok() && facts.aggregator->Stats().draining) {
    health.signing = absl::UnavailableError(
        "the operator is draining the server; `pitserd drain --undo` has it take requests again");
  }
  return health;
}

void TellHealth(const NodeHealth& health, GrpcGateway& gateway) {
  gateway.SetServing(kSignerService, health.signing.ok());
  gateway.SetServing(kPublicationsService, health.publishing.ok());
  gateway.SetServing(kCalendarService, !health.damaged);
  gateway.SetServing(kExtenderService, !health.damaged);
  gateway.SetServing(kInfoService, true);
  gateway.SetServing("", !health.damaged);
}

void FillStatus(const NodeFacts& facts, GetStatusResponse& status) {
  const NodeHealth health = HealthOf(facts);
  const AggregatorStats stats = facts.aggregator->Stats();
  const std::uint64_t now = NowSeconds(*facts.clock);
  status.set_version(std::string(base::Version()));
  status.set_time(now);
  status.set_uptime_seconds(
      static_cast<std::uint64_t>(absl::ToInt64Seconds(facts.clock->Monotonic() - facts.started)));
  status.set_data_folder(facts.settings->data);
  status.set_faces(FacesOf(*facts.gateway, facts.ksi));
  status.mutable_signing()->set_serving(health.signing.ok());
  status.mutable_signing()->set_draining(stats.draining);
  status.mutable_signing()->set_reason(std::string(health.signing.message()));
  FillRounds(stats, *status.mutable_rounds());
  if (const auto head = facts.extender->head()) status.mutable_calendar()->set_head(*head);
  status.mutable_calendar()->set_damaged(health.damaged);
  status.mutable_calendar()->set_followers(facts.head_watch->waiting());
  FillPublications(*facts.publications->file(), health.publishing, *status.mutable_publications());
  if (facts.parent_signing == nullptr) {
    const auto file = facts.publications->file();
    const absl::Duration every = facts.settings->publish_every;
    status.mutable_publications()->set_next_due(NextDue(*file, every));
    status.mutable_publications()->set_file_full(FullAt(file->bytes().size(), every, now));
  } else {
    FillParent(facts, *status.mutable_parent());
  }
  if (facts.keys != nullptr) FillCertificates(facts.keys->certificates(), now, status);
  FillLimits(*facts.settings, status);
  FillMemory(*status.mutable_memory());
  status.set_dropped_log_lines(base::DroppedLogLines());
  if (facts.ksi == nullptr) return;
  status.mutable_ksi()->set_allow_anonymous(facts.settings->allow_anonymous);
  status.mutable_ksi()->set_accounts(facts.accounts->List().size());
  status.mutable_ksi()->set_connections(facts.ksi->connections());
  status.mutable_ksi()->set_first_second(facts.extender->first_second());
}

}  // namespace pitser::server
