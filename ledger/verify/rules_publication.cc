#include <string>

#include "ledger/base/status.h"
#include "ledger/verify/rules.h"

// Verification by publications: those of a publications file, or one that the user has.
// The signature either carries the very publication, or is extended to it.
// Source: spec 9.7, 9.8.
namespace pitser::ledger::internal {
namespace {

using Result = absl::StatusOr<Finding>;

// --- Which publication ---

// Whether something of exactly this time was believed before.
bool HasPast(const Evidence& evidence, std::uint64_t time) {
  const PublicationsPast* past = evidence.context().past;
  return past != nullptr && past->At(time) != nullptr;
}

// The signature's own publication is of a time that the publications file has, or had.
bool CarriesFilePublication(const Evidence& evidence) {
  const auto& record = evidence.signature().publication_record();
  if (!record.has_value()) return false;
  const PublicationsFile* file = evidence.context().publications_file;
  return (file != nullptr && file->HasPublicationAt(record->data.time)) ||
         HasPast(evidence, record->data.time);
}
bool NeedsFilePublication(const Evidence& evidence) { return !CarriesFilePublication(evidence); }

// The signature's own publication is of the time of the user's.
bool CarriesUserPublication(const Evidence& evidence) {
  const auto& record = evidence.signature().publication_record();
  return record.has_value() && record->data.time == evidence.context().user_publication->time;
}
bool NeedsUserPublication(const Evidence& evidence) { return !CarriesUserPublication(evidence); }

// What was believed once stands, whatever a file says of that time now.
Result CheckCarriedIsInFile(Evidence& evidence) {
  const PublicationData& carried = evidence.signature().publication_record()->data;
  if (HasPast(evidence, carried.time)) {
    return Finding::If(evidence.context().past->Find(carried) != nullptr);
  }
  return Finding::If(evidence.context().publications_file->FindPublication(carried) != nullptr);
}

Result CheckCarriedIsUsers(Evidence& evidence) {
  return Finding::If(evidence.signature().publication_record()->data.hash ==
                     evidence.context().user_publication->hash);
}

// What to extend to. Only asked for after the rule that says there is one.
PublicationData NearestInFile(const Evidence& evidence) {
  return *NearestPublication(evidence.context());
}
PublicationData Users(const Evidence& evidence) { return *evidence.context().user_publication; }

Result CheckPublicationsAtHand(Evidence& evidence) {
  const PublicationsPast* past = evidence.context().past;
  if (past != nullptr && !past->publications().empty()) return Finding::Pass();
  return CheckHasPublicationsFile(evidence);
}

Result CheckLaterPublicationInFile(Evidence& evidence) {
  if (NearestPublication(evidence.context()).has_value()) return Finding::Pass();
  const PublicationsFile* file = evidence.context().publications_file;
  return Finding::Missing(file != nullptr && file->LatestPublication() == nullptr
                              ? "the publications file holds no publication yet"
                              : "the signature is newer than the newest publication");
}

Result CheckHasUserPublication(Evidence& evidence) {
  return Finding::Needs(evidence.context().user_publication.has_value(),
                        "no publication was given");
}

Result CheckSignedBeforeUserPublication(Evidence& evidence) {
  return Finding::Needs(
      evidence.signature().signing_time() <= evidence.context().user_publication->time,
      "the signature is newer than the given publication");
}

// --- Extending to it ---

Result CheckExtendingAllowed(Evidence& evidence) {
  return Finding::Needs(evidence.context().extending_allowed,
                        "the signature would have to be extended to the publication, which is not "
                        "allowed here");
}

using Target = PublicationData (*)(const Evidence&);

template <Target target>
Result CheckExtenderAnswersFor(Evidence& evidence) {
  return CheckExtenderAnswers(evidence, target(evidence).time);
}

template <Target target>
Result CheckExtendedAlgorithms(Evidence& evidence) {
  return Finding::Needs(
      !CalendarDeprecated(evidence.Extended(target(evidence).time)->chain, evidence.algorithms()),
      "the extender's calendar hash chain uses a hash algorithm that was deprecated at its "
      "publication time");
}

template <Target target>
Result CheckExtendedRoot(Evidence& evidence) {
  const PublicationData publication = target(evidence);
  const absl::StatusOr<Imprint>& root = evidence.Extended(publication.time)->root;
  if (!root.ok()) return root.status();
  return Finding::If(*root == publication.hash);
}

template <Target target>
Result CheckExtendedTimes(Evidence& evidence) {
  const PublicationData publication = target(evidence);
  const CalendarHashChain& chain = evidence.Extended(publication.time)->chain;
  const absl::StatusOr<std::uint64_t> time =
      CalendarTimeFromShape(chain.publication_time, chain.links);
  return Finding::If(chain.publication_time == publication.time &&
                     chain.AggregationTime() == evidence.signature().signing_time() && time.ok() &&
                     *time == chain.AggregationTime());
}

template <Target target>
Result CheckExtendedInputOf(Evidence& evidence) {
  return CheckExtendedInput(evidence, target(evidence).time);
}

constexpr Rule kPublicationsFileRules[] = {
    {"publications-file-is-at-hand", ErrorCode::kGen02, nullptr, CheckPublicationsAtHand},

    {"publication-record-is-in-file", ErrorCode::kPub05, CarriesFilePublication,
     CheckCarriedIsInFile},
    {"calendar-algorithms-are-trusted", ErrorCode::kGen02, CarriesFilePublication,
     CheckCalendarAlgorithmsTrusted},

    {"later-publication-is-in-file", ErrorCode::kGen02, NeedsFilePublication,
     CheckLaterPublicationInFile},
    {"extending-is-allowed", ErrorCode::kGen02, NeedsFilePublication, CheckExtendingAllowed},
    {"extender-answers", ErrorCode::kGen02, NeedsFilePublication,
     CheckExtenderAnswersFor<NearestInFile>},
    {"extended-algorithms-are-trusted", ErrorCode::kGen02, NeedsFilePublication,
     CheckExtendedAlgorithms<NearestInFile>},
    {"extended-root-matches-publication", ErrorCode::kPub01, NeedsFilePublication,
     CheckExtendedRoot<NearestInFile>},
    {"extended-times-match", ErrorCode::kPub02, NeedsFilePublication,
     CheckExtendedTimes<NearestInFile>},
    {"extended-input-matches-aggregation-root", ErrorCode::kPub03, NeedsFilePublication,
     CheckExtendedInputOf<NearestInFile>},
};

constexpr Rule kUserPublicationRules[] = {
    {"user-publication-is-given", ErrorCode::kGen02, nullptr, CheckHasUserPublication},

    {"publication-record-is-the-users", ErrorCode::kPub04, CarriesUserPublication,
     CheckCarriedIsUsers},
    {"calendar-algorithms-are-trusted", ErrorCode::kGen02, CarriesUserPublication,
     CheckCalendarAlgorithmsTrusted},

    {"signed-before-user-publication", ErrorCode::kGen02, NeedsUserPublication,
     CheckSignedBeforeUserPublication},
    {"extending-is-allowed", ErrorCode::kGen02, NeedsUserPublication, CheckExtendingAllowed},
    {"extender-answers", ErrorCode::kGen02, NeedsUserPublication, CheckExtenderAnswersFor<Users>},
    {"extended-algorithms-are-trusted", ErrorCode::kGen02, NeedsUserPublication,
     CheckExtendedAlgorithms<Users>},
    {"extended-root-matches-publication", ErrorCode::kPub01, NeedsUserPublication,
     CheckExtendedRoot<Users>},
    {"extended-times-match", ErrorCode::kPub02, NeedsUserPublication, CheckExtendedTimes<Users>},
    {"extended-input-matches-aggregation-root", ErrorCode::kPub03, NeedsUserPublication,
     CheckExtendedInputOf<Users>},
};

}  // namespace

std::span<const Rule> PublicationsFileRules() { return kPublicationsFileRules; }
std::span<const Rule> UserPublicationRules() { return kUserPublicationRules; }

Result CheckExtenderAnswers(Evidence& evidence, std::optional<std::uint64_t> publication_time) {
  if (!evidence.context().extend) return Finding::Missing("no extender at hand");
  const auto& extended = evidence.Extended(publication_time);
  if (extended.ok()) return Finding::Pass();
  return Finding::Missing("the extender gave no answer: " +
                          std::string(ToStd(extended.status().message())));
}

Result CheckExtendedInput(Evidence& evidence, std::optional<std::uint64_t> publication_time) {
  PITSER_ASSIGN_OR_RETURN(const Imprint root, evidence.AggregationRoot());
  return Finding::If(evidence.Extended(publication_time)->chain.input_hash == root);
}

}  // namespace pitser::ledger::internal
