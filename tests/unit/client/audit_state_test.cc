#include "client/audit_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/checked_text.h"
#include "tests/support/memory_calendar.h"
#include "tests/support/status_matchers.h"

namespace pitser::client {
namespace {

using testing::StatusIs;
using testing::TestImprint;

AuditState SmallState() {
  AuditState state{
      .server = "ledger:1",
      .saved_at = 1'700'000'100,
      .since = 3,
      .replay = {},
      .publications = {{.time = 5, .hash = TestImprint(5)}, {.time = 9, .hash = TestImprint(9)}}};
  EXPECT_TRUE(state.replay.Append(1'700'000'000, TestImprint(1)).ok());
  return state;
}

// A text with its checksum set right, as somebody would who writes such a file by hand.
std::string Sealed(const std::vector<std::pair<std::string, std::string>>& lines) {
  CheckedTextWriter writer("pitser.audit-state/1");
  for (const auto& [key, value] : lines) writer.Add(key, value);
  return std::move(writer).Finish();
}

TEST(AuditState, IsReadAsItWasWritten) {
  const AuditState state = SmallState();
  PITSER_ASSERT_OK_AND_ASSIGN(const AuditState read, ParseAuditState(WriteAuditState(state)));
  EXPECT_EQ(read.server, state.server);
  EXPECT_EQ(read.saved_at, state.saved_at);
  EXPECT_EQ(read.since, state.since);
  EXPECT_EQ(read.replay.head(), state.replay.head());
  EXPECT_EQ(read.replay.Peaks(), state.replay.Peaks());
  EXPECT_EQ(read.publications, state.publications);
}

TEST(AuditState, RefusesEveryTruncationAndEveryFlippedBit) {
  std::string text = WriteAuditState(SmallState());
  const auto is_malformed = StatusIs(absl::StatusCode::kInvalidArgument, "malformed");
  for (std::size_t size = 0; size < text.size(); ++size) {
    ASSERT_THAT(ParseAuditState(text.substr(0, size)), is_malformed) << size;
  }
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    ASSERT_THAT(ParseAuditState(text), is_malformed) << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
  EXPECT_THAT(ParseAuditState(text + "x"), is_malformed);
}

TEST(AuditState, NamesAnotherVersion) {
  EXPECT_THAT(ParseAuditState("pitser.audit-state/2\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, "version that this program"));
}

TEST(AuditState, RefusesWhatCannotBe) {
  const std::string hash = TestImprint(1).ToText();
  const std::vector<std::pair<std::string, std::string>> good = {
      {"server", "a"}, {"saved", "1"}, {"since", "0"}, {"head", "0"}, {"peak", "0 " + hash}};
  PITSER_EXPECT_OK(ParseAuditState(Sealed(good)));
  const auto with = [&](std::size_t at, const std::string& key, const std::string& value) {
    auto lines = good;
    lines.resize(std::max(lines.size(), at + 1));
    lines[at] = {key, value};
    return ParseAuditState(Sealed(lines));
  };
  const auto is_malformed = StatusIs(absl::StatusCode::kInvalidArgument, "malformed");
  EXPECT_THAT(with(1, "saved", "soon"), is_malformed);
  EXPECT_THAT(with(1, "saved", "99999999999999999999"), is_malformed);
  EXPECT_THAT(with(1, "stored", "1"), is_malformed);
  EXPECT_THAT(with(2, "since", "1"), is_malformed);  // After the head.
  EXPECT_THAT(with(3, "head", "1"), is_malformed);   // Has another peak.
  EXPECT_THAT(with(3, "head", "18446744073709551615"), is_malformed);
  EXPECT_THAT(with(4, "peak", "1 " + hash), is_malformed);
  EXPECT_THAT(with(4, "peak", "4294967296 " + hash), is_malformed);
  EXPECT_THAT(with(4, "peak", "0 SHA-256:00"), is_malformed);
  EXPECT_THAT(with(4, "peak", hash), is_malformed);
  EXPECT_THAT(with(5, "publication", "x " + hash), is_malformed);
  EXPECT_THAT(with(5, "surprise", "x"), is_malformed);
  auto twice = good;
  twice.emplace_back("publication", "7 " + hash);
  twice.emplace_back("publication", "7 " + hash);
  EXPECT_THAT(ParseAuditState(Sealed(twice)), is_malformed);
}

}  // namespace
}  // namespace pitser::client
