#include "server/app/status_text.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace pitser::server {
namespace {

using control::v1::GetStatusResponse;
using nlohmann::ordered_json;

std::string Mebibytes(std::uint64_t bytes) { return absl::StrFormat("%d MiB", bytes >> 20); }

std::string Line(const char* name, const std::string& text) {
  return absl::StrFormat("%-13s %s\n", name, text);
}

// "1 request", "2 requests"; the word is the singular.
std::string Count(std::uint64_t number, absl::string_view word) {
  return absl::StrCat(number, " ", word, number == 1 ? "" : "s");
}

std::string Days(std::int64_t days) {
  return absl::StrCat(days, days == 1 || days == -1 ? " day" : " days");
}

std::string SigningText(const control::v1::SigningStatus& signing) {
  return signing.serving() ? "yes" : absl::StrCat("no: ", signing.reason());
}

std::string RoundsText(const control::v1::RoundsStatus& rounds) {
  std::string text = absl::StrCat(rounds.rounds(), " since the start");
  if (rounds.failed_rounds() > 0) absl::StrAppend(&text, ", ", rounds.failed_rounds(), " failed");
  if (!rounds.has_last_round()) return text;
  const control::v1::RoundsStatus::Round& last = rounds.last_round();
  return absl::StrFormat("%s; the last of %s: %s in %.3f seconds", text, Utc(last.time()),
                         Count(last.requests(), "request"),
                         static_cast<double>(last.duration_us()) / 1e6);
}

std::string RequestsText(const control::v1::RoundsStatus& rounds) {
  return absl::StrCat(rounds.signed_requests(), " signed, ", rounds.refused_requests(),
                      " refused, ", rounds.failed_requests(), " failed, ",
                      rounds.cancelled_requests(), " cancelled, ", rounds.pending_requests(),
                      " pending");
}

std::string CalendarText(const control::v1::CalendarStatus& calendar) {
  return absl::StrCat(calendar.has_head()
                          ? absl::StrCat("head ", Utc(calendar.head()), " (", calendar.head(), ")")
                          : std::string("no second is closed yet"),
                      ", ", Count(calendar.followers(), "follower"),
                      calendar.damaged() ? ", DAMAGED: see the log" : "");
}

std::string PublicationsText(const control::v1::PublicationsStatus& publications) {
  std::string text = absl::StrCat(publications.count());
  if (publications.has_newest()) {
    absl::StrAppend(&text, ", the newest of ", Utc(publications.newest().time()));
  }
  if (publications.next_due() > 0) {
    absl::StrAppend(&text, ", the next due at ", Utc(publications.next_due()));
  }
  if (publications.file_full() > 0) {
    absl::StrAppend(&text, ", room in their file until ", Utc(publications.file_full()));
  }
  if (!publications.reason().empty()) absl::StrAppend(&text, "; ", publications.reason());
  return text;
}

std::string CertificatesText(const GetStatusResponse& status) {
  std::string text;
  for (const control::v1::CertificateStatus& certificate : status.certificates()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", certificate.name(), " ",
                    Days(certificate.days_left()), " left");
    if (!certificate.advice().empty()) absl::StrAppend(&text, " (", certificate.advice(), ")");
  }
  return text;
}

std::string ParentText(const control::v1::ParentStatus& parent) {
  return absl::StrCat(parent.aggregator(), ", trees of level ", parent.max_level(), " at most; ",
                      parent.has_last_signed()
                          ? absl::StrCat("last signed ", Utc(parent.last_signed()))
                          : std::string("nothing signed yet"));
}

std::string KsiText(const control::v1::KsiStatus& ksi) {
  return absl::StrCat(
      Count(ksi.accounts(), "account"), ", ", Count(ksi.connections(), "connection"),
      "; the calendar begins ", Utc(ksi.first_second()),
      ksi.allow_anonymous() ? "; allow_anonymous: whoever reaches the port may use anon" : "");
}

ordered_json RoundsJson(const control::v1::RoundsStatus& rounds) {
  ordered_json json = {{"count", rounds.rounds()}, {"failed", rounds.failed_rounds()}};
  json["last"] = nullptr;
  if (rounds.has_last_round()) {
    json["last"] = {{"time", rounds.last_round().time()},
                    {"requests", rounds.last_round().requests()},
                    {"duration_us", rounds.last_round().duration_us()}};
  }
  return json;
}

ordered_json PublicationsJson(const control::v1::PublicationsStatus& publications) {
  ordered_json json = {{"count", publications.count()}};
  json["newest"] = nullptr;
  if (publications.has_newest()) {
    json["newest"] = {{"time", publications.newest().time()},
                      {"code", publications.newest().code()}};
  }
  json["next_due"] = nullptr;
  if (publications.next_due() > 0) json["next_due"] = publications.next_due();
  json["file_full"] = nullptr;
  if (publications.file_full() > 0) json["file_full"] = publications.file_full();
  json["reason"] = publications.reason();
  return json;
}

}  // namespace

std::string Utc(std::uint64_t second) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixSeconds(static_cast<std::int64_t>(second)),
                          absl::UTCTimeZone());
}

std::string StatusAsText(const GetStatusResponse& status) {
  const auto uptime = absl::Seconds(static_cast<std::int64_t>(status.uptime_seconds()));
  std::string text = absl::StrCat(
      Line("pitserd", absl::StrCat(status.version(), ", up ", absl::FormatDuration(uptime))),
      Line("data", status.data_folder()), Line("listens", status.faces()),
      Line("signing", SigningText(status.signing())), Line("rounds", RoundsText(status.rounds())),
      Line("requests", RequestsText(status.rounds())),
      Line("calendar", CalendarText(status.calendar())),
      Line("publications", PublicationsText(status.publications())),
      status.certificates().empty() ? std::string()
                                    : Line("certificates", CertificatesText(status)),
      Line("memory", absl::StrCat(Mebibytes(status.memory().resident_bytes()), ", at most ",
                                  Mebibytes(status.memory().peak_resident_bytes()))));
  if (status.dropped_log_lines() > 0) {
    absl::StrAppend(&text, Line("log", absl::StrCat(Count(status.dropped_log_lines(), "line"),
                                                    " dropped: standard error is not read")));
  }
  if (status.has_parent()) absl::StrAppend(&text, Line("parent", ParentText(status.parent())));
  if (status.has_ksi()) absl::StrAppend(&text, Line("ksi", KsiText(status.ksi())));
  for (const control::v1::LimitStatus& limit : status.limits()) {
    absl::StrAppend(&text, Line("limit", absl::StrCat(limit.name(), " = ", limit.value())));
  }
  return text;
}

std::string StatusAsJson(const GetStatusResponse& status) {
  const control::v1::RoundsStatus& rounds = status.rounds();
  ordered_json json = {{"schema", "pitserd.status/1"},
                       {"version", status.version()},
                       {"time", status.time()},
                       {"uptime_seconds", status.uptime_seconds()},
                       {"data_folder", status.data_folder()},
                       {"faces", status.faces()}};
  json["signing"] = {{"serving", status.signing().serving()},
                     {"draining", status.signing().draining()},
                     {"reason", status.signing().reason()}};
  json["rounds"] = RoundsJson(rounds);
  json["requests"] = {{"signed", rounds.signed_requests()},
                      {"refused", rounds.refused_requests()},
                      {"failed", rounds.failed_requests()},
                      {"cancelled", rounds.cancelled_requests()},
                      {"pending", rounds.pending_requests()}};
  json["calendar"] = {{"head", nullptr},
                      {"damaged", status.calendar().damaged()},
                      {"followers", status.calendar().followers()}};
  if (status.calendar().has_head()) json["calendar"]["head"] = status.calendar().head();
  json["publications"] = PublicationsJson(status.publications());
  json["parent"] = nullptr;
  if (status.has_parent()) {
    json["parent"] = {{"aggregator", status.parent().aggregator()},
                      {"extender", status.parent().extender()},
                      {"max_level", status.parent().max_level()},
                      {"last_signed", nullptr}};
    if (status.parent().has_last_signed()) {
      json["parent"]["last_signed"] = status.parent().last_signed();
    }
  }
  json["ksi"] = nullptr;
  if (status.has_ksi()) {
    json["ksi"] = {{"accounts", status.ksi().accounts()},
                   {"connections", status.ksi().connections()},
                   {"first_second", status.ksi().first_second()},
                   {"allow_anonymous", status.ksi().allow_anonymous()}};
  }
  json["certificates"] = ordered_json::array();
  for (const control::v1::CertificateStatus& certificate : status.certificates()) {
    json["certificates"].push_back({{"name", certificate.name()},
                                    {"not_after", certificate.not_after()},
                                    {"days_left", certificate.days_left()},
                                    {"advice", certificate.advice()}});
  }
  json["limits"] = ordered_json::object();
  for (const control::v1::LimitStatus& limit : status.limits()) {
    json["limits"][limit.name()] = limit.value();
  }
  json["memory"] = {{"resident_bytes", status.memory().resident_bytes()},
                    {"peak_resident_bytes", status.memory().peak_resident_bytes()}};
  json["dropped_log_lines"] = status.dropped_log_lines();
  // Bytes that are no UTF-8 (a path, say) must not make it throw.
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace pitser::server
