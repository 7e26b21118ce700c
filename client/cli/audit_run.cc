#include "client/cli/audit_run.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "client/cli/text.h"
#include "client/file.h"
#include "client/leaves_file.h"
#include "ledger/base/status.h"

namespace pitser::cli {
namespace {

using client::Audit;
using client::AuditState;
using client::Claim;
using client::ClaimKind;
using client::Finding;
using client::Judgement;
using client::SecondRange;
using ledger::CalendarReplay;
using ledger::Imprint;
using ledger::PublicationData;

constexpr std::uint64_t kRunsBetweenProgress = 4096;

bool Contains(const std::vector<PublicationData>& sorted, const PublicationData& publication) {
  const auto found = std::ranges::lower_bound(sorted, publication.time, {}, &PublicationData::time);
  return found != sorted.end() && *found == publication;
}

// Whether an earlier audit found that this publication holds.
bool HeldBefore(const Claim& claim, const std::optional<AuditState>& state) {
  return state && claim.kind == ClaimKind::kPublication &&
         Contains(state->publications, {.time = claim.time, .hash = claim.value});
}

// The claims of one audit, each with whether somebody who is believed stands behind it.
struct Claims {
  std::vector<Claim> claims;
  std::vector<PublicationData> vouched;  // Roots, by time.
  std::vector<Claim> vouched_leaves;

  void Add(Claim claim, bool is_vouched) {
    if (is_vouched && claim.kind == ClaimKind::kLeaf) vouched_leaves.push_back(claim);
    if (is_vouched && claim.kind != ClaimKind::kLeaf) {
      vouched.push_back({.time = claim.time, .hash = claim.value});
    }
    claims.push_back(std::move(claim));
  }
  bool Vouched(const Claim& claim) const {
    if (claim.kind == ClaimKind::kLeaf) {
      return std::ranges::any_of(vouched_leaves, [&](const Claim& other) {
        return other.time == claim.time && other.value == claim.value;
      });
    }
    return std::ranges::find(vouched, PublicationData{.time = claim.time, .hash = claim.value}) !=
           vouched.end();
  }
};

Claims FromEvidence(const AuditEvidence& evidence) {
  Claims claims;
  for (std::size_t i = 0; i < evidence.claims.size(); ++i) {
    claims.Add(evidence.claims[i], evidence.vouched[i]);
  }
  return claims;
}

// The publications that the server lists; those of the publications file are claimed already.
absl::Status AddListed(const Reader& reader, const AuditEvidence& evidence,
                       const std::optional<AuditState>& state, Claims& claims,
                       AuditReport& report) {
  const auto listed = reader.calendar->ListPublications({.first_time = {}, .last_time = {}});
  if (absl::IsUnimplemented(listed.status())) return absl::OkStatus();
  if (!listed.ok()) return reader.service.Explain(listed.status());
  std::vector<PublicationData> told;
  for (const ledger::PublicationRecord& record : *listed) {
    told.push_back(record.data);
    const bool in_file = evidence.publications != nullptr &&
                         evidence.publications->FindPublication(record.data) != nullptr;
    if (in_file) continue;
    claims.Add({.kind = ClaimKind::kPublication,
                .time = record.data.time,
                .value = record.data.hash,
                .source = "the list of " + reader.name()},
               false);
  }
  std::vector<PublicationData> known = state ? state->publications : std::vector<PublicationData>();
  if (evidence.publications != nullptr) {
    for (const auto& record : evidence.publications->content().publications) {
      known.push_back(record.data);
    }
  }
  for (const PublicationData& publication : known) {
    if (Contains(told, publication)) continue;
    report.failures.push_back(absl::StrFormat(
        "%s does not list the publication of %s any more (%s): publications are never taken back",
        reader.name(), SecondText(publication.time), ledger::EncodePublicationCode(publication)));
  }
  return absl::OkStatus();
}

// Where to begin. With a state and no `since`, where it stopped.
absl::StatusOr<CalendarReplay> Begin(const Reader& reader, const AuditRange& range,
                                     const std::optional<AuditState>& state, std::uint64_t last) {
  if (!range.since) return state ? state->replay : CalendarReplay();
  if (*range.since == 0) return CalendarReplay();
  if (*range.since > last) {
    return Error(ExitCode::kInconclusive, absl::StrFormat("the calendar of %s has not come to %s",
                                                          reader.name(), SecondText(*range.since)));
  }
  // All before counts as one value, which every later root proves.
  const auto chain = reader.calendar->GetCalendarHashChain(*range.since - 1, *range.since - 1);
  if (!chain.ok()) return reader.service.Explain(chain.status());
  auto replay = CalendarReplay::FromChain(*chain);
  if (replay.ok()) return replay;
  return WithExitCode(InContext(replay.status(), reader.name()), ExitCode::kMalformed);
}

// An error of the replay itself.
absl::Status ReplayError(const std::string& name, const absl::Status& status) {
  const bool cannot = absl::IsUnimplemented(status);
  return WithExitCode(InContext(status, name),
                      cannot ? ExitCode::kInconclusive : ExitCodeOf(status));
}

absl::Status Replay(const Reader& reader, std::uint64_t last, Audit& audit, Console& console) {
  if (audit.replay().next() > last) return absl::OkStatus();
  absl::Status taken;
  std::uint64_t runs = 0;
  const absl::Status streamed = reader.calendar->StreamCalendarLeaves(
      audit.replay().next(), last, [&](const client::LeafRun& run) {
        if (++runs % kRunsBetweenProgress == 0) {
          console.Progress(absl::StrFormat("%s: %d leaves, at %s", reader.name(), audit.leaves(),
                                           FormatTime(run.last_time())));
        }
        taken = audit.Take(run);
        return taken;
      });
  console.EndProgress();
  if (!taken.ok()) return ReplayError(reader.name(), taken);
  return streamed.ok() ? streamed : reader.service.Explain(streamed);
}

// Judges what lies before the replay's first second, by chains to its head.
absl::Status SettleEarlier(const Reader& reader, const std::optional<AuditState>& state,
                           Audit& audit, AuditReport& report) {
  const std::uint64_t head = audit.replay().next() - 1;
  for (std::size_t i = 0; i < audit.judgements().size(); ++i) {
    const Judgement& judgement = audit.judgements()[i];
    const Claim& claim = judgement.claim;
    if (judgement.finding != Finding::kOpen || claim.time > head) continue;
    if (HeldBefore(claim, state)) {
      ++report.publications_before;
      continue;
    }
    const auto chain = reader.calendar->GetCalendarHashChain(claim.time, head);
    if (!chain.ok()) return reader.service.Explain(chain.status());
    const absl::Status settled = audit.Settle(i, *chain);
    if (absl::IsDataLoss(settled)) {
      report.failures.push_back(
          absl::StrFormat("%s: %s", reader.name(), ledger::ToStd(settled.message())));
      return absl::OkStatus();
    }
    if (!settled.ok()) return ReplayError(reader.name(), settled);
  }
  return absl::OkStatus();
}

// What the server tells today of the root at a second.
absl::StatusOr<Imprint> ToldRoot(const Reader& reader, std::uint64_t time) {
  const auto chain = reader.calendar->GetCalendarHashChain(time, time);
  if (!chain.ok()) return reader.service.Explain(chain.status());
  return ledger::RootAtAggregationTime(*chain);
}

// The history up to the state's head is another one than it was: where it changed, as far as known
// roots can tell. A changed leaf changes every later root, so the known ones can be halved.
absl::StatusOr<SecondRange> FindChange(const Reader& reader, const AuditState& state,
                                       const Claims& claims) {
  std::vector<PublicationData> known = state.publications;
  for (const PublicationData& publication : claims.vouched) {
    if (publication.time < state.replay.next()) known.push_back(publication);
  }
  std::ranges::stable_sort(known, {}, &PublicationData::time);
  const auto wrong = [&](const PublicationData& publication) -> absl::StatusOr<bool> {
    PITSER_ASSIGN_OR_RETURN(const Imprint told, ToldRoot(reader, publication.time));
    return told != publication.hash;
  };
  std::size_t low = 0, high = known.size();  // The first wrong one is in [low, high].
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    PITSER_ASSIGN_OR_RETURN(const bool is_wrong, wrong(known[middle]));
    (is_wrong ? high : low) = is_wrong ? middle : middle + 1;
  }
  SecondRange range{.after = {},
                    .last = low < known.size() ? known[low].time : state.replay.next() - 1};
  if (low > 0) range.after = known[low - 1].time;
  return range;
}

// Whether the server still tells the root that it told when the state was saved.
absl::Status CheckHistory(const Reader& reader, const std::optional<AuditState>& state,
                          const Claims& claims, AuditReport& report) {
  if (!state) return absl::OkStatus();
  const std::uint64_t then = state->replay.next() - 1;
  PITSER_ASSIGN_OR_RETURN(const Imprint saved, state->replay.Root());
  PITSER_ASSIGN_OR_RETURN(const Imprint told, ToldRoot(reader, then));
  if (told == saved) return absl::OkStatus();
  report.failures.push_back(absl::StrFormat(
      "%s tells another history than on %s: for %s it now has the root %s, then it was %s",
      reader.name(), FormatTime(state->saved_at), SecondText(then), told.ToText(), saved.ToText()));
  PITSER_ASSIGN_OR_RETURN(report.broken, FindChange(reader, *state, claims));
  return absl::OkStatus();
}

std::string JudgementText(const Judgement& judgement) {
  const Claim& claim = judgement.claim;
  const std::string second = SecondText(claim.time);
  switch (claim.kind) {
    case ClaimKind::kHead:
      return absl::StrFormat("the root of %s that %s tells", second, claim.source);
    case ClaimKind::kPublication:
      return absl::StrFormat("the publication of %s (%s)", second, claim.source);
    case ClaimKind::kRecord:
      return absl::StrFormat("the calendar authentication record over %s (%s)", second,
                             claim.source);
    case ClaimKind::kLeaf:
      break;
  }
  return absl::StrFormat("the leaf of %s (%s)", second, claim.source);
}

// Puts what was judged into the report.
void Conclude(const Audit& audit, const Claims& claims, AuditReport& report) {
  report.leaves = audit.leaves();
  report.last = audit.replay().next() - 1;
  for (const Judgement& judgement : audit.judgements()) {
    const Claim& claim = judgement.claim;
    if (judgement.finding == Finding::kHolds && claims.Vouched(claim)) report.anchored = true;
    if (judgement.finding == Finding::kBroken) {
      report.failures.push_back(absl::StrFormat("%s is %s; the leaves give %s",
                                                JudgementText(judgement), claim.value.ToText(),
                                                judgement.found->ToText()));
    }
    if (judgement.finding == Finding::kOpen && claim.time > report.last) {
      report.doubts.push_back(absl::StrFormat("%s lies after the last second of this audit, %s",
                                              JudgementText(judgement), SecondText(report.last)));
    }
    report.judgements.push_back(judgement);
  }
  report.broken = audit.BrokenRange();
  if (report.broken && !report.broken->after && report.first > 0) {
    report.broken->after = report.first - 1;
  }
}

// Where to go on: only from what is proven right, and never less than what is kept already.
void KeepPlace(const Audit& audit, const std::string& name, const AuditRange& range,
               const std::optional<AuditState>& state, std::uint64_t now, AuditReport& report) {
  const std::uint64_t since = range.since ? *range.since : (state ? state->since : report.since);
  const bool reaches_less =
      state && (since > state->since || report.last + 1 < state->replay.next());
  if (!report.failures.empty() || reaches_less) return;
  AuditState next{.server = name,
                  .saved_at = now,
                  .since = since,
                  .replay = audit.replay(),
                  .publications = {}};
  if (state) next.publications = state->publications;
  for (const Judgement& judgement : report.judgements) {
    if (judgement.claim.kind != ClaimKind::kPublication) continue;
    if (judgement.finding != Finding::kHolds) continue;
    next.publications.push_back({.time = judgement.claim.time, .hash = judgement.claim.value});
  }
  std::ranges::stable_sort(next.publications, {}, &PublicationData::time);
  next.publications.erase(std::unique(next.publications.begin(), next.publications.end(),
                                      [](const PublicationData& x, const PublicationData& y) {
                                        return x.time == y.time;
                                      }),
                          next.publications.end());
  report.state = std::move(next);
}

AuditReport NewReport(const std::string& name, const AuditEvidence& evidence,
                      const std::optional<AuditState>& state) {
  AuditReport report;
  report.name = name;
  report.failures = evidence.failures;
  report.forgeries = evidence.forgeries;
  report.doubts = evidence.doubts;
  if (state) report.saved_at = state->saved_at;
  return report;
}

}  // namespace

std::string SecondText(std::uint64_t second) {
  return absl::StrFormat("%s (%d)", FormatTime(second), second);
}

std::string RangeText(const SecondRange& range) {
  if (!range.after) return "at or before " + SecondText(range.last);
  return absl::StrFormat("after %s and at or before %s", SecondText(*range.after),
                         SecondText(range.last));
}

absl::StatusOr<ProvenSecond> ProveSecond(const Reader& reader, std::uint64_t time,
                                         std::uint64_t head, const Imprint& root) {
  auto chain = reader.calendar->GetCalendarHashChain(time, head);
  if (!chain.ok()) return reader.service.Explain(chain.status());
  const absl::Status leads = client::CheckChainTo(*chain, time, head, root);
  if (absl::IsDataLoss(leads)) {
    return WithExitCode(InContext(leads, reader.name()), ExitCode::kFailed);
  }
  if (!leads.ok()) return ReplayError(reader.name(), leads);
  PITSER_ASSIGN_OR_RETURN(const Imprint then, ledger::RootAtAggregationTime(*chain));
  return ProvenSecond{.chain = *std::move(chain), .root = then};
}

absl::StatusOr<AuditReport> AuditServer(const Reader& reader, const AuditEvidence& evidence,
                                        const AuditRange& range,
                                        const std::optional<AuditState>& state,
                                        const Surroundings& around) {
  AuditReport report = NewReport(reader.name(), evidence, state);
  PITSER_ASSIGN_OR_RETURN(const PublicationData head, FetchHead(reader));
  if (!range.to) PITSER_RETURN_IF_ERROR(CheckHead(reader, head.time, around.Now()));
  const std::uint64_t last = range.to.value_or(head.time);
  if (last > head.time) {
    return Error(ExitCode::kInconclusive, absl::StrFormat("the newest closed second of %s is %s",
                                                          reader.name(), SecondText(head.time)));
  }
  if (state && head.time + 1 < state->replay.next()) {
    return Error(ExitCode::kInconclusive,
                 absl::StrFormat("the newest closed second of %s is %s; on %s it was %s already",
                                 reader.name(), SecondText(head.time), FormatTime(state->saved_at),
                                 SecondText(state->replay.next() - 1)),
                 "it lags behind, or an old copy of its calendar was put back: ask its operator");
  }
  Claims claims = FromEvidence(evidence);
  PITSER_RETURN_IF_ERROR(AddListed(reader, evidence, state, claims, report));
  // What the server says of the last second itself, and of where the last audit stopped.
  PublicationData told = head;
  if (last != head.time) {
    PITSER_ASSIGN_OR_RETURN(told.hash, ToldRoot(reader, last));
    told.time = last;
  }
  claims.Add(
      {.kind = ClaimKind::kHead, .time = told.time, .value = told.hash, .source = reader.name()},
      false);
  PITSER_ASSIGN_OR_RETURN(CalendarReplay start, Begin(reader, range, state, last));
  if (last + 1 < start.next()) {
    return Error(
        ExitCode::kUsage,
        absl::StrFormat("--to: the last audit came to %s already", SecondText(start.next() - 1)),
        "replay from the beginning with --since 0");
  }
  report.first = start.next();
  report.since = range.since ? *range.since : (state ? state->since : 0);
  PITSER_RETURN_IF_ERROR(CheckHistory(reader, state, claims, report));
  if (report.broken) {  // Nothing that comes after a changed history can be right.
    report.last = state->replay.next() - 1;
    return report;
  }
  const bool nothing_new = start.next() == last + 1;
  Audit audit(std::move(start), claims.claims);
  PITSER_RETURN_IF_ERROR(Replay(reader, last, audit, around.console));
  PITSER_ASSIGN_OR_RETURN(report.root, audit.replay().Root());
  if (*report.root == told.hash) {
    PITSER_RETURN_IF_ERROR(SettleEarlier(reader, state, audit, report));
  } else if (nothing_new) {
    report.failures.push_back(absl::StrFormat("%s tells the root %s of %s; it was %s",
                                              reader.name(), told.hash.ToText(), SecondText(last),
                                              report.root->ToText()));
  }
  Conclude(audit, claims, report);
  report.anchored = report.anchored || state.has_value();
  KeepPlace(audit, reader.name(), range, state, around.Now(), report);
  return report;
}

absl::StatusOr<AuditReport> AuditFile(const std::string& path, const AuditEvidence& evidence,
                                      const AuditRange& range,
                                      const std::optional<AuditState>& state,
                                      const Surroundings& around) {
  AuditReport report = NewReport(path, evidence, state);
  const auto source = client::OpenSource(path);
  if (!source.ok()) return WithExitCode(source.status(), ExitCode::kLocalFile);
  const bool from_state = state && !range.since;
  Audit audit(from_state ? state->replay : CalendarReplay(), FromEvidence(evidence).claims);
  report.first = audit.replay().next();
  report.since = from_state ? state->since : 0;
  std::uint64_t runs = 0;
  absl::Status taken;
  const auto end = client::ReadLeavesFile(
      *source,
      [&](const client::LeavesFileHeader& header) -> absl::Status {
        if (header.first_time <= report.first) return absl::OkStatus();
        taken = Error(ExitCode::kInconclusive,
                      absl::StrFormat("%s begins at %s, and what is before it is not known", path,
                                      SecondText(header.first_time)),
                      "audit with the state of an audit that came there (--state FILE), or with "
                      "the leaves from the beginning");
        return taken;
      },
      [&](const client::LeafRun& run) {
        if (++runs % kRunsBetweenProgress == 0) {
          around.console.Progress(
              absl::StrFormat("%d leaves, at %s", audit.leaves(), FormatTime(run.last_time())));
        }
        taken = audit.Take(run);
        return taken;
      });
  around.console.EndProgress();
  if (!taken.ok()) {
    return ExitCodeOf(taken) == ExitCode::kInconclusive ? taken : ReplayError(path, taken);
  }
  if (!end.ok()) {
    const bool malformed = absl::IsInvalidArgument(end.status());
    return WithExitCode(InContext(end.status(), path),
                        malformed ? ExitCode::kMalformed : ExitCode::kLocalFile);
  }
  if (end->next < audit.replay().next()) {
    return Error(ExitCode::kInconclusive,
                 absl::StrFormat("%s ends at %s, before where the last audit stopped", path,
                                 SecondText(end->next - 1)));
  }
  if (!audit.replay().head()) return Error(ExitCode::kInconclusive, path + " has no leaves");
  PITSER_ASSIGN_OR_RETURN(report.root, audit.replay().Root());
  Conclude(audit, FromEvidence(evidence), report);
  if (end->head) {
    const bool holds = end->head->hash == *report.root;
    report.judgements.push_back({.claim = {.kind = ClaimKind::kHead,
                                           .time = end->head->time,
                                           .value = end->head->hash,
                                           .source = "the server of " + path},
                                 .finding = holds ? Finding::kHolds : Finding::kBroken,
                                 .found = report.root});
    if (!holds) {
      report.failures.push_back(JudgementText(report.judgements.back()) +
                                " is not what the leaves give");
    }
  }
  for (const Judgement& judgement : report.judgements) {
    if (judgement.finding != Finding::kOpen || judgement.claim.time > report.last) continue;
    if (from_state && HeldBefore(judgement.claim, state)) {
      ++report.publications_before;
      continue;
    }
    report.doubts.push_back(absl::StrFormat("%s lies before the first second of this audit, %s",
                                            JudgementText(judgement), SecondText(report.first)));
  }
  report.anchored = report.anchored || from_state;
  KeepPlace(audit, path, range, state, around.Now(), report);
  return report;
}

}  // namespace pitser::cli
