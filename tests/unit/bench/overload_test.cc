#include "bench/load/overload.h"

#include <string>
#include <vector>

#include "bench/load/report.h"
#include "gtest/gtest.h"

namespace pitser::bench {
namespace {

// A node that took 5 of 8 and refused 3, as it should.
OverloadReport GoodReport() {
  OverloadReport report;
  report.tally.sent = 8;
  report.tally.signed_count = 5;
  report.tally.refused[{8, "max_pending"}] = 3;
  report.verification.counts.right = 5;
  report.probes = 2;
  report.after.Record(1000, 2);
  return report;
}

// How many findings do not hold.
int Broken(const OverloadReport& report) {
  int broken = 0;
  for (const Finding& finding : report.Findings()) broken += finding.holds ? 0 : 1;
  return broken;
}

TEST(OverloadReport, HoldsWhenAllIsAsItShouldBe) { EXPECT_EQ(Broken(GoodReport()), 0); }

TEST(OverloadReport, FindsARequestThatWasTakenAndNotAnswered) {
  OverloadReport undecided = GoodReport();
  --undecided.tally.signed_count;
  ++undecided.tally.undecided[{4, ""}];
  --undecided.verification.counts.right;
  EXPECT_EQ(Broken(undecided), 1);
  OverloadReport lost = GoodReport();
  ++lost.tally.sent;
  EXPECT_EQ(Broken(lost), 1);
  OverloadReport breach = GoodReport();
  breach.tally.Breach("two answers");
  EXPECT_EQ(Broken(breach), 1);
}

TEST(OverloadReport, FindsAWrongSignatureAndOneThatWasNotVerified) {
  OverloadReport wrong = GoodReport();
  --wrong.verification.counts.right;
  ++wrong.verification.counts.wrong;
  EXPECT_EQ(Broken(wrong), 1);
  OverloadReport unverified = GoodReport();
  --unverified.verification.counts.right;
  EXPECT_EQ(Broken(unverified), 1);
}

TEST(OverloadReport, FindsARefusalThatDoesNotSayWhichLimit) {
  EXPECT_TRUE(IsTyped({8, "max_pending"}));
  EXPECT_FALSE(IsTyped({8, ""}));
  EXPECT_FALSE(IsTyped({13, "max_pending"}));
  OverloadReport report = GoodReport();
  report.tally.refused = {{{8, ""}, 3}};
  EXPECT_EQ(Broken(report), 1);
}

TEST(OverloadReport, FindsANodeThatIsNotAsBefore) {
  OverloadReport report = GoodReport();
  report.probes = 3;
  EXPECT_EQ(Broken(report), 1);
}

TEST(Report, WritesNumbersForPeople) {
  EXPECT_EQ(WithCommas(0), "0");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1000), "1,000");
  EXPECT_EQ(WithCommas(1234567), "1,234,567");
  EXPECT_EQ(RefusalsText({}), "0");
  EXPECT_EQ(RefusalsText({{{8, "max_pending"}, 1200}, {{3, ""}, 1}}),
            "1,201 (INVALID_ARGUMENT 1, RESOURCE_EXHAUSTED max_pending 1,200)");
}

}  // namespace
}  // namespace pitser::bench
