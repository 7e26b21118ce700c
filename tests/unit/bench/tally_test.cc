#include "bench/load/tally.h"

#include <grpcpp/grpcpp.h>

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pitser::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(EndingOf, TellsARefusalFromABrokenConnection) {
  const grpc::ClientContext context;
  const auto fate = [&](grpc::StatusCode code) {
    return EndingOf(grpc::Status(code, ""), context).fate;
  };
  EXPECT_EQ(fate(grpc::StatusCode::RESOURCE_EXHAUSTED), Fate::kRefused);
  EXPECT_EQ(fate(grpc::StatusCode::INVALID_ARGUMENT), Fate::kRefused);
  EXPECT_EQ(fate(grpc::StatusCode::UNIMPLEMENTED), Fate::kRefused);
  EXPECT_EQ(fate(grpc::StatusCode::PERMISSION_DENIED), Fate::kRefused);
  EXPECT_EQ(fate(grpc::StatusCode::UNAVAILABLE), Fate::kUndecided);
  EXPECT_EQ(fate(grpc::StatusCode::DEADLINE_EXCEEDED), Fate::kUndecided);
  EXPECT_EQ(fate(grpc::StatusCode::CANCELLED), Fate::kUndecided);
  EXPECT_EQ(fate(grpc::StatusCode::INTERNAL), Fate::kUndecided);
}

TEST(EndingOfItem, TakesTheServersWord) {
  const Ending full = EndingOfItem(8, "max_pending", 250u);
  EXPECT_EQ(full.fate, Fate::kRefused);
  EXPECT_EQ(full.refusal, (Refusal{8, "max_pending"}));
  EXPECT_EQ(full.retry_after_ms, 250);
  EXPECT_EQ(EndingOfItem(grpc::StatusCode::UNAVAILABLE, "", std::nullopt).fate, Fate::kRefused);
  EXPECT_EQ(EndingOfItem(grpc::StatusCode::DEADLINE_EXCEEDED, "", std::nullopt).fate,
            Fate::kRefused);
  EXPECT_EQ(EndingOfItem(grpc::StatusCode::DATA_LOSS, "", std::nullopt).fate, Fate::kUndecided);
}

TEST(Tally, AddsUp) {
  Tally a, b;
  a.sent = 3;
  a.refused[{8, "max_pending"}] = 2;
  a.last_answer = 5;
  b.sent = 4;
  b.refused[{8, "max_pending"}] = 1;
  b.refused[{3, ""}] = 1;
  b.undecided[{14, ""}] = 6;
  b.last_answer = 4;
  b.Breach("why");
  a.Add(b);
  EXPECT_EQ(a.sent, 7u);
  EXPECT_THAT(a.refused,
              ElementsAre(Pair(Refusal{3, ""}, 1u), Pair(Refusal{8, "max_pending"}, 3u)));
  EXPECT_EQ(a.TotalRefused(), 4u);
  EXPECT_EQ(a.TotalUndecided(), 6u);
  EXPECT_EQ(a.last_answer, 5);
  EXPECT_EQ(a.breaches, 1u);
  EXPECT_THAT(a.complaints, ElementsAre("why"));
}

TEST(Tally, NamesCodesAsTheContractDoes) {
  EXPECT_EQ(CodeName(8), "RESOURCE_EXHAUSTED");
  EXPECT_EQ(CodeName(14), "UNAVAILABLE");
}

}  // namespace
}  // namespace pitser::bench
