#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/ledger/verify_attempt.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::AuthenticatedRecipe;
using ::pitser::testing::ImprintLink;
using ::pitser::testing::kTestDay;
using ::pitser::testing::kTestTime;
using ::pitser::testing::LinkRecipe;
using ::pitser::testing::MakeCalendarLinks;
using ::pitser::testing::PublishedRecipe;
using ::pitser::testing::SomeImprint;
using ::pitser::testing::StatusIs;
using ::pitser::testing::ValueOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kSha1Deprecated = 1467331200;
constexpr std::uint64_t kPublished = kTestTime + 10 * kTestDay;
constexpr HashAlgorithm kSha1 = HashAlgorithm::kSha1;
constexpr HashAlgorithm kSha512 = HashAlgorithm::kSha512;

// Changes that leave a signature valid.

void SignAt(Attempt& attempt, std::uint64_t time) {
  attempt.recipe.time = time;
  attempt.recipe.calendar->publication_time = time;
}

void Unchanged(Attempt&) {}

void WithRfc3161(Attempt& attempt) { attempt.recipe.rfc3161.emplace(); }

void WithPublication(Attempt& attempt) { attempt.recipe = PublishedRecipe(); }

void GivenDocument(Attempt& attempt) { attempt.document_hash = SomeImprint("pitser"); }

// Replaces the lower chain's metadata content.
void SetMetadata(Attempt& attempt, std::string_view hex) {
  attempt.recipe.chains[0].links[0].sibling = ValueOf(FromHex(hex));
}

std::uint64_t ShapeOfChain(const testing::ChainRecipe& chain) {
  AggregationLinks links;
  for (const LinkRecipe& link : chain.links) {
    links.push_back({link.direction, link.kind, link.level_correction, link.sibling});
  }
  return ValueOf(ShapeOf(links));
}

void SetIndexes(Attempt& attempt, const ChainIndex& lower, const ChainIndex& upper) {
  attempt.recipe.chains[0].index = lower;
  attempt.recipe.chains[1].index = upper;
}

std::vector<RuleCase> DocumentCases() {
  return {
      {"DocumentHashedWithSha512", ErrorCode::kGen04, "document-hash-algorithm-matches",
       [](Attempt& a) { a.document_hash = SomeImprint("pitser", kSha512); }, GivenDocument,
       "document-hash-matches"},
      {"DocumentHashedWithSha3", ErrorCode::kGen04, "document-hash-algorithm-matches",
       [](Attempt& a) { a.document_hash = SomeImprint("pitser", HashAlgorithm::kSha3_256); },
       GivenDocument, "document-hash-matches"},
      {"SameDigestOfAnotherAlgorithm", ErrorCode::kGen04, "document-hash-algorithm-matches",
       [](Attempt& a) {
         a.document_hash =
             ValueOf(Imprint::Create(HashAlgorithm::kSm3, SomeImprint("pitser").digest()));
       },
       GivenDocument, "document-hash-matches"},

      {"AnotherDocument", ErrorCode::kGen01, "document-hash-matches",
       [](Attempt& a) { a.document_hash = SomeImprint("pitser!"); }, GivenDocument},
      {"ZeroHash", ErrorCode::kGen01, "document-hash-matches",
       [](Attempt& a) { a.document_hash = Imprint::Zero(HashAlgorithm::kSha256); }, GivenDocument},
      {"InputOfTheChainInsteadOfTheRecords", ErrorCode::kGen01, "document-hash-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.document_hash = testing::MakeSignature(a.recipe).aggregation_chains().front().input_hash;
       },
       [](Attempt& a) {
         WithRfc3161(a);
         GivenDocument(a);
       }},

      {"LevelOneForAPlainDocument", ErrorCode::kGen03, "input-level-is-allowed",
       [](Attempt& a) { a.input_level = 1; }, [](Attempt& a) { a.input_level = 0; }},
      {"LevelAboveTheFirstCorrection", ErrorCode::kGen03, "input-level-is-allowed",
       [](Attempt& a) {
         a.recipe.chains[0].links[0].level_correction = 3;
         a.input_level = 4;
       },
       [](Attempt& a) {
         a.recipe.chains[0].links[0].level_correction = 3;
         a.input_level = 3;
       }},
      {"LevelWithRfc3161Record", ErrorCode::kGen03, "input-level-is-allowed",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.chains[0].links[0].level_correction = 3;
         a.input_level = 1;
       },
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.chains[0].links[0].level_correction = 3;
       }},

      {"Sha1AtTheSecondOfItsDeprecation", ErrorCode::kInt13, "input-hash-algorithm-is-trusted",
       [](Attempt& a) {
         SignAt(a, kSha1Deprecated);
         a.recipe.document_hash = SomeImprint("pitser", kSha1);
       },
       [](Attempt& a) {
         SignAt(a, kSha1Deprecated - 1);
         a.recipe.document_hash = SomeImprint("pitser", kSha1);
       }},
      {"InputAlgorithmDeprecatedLater", ErrorCode::kInt13, "input-hash-algorithm-is-trusted",
       [](Attempt& a) {
         a.recipe.document_hash = SomeImprint("pitser", kSha512);
         a.algorithms = DeprecatedSince(kSha512, kTestTime);
       },
       [](Attempt& a) {
         a.recipe.document_hash = SomeImprint("pitser", kSha512);
         a.algorithms = DeprecatedSince(kSha512, kTestTime + 1);
       }},
      {"InputAlgorithmObsolete", ErrorCode::kInt13, "input-hash-algorithm-is-trusted",
       [](Attempt& a) {
         a.recipe.document_hash = SomeImprint("pitser", kSha512);
         a.algorithms = ObsoleteSince(kSha512, kTestTime);
       },
       [](Attempt& a) {
         a.recipe.document_hash = SomeImprint("pitser", kSha512);
         a.algorithms = ObsoleteSince(kSha512, kTestTime + 1);
       }},
  };
}

std::vector<RuleCase> Rfc3161Cases() {
  return {
      {"TstInfoBySha1", ErrorCode::kInt14, "rfc3161-algorithms-are-trusted",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->tst_info_algorithm = kSha1;
       },
       WithRfc3161},
      {"SignedAttributesBySha1", ErrorCode::kInt14, "rfc3161-algorithms-are-trusted",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->signed_attributes_algorithm = kSha1;
       },
       WithRfc3161},
      {"TstInfoAlgorithmDeprecatedLater", ErrorCode::kInt14, "rfc3161-algorithms-are-trusted",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->tst_info_algorithm = kSha512;
         a.algorithms = DeprecatedSince(kSha512, kTestTime);
       },
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->tst_info_algorithm = kSha512;
         a.algorithms = DeprecatedSince(kSha512, kTestTime + 1);
       }},

      {"OutputBySha1", ErrorCode::kInt17, "rfc3161-output-algorithm-is-trusted",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->output_algorithm = kSha1;
       },
       WithRfc3161},
      {"OutputAlgorithmDeprecatedLater", ErrorCode::kInt17, "rfc3161-output-algorithm-is-trusted",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->output_algorithm = kSha512;
         a.algorithms = DeprecatedSince(kSha512, kTestTime);
       },
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->output_algorithm = kSha512;
         a.algorithms = DeprecatedSince(kSha512, kTestTime + 1);
       }},
      {"OutputAlgorithmObsolete", ErrorCode::kInt17, "rfc3161-output-algorithm-is-trusted",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->output_algorithm = kSha512;
         a.algorithms = ObsoleteSince(kSha512, kTestTime);
       },
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->output_algorithm = kSha512;
         a.algorithms = ObsoleteSince(kSha512, kTestTime + 1);
       }},

      {"RecordLeadsElsewhere", ErrorCode::kInt01, "rfc3161-output-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.chains[0].input_hash = SomeImprint("elsewhere");
       },
       WithRfc3161},
      {"RecordOfTheDocumentItself", ErrorCode::kInt01, "rfc3161-output-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.chains[0].input_hash = a.recipe.document_hash;
       },
       WithRfc3161},
      {"RecordOutputOfAnotherAlgorithm", ErrorCode::kInt01, "rfc3161-output-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.chains[0].input_hash = SomeImprint("elsewhere", kSha512);
       },
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->output_algorithm = kSha512;
       }},

      {"RecordIndexOfAnotherLeaf", ErrorCode::kInt12, "rfc3161-index-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->index = {ShapeOfChain(a.recipe.chains[1]), 9};
       },
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->index = {ShapeOfChain(a.recipe.chains[1]),
                                    ShapeOfChain(a.recipe.chains[0])};
       }},
      {"RecordIndexTooShort", ErrorCode::kInt12, "rfc3161-index-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->index = {ShapeOfChain(a.recipe.chains[1])};
       },
       WithRfc3161},
      {"RecordIndexTooLong", ErrorCode::kInt12, "rfc3161-index-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->index = {ShapeOfChain(a.recipe.chains[1]),
                                    ShapeOfChain(a.recipe.chains[0]), 3};
       },
       WithRfc3161},

      {"RecordOneSecondLater", ErrorCode::kInt02, "rfc3161-time-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->time = kTestTime + 1;
       },
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->time = kTestTime;
       }},
      {"RecordOneSecondEarlier", ErrorCode::kInt02, "rfc3161-time-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->time = kTestTime - 1;
       },
       WithRfc3161},
      {"RecordAtTheEpoch", ErrorCode::kInt02, "rfc3161-time-matches",
       [](Attempt& a) {
         WithRfc3161(a);
         a.recipe.rfc3161->time = 0;
       },
       WithRfc3161},
  };
}

// Metadata by the bytes of its content. 616c69636500 is "alice" with its end.
std::vector<RuleCase> MetadataCases() {
  const auto broken = [](std::string name, std::string hex) {
    return RuleCase{std::move(name), ErrorCode::kInt11, "metadata-is-trusted",
                    [hex](Attempt& a) { SetMetadata(a, hex); },
                    [](Attempt& a) { SetMetadata(a, "7e0201010106616c69636500"); }};
  };
  // 32 bytes of content after the id byte of SHA-256: exactly an imprint.
  const std::string text_of_30 = "616161616161616161616161616161616161616161616161616161616161";
  RuleCase imprint{"MetadataThatIsAnImprint", ErrorCode::kInt11, "metadata-is-trusted",
                   [=](Attempt& a) { SetMetadata(a, "011f" + text_of_30 + "00"); },
                   [=](Attempt& a) { SetMetadata(a, "0120" + text_of_30 + "6100"); }};
  RuleCase upper = broken("PaddingMissingItsFlagsInTheUpperChain", "1e0201010106616c69636500");
  upper.breaks = [](Attempt& a) {
    a.recipe.chains[1].links[0].sibling = ValueOf(FromHex("1e0201010106616c69636500"));
  };
  return {imprint,
          upper,
          broken("PaddingAfterTheClient", "0106616c696365007e020101"),
          broken("PaddingWithoutForwardFlag", "5e0201010106616c69636500"),
          broken("PaddingWithoutNonCriticalFlag", "3e0201010106616c69636500"),
          broken("PaddingWithLongHeader", "e01e000201010106616c69636500"),
          broken("PaddingOfAnotherValue", "7e0201020106616c69636500"),
          broken("PaddingThatIsEmpty", "7e000106616c69636500"),
          broken("PaddingTooLong", "7e030101010107616c6963656300"),
          broken("PaddingLeavesAnOddLength", "7e01010106616c69636500"),
          broken("PaddingTwice", "7e01017e01010106616c69636500")};
}

std::vector<RuleCase> AggregationCases() {
  return {
      {"LowerChainBySha1", ErrorCode::kInt15, "aggregation-algorithms-are-trusted",
       [](Attempt& a) { a.recipe.chains[0].algorithm = kSha1; },
       [](Attempt& a) {
         SignAt(a, kSha1Deprecated - 1);
         a.recipe.chains[0].algorithm = kSha1;
       }},
      {"UpperChainBySha1", ErrorCode::kInt15, "aggregation-algorithms-are-trusted",
       [](Attempt& a) { a.recipe.chains[1].algorithm = kSha1; },
       [](Attempt& a) { a.recipe.chains[1].algorithm = kSha512; }},
      {"ChainAlgorithmDeprecatedLater", ErrorCode::kInt15, "aggregation-algorithms-are-trusted",
       [](Attempt& a) {
         a.recipe.chains[1].algorithm = kSha512;
         a.algorithms = DeprecatedSince(kSha512, kTestTime);
       },
       [](Attempt& a) {
         a.recipe.chains[1].algorithm = kSha512;
         a.algorithms = DeprecatedSince(kSha512, kTestTime + 1);
       }},

      {"LowerIndexBelowAnotherChain", ErrorCode::kInt12, "chain-indexes-continue",
       [](Attempt& a) {
         const auto& chains = a.recipe.chains;
         SetIndexes(a, {7, ShapeOfChain(chains[0])}, {ShapeOfChain(chains[1])});
       },
       [](Attempt& a) {
         const auto& chains = a.recipe.chains;
         SetIndexes(a, {ShapeOfChain(chains[1]), ShapeOfChain(chains[0])},
                    {ShapeOfChain(chains[1])});
       }},
      {"IndexSkipsAChain", ErrorCode::kInt12, "chain-indexes-continue",
       [](Attempt& a) {
         const auto& chains = a.recipe.chains;
         SetIndexes(a, {ShapeOfChain(chains[1]), 3, ShapeOfChain(chains[0])},
                    {ShapeOfChain(chains[1])});
       },
       Unchanged},
      {"IndexesOfEqualLength", ErrorCode::kInt12, "chain-indexes-continue",
       [](Attempt& a) {
         const auto& chains = a.recipe.chains;
         SetIndexes(a, {ShapeOfChain(chains[0])}, {ShapeOfChain(chains[1])});
       },
       // A list may begin above the highest chain: nothing in the format forbids it.
       [](Attempt& a) {
         const auto& chains = a.recipe.chains;
         SetIndexes(a, {3, ShapeOfChain(chains[1]), ShapeOfChain(chains[0])},
                    {3, ShapeOfChain(chains[1])});
       }},

      {"UpperChainOneSecondLater", ErrorCode::kInt02, "aggregation-times-agree",
       [](Attempt& a) { a.recipe.chains[1].time = kTestTime + 1; },
       [](Attempt& a) { a.recipe.chains[1].time = kTestTime; }},
      {"UpperChainOneSecondEarlier", ErrorCode::kInt02, "aggregation-times-agree",
       [](Attempt& a) { a.recipe.chains[1].time = kTestTime - 1; }, Unchanged},
      {"UpperChainAtTheEpoch", ErrorCode::kInt02, "aggregation-times-agree",
       [](Attempt& a) { a.recipe.chains[1].time = 0; }, Unchanged},

      {"UpperChainOfAnotherTree", ErrorCode::kInt01, "aggregation-chains-connect",
       [](Attempt& a) { a.recipe.chains[1].input_hash = SomeImprint("elsewhere"); }, Unchanged},
      {"UpperChainWithAnotherInputAlgorithm", ErrorCode::kInt01, "aggregation-chains-connect",
       [](Attempt& a) { a.recipe.chains[1].input_hash = SomeImprint("elsewhere", kSha512); },
       [](Attempt& a) { a.recipe.chains[0].algorithm = kSha512; }},
      {"LevelCorrectionRaised", ErrorCode::kInt01, "aggregation-chains-connect",
       [](Attempt& a) {
         const Signature whole = testing::MakeSignature(a.recipe);
         a.recipe.chains[1].input_hash = whole.aggregation_chains()[1].input_hash;
         a.recipe.chains[0].links[2].level_correction = 1;
       },
       [](Attempt& a) { a.recipe.chains[0].links[2].level_correction = 1; }},

      {"LowerIndexOfAnotherShape", ErrorCode::kInt10, "chain-index-matches-shape",
       [](Attempt& a) {
         const auto& chains = a.recipe.chains;
         const std::uint64_t upper = ShapeOfChain(chains[1]);
         SetIndexes(a, {upper, ShapeOfChain(chains[0]) ^ 1}, {upper});
       },
       Unchanged},
      {"UpperIndexOfAnotherShape", ErrorCode::kInt10, "chain-index-matches-shape",
       [](Attempt& a) {
         SetIndexes(a, {7, ShapeOfChain(a.recipe.chains[0])}, {7});
       },
       Unchanged},
      {"MoreLinksThanAnIndexHasBits", ErrorCode::kInt10, "chain-index-matches-shape",
       [](Attempt& a) {
         a.recipe.chains.resize(1);
         a.recipe.chains[0].links.assign(64, ImprintLink(LinkDirection::kRight, "sibling"));
         a.recipe.chains[0].index = {1};
       },
       [](Attempt& a) {
         a.recipe.chains.resize(1);
         a.recipe.chains[0].links.assign(63, ImprintLink(LinkDirection::kRight, "sibling"));
       }},
  };
}

std::vector<RuleCase> CalendarCases() {
  return {
      {"CalendarOfAnotherRoot", ErrorCode::kInt03, "calendar-input-matches-aggregation-root",
       [](Attempt& a) { a.recipe.calendar->input_hash = SomeImprint("elsewhere"); }, Unchanged},
      {"CalendarOfAnEmptySecond", ErrorCode::kInt03, "calendar-input-matches-aggregation-root",
       [](Attempt& a) { a.recipe.calendar->input_hash = Imprint::Zero(HashAlgorithm::kSha256); },
       Unchanged},
      {"CalendarInputOfAnotherAlgorithm", ErrorCode::kInt03,
       "calendar-input-matches-aggregation-root",
       [](Attempt& a) { a.recipe.calendar->input_hash = SomeImprint("elsewhere", kSha512); },
       [](Attempt& a) { a.recipe.chains[1].algorithm = kSha512; }},

      {"ChainsOneSecondLater", ErrorCode::kInt04, "calendar-time-matches-aggregation-time",
       [](Attempt& a) {
         for (auto& chain : a.recipe.chains) chain.time = kTestTime + 1;
       },
       Unchanged},
      {"ChainsOneSecondEarlier", ErrorCode::kInt04, "calendar-time-matches-aggregation-time",
       [](Attempt& a) {
         for (auto& chain : a.recipe.chains) chain.time = kTestTime - 1;
       },
       Unchanged},
      {"ChainsAtTheEpoch", ErrorCode::kInt04, "calendar-time-matches-aggregation-time",
       [](Attempt& a) {
         for (auto& chain : a.recipe.chains) chain.time = 0;
       },
       Unchanged},

      {"ShapeOfTheSecondBefore", ErrorCode::kInt05, "calendar-shape-matches-time",
       [](Attempt& a) { a.recipe.calendar->links = MakeCalendarLinks(kTestTime - 1, kTestTime); },
       [](Attempt& a) { a.recipe.calendar->links = MakeCalendarLinks(kTestTime, kTestTime); }},
      {"ShapeOfALaterSecond", ErrorCode::kInt05, "calendar-shape-matches-time",
       [](Attempt& a) {
         WithPublication(a);
         a.recipe.calendar->links = MakeCalendarLinks(kTestTime + 1, kPublished);
       },
       WithPublication},
      {"ShapeWithALinkTooFew", ErrorCode::kInt05, "calendar-shape-matches-time",
       [](Attempt& a) {
         a.recipe.calendar->links = MakeCalendarLinks(kTestTime, kTestTime);
         a.recipe.calendar->links->pop_back();
       },
       Unchanged},
      {"ShapeWithALinkTooMany", ErrorCode::kInt05, "calendar-shape-matches-time",
       [](Attempt& a) {
         a.recipe.calendar->links = MakeCalendarLinks(kTestTime, kTestTime);
         a.recipe.calendar->links->push_back(a.recipe.calendar->links->front());
       },
       Unchanged},

      {"LeftSiblingObsoleteAtPublication", ErrorCode::kInt16,
       "calendar-algorithms-are-not-obsolete",
       [](Attempt& a) {
         WithPublication(a);
         a.recipe.calendar->links = MakeCalendarLinks(kTestTime, kPublished, kSha512);
         a.algorithms = ObsoleteSince(kSha512, kPublished);
       },
       [](Attempt& a) {
         WithPublication(a);
         a.recipe.calendar->links = MakeCalendarLinks(kTestTime, kPublished, kSha512);
         a.algorithms = ObsoleteSince(kSha512, kPublished + 1);
       }},
      {"LeftSiblingObsoleteForYears", ErrorCode::kInt16, "calendar-algorithms-are-not-obsolete",
       [](Attempt& a) {
         WithPublication(a);
         a.recipe.calendar->links = MakeCalendarLinks(kTestTime, kPublished, kSha512);
         a.algorithms = ObsoleteSince(kSha512, 0);
       },
       // Merely deprecated is left to the policies that rest on the calendar.
       [](Attempt& a) {
         WithPublication(a);
         a.recipe.calendar->links = MakeCalendarLinks(kTestTime, kPublished, kSha512);
         a.algorithms = DeprecatedSince(kSha512, 0);
       }},
      {"OneLeftSiblingObsolete", ErrorCode::kInt16, "calendar-algorithms-are-not-obsolete",
       [](Attempt& a) {
         WithPublication(a);
         CalendarLinks links = MakeCalendarLinks(kTestTime, kPublished);
         for (CalendarLink& link : links) {
           if (link.direction == LinkDirection::kLeft) link.sibling = SomeImprint("x", kSha512);
         }
         a.recipe.calendar->links = links;
         a.algorithms = ObsoleteSince(kSha512, kPublished);
       },
       // A right link's sibling chooses no algorithm.
       [](Attempt& a) {
         WithPublication(a);
         CalendarLinks links = MakeCalendarLinks(kTestTime, kPublished);
         for (CalendarLink& link : links) {
           if (link.direction == LinkDirection::kRight) link.sibling = SomeImprint("x", kSha512);
         }
         a.recipe.calendar->links = links;
         a.algorithms = ObsoleteSince(kSha512, kPublished);
       }},
  };
}

// The same four for either record.
std::vector<RuleCase> RecordCases() {
  std::vector<RuleCase> cases;
  const auto add = [&](bool publication, std::string name, ErrorCode code, std::string rule,
                       std::function<void(Attempt&)> change) {
    const auto base = publication ? PublishedRecipe : AuthenticatedRecipe;
    cases.push_back({std::move(name), code, std::move(rule),
                     [=](Attempt& a) {
                       a.recipe = base();
                       change(a);
                     },
                     [=](Attempt& a) { a.recipe = base(); }});
  };
  const auto other_hash = [](Attempt& a) { a.recipe.record_hash = SomeImprint("elsewhere"); };
  const auto other_algorithm = [](Attempt& a) {
    a.recipe.record_hash = SomeImprint("elsewhere", kSha512);
  };
  const auto zero_hash = [](Attempt& a) {
    a.recipe.record_hash = Imprint::Zero(HashAlgorithm::kSha256);
  };
  const auto later = [](Attempt& a) {
    a.recipe.record_time = a.recipe.calendar->publication_time + 1;
  };
  const auto earlier = [](Attempt& a) {
    a.recipe.record_time = a.recipe.calendar->publication_time - 1;
  };
  const auto epoch = [](Attempt& a) { a.recipe.record_time = 0; };
  for (const bool publication : {true, false}) {
    const std::string what = publication ? "Publication" : "Authentication";
    const ErrorCode hash = publication ? ErrorCode::kInt09 : ErrorCode::kInt08;
    const ErrorCode time = publication ? ErrorCode::kInt07 : ErrorCode::kInt06;
    const std::string rule = publication ? "publication-record" : "authentication-record";
    add(publication, what + "OfAnotherRoot", hash, rule + "-hash-matches", other_hash);
    add(publication, what + "OfAnotherAlgorithm", hash, rule + "-hash-matches", other_algorithm);
    add(publication, what + "OfNothing", hash, rule + "-hash-matches", zero_hash);
    add(publication, what + "ASecondLater", time, rule + "-time-matches", later);
    add(publication, what + "ASecondEarlier", time, rule + "-time-matches", earlier);
    add(publication, what + "AtTheEpoch", time, rule + "-time-matches", epoch);
  }
  return cases;
}

class InternalRule : public ::testing::TestWithParam<RuleCase> {};

TEST_P(InternalRule, BreaksAlone) {
  Attempt attempt;
  GetParam().breaks(attempt);
  std::vector<std::string> expected = {GetParam().rule};
  if (!GetParam().also.empty()) expected.push_back(GetParam().also);
  EXPECT_EQ(attempt.BrokenInternalRules(), expected);

  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result, attempt.Verify(Policy::kInternal));
  EXPECT_EQ(result.outcome, Outcome::kFailed);
  EXPECT_EQ(ErrorCodeName(result.code), ErrorCodeName(GetParam().code));
  EXPECT_EQ(result.rule, GetParam().rule);
  EXPECT_EQ(result.policy, "internal");
}

TEST_P(InternalRule, PassesItsTwin) {
  Attempt attempt;
  GetParam().passes(attempt);
  EXPECT_THAT(attempt.BrokenInternalRules(), IsEmpty());
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result, attempt.Verify(Policy::kInternal));
  EXPECT_EQ(result.outcome, Outcome::kOk) << ErrorCodeName(result.code) << " " << result.rule;
  EXPECT_EQ(result.code, ErrorCode::kNone);
  EXPECT_EQ(result.rule, "");
}

// Every policy begins with these rules, and a broken one is the verdict of all.
TEST_P(InternalRule, DecidesEveryPolicy) {
  for (const Policy policy :
       {Policy::kKeyBased, Policy::kPublicationsFileBased, Policy::kUserPublicationBased}) {
    Attempt attempt;
    GetParam().breaks(attempt);
    PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result, attempt.Verify(policy));
    EXPECT_EQ(ErrorCodeName(result.code), ErrorCodeName(GetParam().code));
    EXPECT_EQ(result.rule, GetParam().rule);
    EXPECT_EQ(result.policy, PolicyName(policy));
  }
}

std::string CaseName(const ::testing::TestParamInfo<RuleCase>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Document, InternalRule, ::testing::ValuesIn(DocumentCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Rfc3161, InternalRule, ::testing::ValuesIn(Rfc3161Cases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Metadata, InternalRule, ::testing::ValuesIn(MetadataCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Aggregation, InternalRule, ::testing::ValuesIn(AggregationCases()),
                         CaseName);
INSTANTIATE_TEST_SUITE_P(Calendar, InternalRule, ::testing::ValuesIn(CalendarCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Records, InternalRule, ::testing::ValuesIn(RecordCases()), CaseName);

TEST(InternalRules, EachHasThreeCasesThatBreakIt) {
  std::map<std::string, int> cases;
  for (const auto& list : {DocumentCases(), Rfc3161Cases(), MetadataCases(), AggregationCases(),
                           CalendarCases(), RecordCases()}) {
    for (const RuleCase& rule_case : list) ++cases[rule_case.rule];
  }
  for (const internal::Rule& rule : internal::InternalRules()) {
    EXPECT_GE(cases[std::string(rule.name)], 3) << rule.name;
  }
}

TEST(VerifyInternal, EveryBitOfTheDocumentHashCounts) {
  const Imprint right = SomeImprint("pitser");
  const Signature signature = testing::MakeSignature(AuthenticatedRecipe());
  int wrong = 0;
  for (std::size_t bit = 0; bit < right.bytes().size() * 8; ++bit) {
    ByteVector bytes = ToVector(right.bytes());
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1 << bit % 8));
    const absl::StatusOr<Imprint> flipped = Imprint::Parse(bytes);
    // No algorithm with an id one bit away from that of SHA-256 has digests of its length.
    EXPECT_EQ(flipped.ok(), bit >= 8) << "bit " << bit;
    if (!flipped.ok()) continue;
    PITSER_ASSERT_OK_AND_ASSIGN(
        const VerificationResult result,
        Verify(Policy::kInternal, {.signature = signature, .document_hash = *flipped}));
    EXPECT_EQ(result.outcome, Outcome::kFailed);
    EXPECT_EQ(result.code, ErrorCode::kGen01) << "bit " << bit;
    ++wrong;
  }
  EXPECT_EQ(wrong, 256);
}

TEST(VerifyInternal, TheSameDigestOfAnotherAlgorithmIsNotTheDocument) {
  const Imprint right = SomeImprint("pitser");
  const Signature signature = testing::MakeSignature(AuthenticatedRecipe());
  for (const HashAlgorithm algorithm : {HashAlgorithm::kSha3_256, HashAlgorithm::kSm3}) {
    const Imprint other = ValueOf(Imprint::Create(algorithm, right.digest()));
    PITSER_ASSERT_OK_AND_ASSIGN(
        const VerificationResult result,
        Verify(Policy::kInternal, {.signature = signature, .document_hash = other}));
    EXPECT_EQ(result.code, ErrorCode::kGen04);
  }
}

TEST(VerifyInternal, LevelBeyond255IsMalformedWhereverItIs) {
  for (const std::size_t chain : {0U, 1U}) {
    Attempt attempt;
    attempt.recipe.chains[chain].links.back().level_correction = 255;
    EXPECT_THAT(attempt.Verify(Policy::kInternal), StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(attempt.Verify(Policy::kKeyBased), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(VerifyInternal, Level255IsTheHighest) {
  Attempt attempt;
  attempt.recipe.chains.resize(1);
  attempt.recipe.chains[0].links = {ImprintLink(LinkDirection::kLeft, "sibling", 254)};
  PITSER_ASSERT_OK_AND_ASSIGN(VerificationResult result, attempt.Verify(Policy::kInternal));
  EXPECT_EQ(result.outcome, Outcome::kOk);
  attempt.recipe.chains[0].links[0].level_correction = 255;
  EXPECT_THAT(attempt.Verify(Policy::kInternal), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(VerifyInternal, NeedsNeitherCalendarNorRecord) {
  Attempt attempt;
  attempt.recipe.record = testing::Record::kNone;
  PITSER_ASSERT_OK_AND_ASSIGN(VerificationResult result, attempt.Verify(Policy::kInternal));
  EXPECT_EQ(result.outcome, Outcome::kOk);
  attempt.recipe.calendar.reset();
  PITSER_ASSERT_OK_AND_ASSIGN(result, attempt.Verify(Policy::kInternal));
  EXPECT_EQ(result.outcome, Outcome::kOk);
}

TEST(VerifyInternal, ReportsEveryRuleThatRanInOrder) {
  Attempt attempt;
  attempt.recipe.chains[1].time = kTestTime + 1;
  GivenDocument(attempt);
  PITSER_ASSERT_OK_AND_ASSIGN(const VerificationResult result, attempt.Verify(Policy::kInternal));
  std::vector<std::string> names;
  for (const RuleVerdict& verdict : result.verdicts) names.emplace_back(verdict.rule);
  EXPECT_THAT(names, ElementsAre("document-hash-algorithm-matches", "document-hash-matches",
                                 "input-level-is-allowed", "input-hash-algorithm-is-trusted",
                                 "metadata-is-trusted", "aggregation-algorithms-are-trusted",
                                 "chain-indexes-continue", "aggregation-times-agree"));
  EXPECT_EQ(result.verdicts.back().outcome, Outcome::kFailed);
  EXPECT_EQ(result.verdicts.back().code, ErrorCode::kInt02);
  EXPECT_EQ(result.verdicts.front().outcome, Outcome::kOk);
}

}  // namespace
}  // namespace pitser::ledger
