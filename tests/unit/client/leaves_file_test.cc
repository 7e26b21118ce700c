#include "client/leaves_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ledger/tree/calendar_tree.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::client {
namespace {

using ledger::ByteVector;
using ledger::Imprint;
using testing::IsOk;
using testing::StatusIs;
using testing::TestImprint;

// Gives the bytes in pieces of `piece`.
ByteSource SourceOf(const ByteVector& bytes, std::size_t piece = 1 << 20) {
  return [&bytes, piece, at = std::size_t{0}](std::span<std::uint8_t> buffer) mutable {
    const std::size_t size = std::min({piece, buffer.size(), bytes.size() - at});
    std::copy_n(bytes.data() + at, size, buffer.data());
    at += size;
    return absl::StatusOr<std::size_t>(size);
  };
}

struct Read {
  absl::StatusOr<LeavesFileEnd> end;
  LeavesFileHeader header;
  std::vector<std::pair<std::uint64_t, Imprint>> leaves;
  std::uint64_t empty = 0;
};

Read ReadAll(const ByteVector& bytes, std::size_t piece = 1 << 20) {
  Read read{.end = absl::UnknownError("not read"), .header = {}, .leaves = {}};
  read.end = ReadLeavesFile(
      SourceOf(bytes, piece),
      [&](const LeavesFileHeader& header) {
        read.header = header;
        return absl::OkStatus();
      },
      [&](const LeafRun& run) {
        for (std::size_t i = 0; i < run.leaves.size(); ++i) {
          read.leaves.emplace_back(run.first_time + i, run.leaves[i]);
        }
        if (run.leaves.empty()) read.empty += run.seconds;
        return absl::OkStatus();
      });
  return read;
}

// Three leaves, a long gap, one leaf of another algorithm, and the head.
ByteVector SmallFile() {
  ByteVector bytes;
  LeavesFileWriter writer([&](ledger::Bytes piece) {
    ledger::Append(bytes, piece);
    return absl::OkStatus();
  });
  const std::vector<Imprint> three = {TestImprint(1), TestImprint(2), TestImprint(3)};
  const std::vector<Imprint> one = {TestImprint(4, ledger::HashAlgorithm::kSha512)};
  EXPECT_THAT(writer.Begin({.first_time = 10, .made_at = 99, .server = "ledger:1"}), IsOk());
  EXPECT_THAT(writer.Add({.first_time = 10, .seconds = 3, .leaves = three}), IsOk());
  EXPECT_THAT(writer.Add({.first_time = 13, .seconds = 1'000'000'000, .leaves = {}}), IsOk());
  EXPECT_THAT(writer.Add({.first_time = 1'000'000'013, .seconds = 1, .leaves = one}), IsOk());
  EXPECT_THAT(writer.Finish(ledger::PublicationData{.time = 1'000'000'013, .hash = TestImprint(9)}),
              IsOk());
  return bytes;
}

TEST(LeavesFile, ReadsWhatWasWritten) {
  const ByteVector bytes = SmallFile();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
    const Read read = ReadAll(bytes, piece);
    PITSER_ASSERT_OK(read.end);
    EXPECT_EQ(read.header.first_time, 10u);
    EXPECT_EQ(read.header.made_at, 99u);
    EXPECT_EQ(read.header.server, "ledger:1");
    ASSERT_EQ(read.leaves.size(), 4u);
    EXPECT_EQ(read.leaves[2], (std::pair<std::uint64_t, Imprint>(12, TestImprint(3))));
    EXPECT_EQ(read.leaves[3].first, 1'000'000'013u);
    EXPECT_EQ(read.empty, 1'000'000'000u);
    EXPECT_EQ(read.end->next, 1'000'000'014u);
    ASSERT_TRUE(read.end->head.has_value());
    EXPECT_EQ(read.end->head->hash, TestImprint(9));
  }
}

TEST(LeavesFile, WritesMoreThanItsBufferHolds) {
  ByteVector bytes;
  LeavesFileWriter writer([&](ledger::Bytes piece) {
    ledger::Append(bytes, piece);
    return absl::OkStatus();
  });
  PITSER_ASSERT_OK(writer.Begin({.first_time = 0, .made_at = 0, .server = ""}));
  const std::vector<Imprint> many(10'000, TestImprint(5));
  for (std::uint64_t run = 0; run < 3; ++run) {
    PITSER_ASSERT_OK(
        writer.Add({.first_time = run * many.size(), .seconds = many.size(), .leaves = many}));
  }
  PITSER_ASSERT_OK(writer.Finish(std::nullopt));
  const Read read = ReadAll(bytes, 1000);
  PITSER_ASSERT_OK(read.end);
  EXPECT_EQ(read.leaves.size(), 30'000u);
  EXPECT_FALSE(read.end->head.has_value());
}

TEST(LeavesFile, RefusesEveryTruncationAndWhatFollows) {
  const ByteVector bytes = SmallFile();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const ByteVector cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_THAT(ReadAll(cut).end, StatusIs(absl::StatusCode::kInvalidArgument, "")) << size;
  }
  ByteVector longer = bytes;
  longer.push_back(0);
  EXPECT_THAT(ReadAll(longer).end, StatusIs(absl::StatusCode::kInvalidArgument, "after the end"));
}

TEST(LeavesFile, RefusesEveryFlippedBit) {
  ByteVector bytes = SmallFile();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    ASSERT_THAT(ReadAll(bytes).end, StatusIs(absl::StatusCode::kInvalidArgument, "malformed"))
        << bit;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
  }
}

TEST(LeavesFile, RefusesHugeCountsAndTheCalendarsEnd) {
  ByteVector head(ledger::ToVector(ledger::AsBytes("pitser.leaves/1\n")));
  ledger::AppendBe64(head, 0);
  ledger::AppendBe64(head, 0);
  head.push_back(0);
  for (const char kind : {'E', 'L'}) {
    for (const std::uint64_t seconds :
         {std::uint64_t{0}, ledger::kMaxCalendarTime + 2, ~std::uint64_t{0}}) {
      ByteVector bytes = head;
      bytes.push_back(static_cast<std::uint8_t>(kind));
      ledger::AppendBe64(bytes, seconds);
      EXPECT_THAT(ReadAll(bytes).end, StatusIs(absl::StatusCode::kInvalidArgument, "seconds"));
    }
  }
  // So many leaves are possible, but they are not there: nothing is allocated for them.
  ByteVector bytes = head;
  bytes.push_back('L');
  ledger::AppendBe64(bytes, ledger::kMaxCalendarTime);
  EXPECT_THAT(ReadAll(bytes).end, StatusIs(absl::StatusCode::kInvalidArgument, "cut short"));
}

TEST(LeavesFile, NamesAnotherVersion) {
  const ByteVector bytes(ledger::ToVector(ledger::AsBytes("pitser.leaves/2\n and so on")));
  EXPECT_THAT(ReadAll(bytes).end,
              StatusIs(absl::StatusCode::kInvalidArgument, "version that this program"));
}

TEST(LeavesFile, EndsWithTheVisitorsWord) {
  const ByteVector bytes = SmallFile();
  const auto end = ReadLeavesFile(
      SourceOf(bytes), [](const LeavesFileHeader&) { return absl::OkStatus(); },
      [](const LeafRun&) { return absl::AbortedError("enough"); });
  EXPECT_THAT(end, StatusIs(absl::StatusCode::kAborted, "enough"));
}

}  // namespace
}  // namespace pitser::client
