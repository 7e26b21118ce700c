#include "client/trust.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "client/file.h"
#include "client/verification.h"
#include "ledger/crypto/trust_code.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_keys.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::client {
namespace {

using ledger::AsBytes;
using testing::IsOk;
using testing::kTestTime;
using testing::StatusIs;
using testing::TempFolder;
using testing::TestTrust;

TrustToStore SomeTrust(ledger::Bytes publications) {
  return {.anchors = {TestTrust::Get().root},
          .constraints = {TestTrust::Get().constraint()},
          .publications = publications,
          .acceptance = Acceptance::kOnFirstUse,
          .accepted_at = kTestTime,
          .server = "ledger.example:7380"};
}

TEST(Trust, IsReadBackAsItWasStored) {
  const TempFolder folder;
  const auto file = testing::MakePublicationsFile({}, {});
  PITSER_ASSERT_OK(StoreTrust(folder / "new/trust", SomeTrust(file.bytes())));
  PITSER_ASSERT_OK_AND_ASSIGN(const Trust trust, LoadTrust(folder / "new/trust"));
  ASSERT_EQ(trust.anchors.size(), 1u);
  EXPECT_EQ(trust.anchors[0].der(), TestTrust::Get().root.der());
  ASSERT_EQ(trust.constraints.size(), 1u);
  EXPECT_EQ(trust.constraints[0].value, TestTrust::Get().constraint().value);
  EXPECT_TRUE(ledger::Equal(trust.publications->bytes(), file.bytes()));
  EXPECT_EQ(trust.acceptance, Acceptance::kOnFirstUse);
  EXPECT_EQ(trust.accepted_at, kTestTime);
  EXPECT_EQ(trust.server, "ledger.example:7380");
}

TEST(Trust, OfAServersFolderIsAcceptedByItsPath) {
  const TempFolder folder;
  PITSER_ASSERT_OK(WriteFile(folder / "root.pem", AsBytes(TestTrust::Get().root.pem()), {}));
  PITSER_ASSERT_OK(WriteFile(folder / "constraint", AsBytes("# who\nemail=a@b\n"), {}));
  PITSER_ASSERT_OK_AND_ASSIGN(const Trust trust, LoadTrust(folder.path()));
  EXPECT_EQ(trust.acceptance, Acceptance::kByPath);
  EXPECT_FALSE(trust.publications.has_value());
}

TEST(Trust, NoticesARootThatWasReplaced) {
  const TempFolder folder;
  const auto file = testing::MakePublicationsFile({}, {});
  PITSER_ASSERT_OK(StoreTrust(folder.path(), SomeTrust(file.bytes())));
  PITSER_ASSERT_OK(
      WriteFile(folder / "root.pem", AsBytes(TestTrust::Get().publisher.pem()), {.replace = true}));
  EXPECT_THAT(LoadTrust(folder.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "not the one that was accepted"));
  // Nor may another one be added.
  PITSER_ASSERT_OK(WriteFile(
      folder / "root.pem", AsBytes(TestTrust::Get().root.pem() + TestTrust::Get().publisher.pem()),
      {.replace = true}));
  EXPECT_THAT(LoadTrust(folder.path()), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(Trust, SaysWhichFileIsMissingOrMalformed) {
  const TempFolder folder;
  EXPECT_THAT(LoadTrust(folder.path()), StatusIs(absl::StatusCode::kNotFound, "root.pem"));
  PITSER_ASSERT_OK(WriteFile(folder / "root.pem", AsBytes("no PEM"), {}));
  EXPECT_THAT(LoadTrust(folder.path()), StatusIs(absl::StatusCode::kInvalidArgument, "root.pem"));
  const WriteOptions replace{.replace = true};
  PITSER_ASSERT_OK(WriteFile(folder / "root.pem", AsBytes(TestTrust::Get().root.pem()), replace));
  EXPECT_THAT(LoadTrust(folder.path()), StatusIs(absl::StatusCode::kNotFound, "constraint"));
  PITSER_ASSERT_OK(WriteFile(folder / "constraint", AsBytes("# nobody\n"), replace));
  EXPECT_THAT(LoadTrust(folder.path()), StatusIs(absl::StatusCode::kInvalidArgument, "constraint"));
  PITSER_ASSERT_OK(WriteFile(folder / "constraint", AsBytes("email=a@b\n"), replace));
  PITSER_ASSERT_OK(WriteFile(folder / "publications.bin", AsBytes("KSIPUB"), replace));
  EXPECT_THAT(LoadTrust(folder.path()),
              StatusIs(absl::StatusCode::kInvalidArgument, "publications.bin"));
}

TEST(Trust, NoticesAConstraintThatWasReplaced) {
  const TempFolder folder;
  const auto file = testing::MakePublicationsFile({}, {});
  PITSER_ASSERT_OK(StoreTrust(folder.path(), SomeTrust(file.bytes())));
  const WriteOptions replace{.replace = true};
  PITSER_ASSERT_OK(WriteFile(folder / "constraint", AsBytes("email=mallory@example\n"), replace));
  EXPECT_THAT(LoadTrust(folder.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "constraint"));
  // A note of before says nothing of who may publish, and is as good as ever.
  std::string note = ledger::ToString(testing::ValueOf(ReadFile(folder / "accepted", 4096)));
  note.erase(note.find("code = "));
  PITSER_ASSERT_OK(WriteFile(folder / "accepted", AsBytes(note), replace));
  EXPECT_THAT(LoadTrust(folder.path()), IsOk());
}

TEST(TrustCode, CoversRootAndPublisher) {
  const ledger::Certificate& root = TestTrust::Get().root;
  const ledger::SubjectConstraint email = TestTrust::Get().constraint();
  const ledger::SubjectConstraint other = {email.oid, "mallory@example.com"};
  const auto code = [](const ledger::Certificate& of,
                       std::vector<ledger::SubjectConstraint> constraints) {
    return ledger::TrustCode(of, constraints);
  };
  EXPECT_EQ(code(root, {email}).size(), 8u * 4 + 7);  // 160 bits.
  EXPECT_NE(code(root, {email}), code(root, {other}));
  EXPECT_NE(code(root, {email}), code(root, {email, other}));
  EXPECT_NE(code(root, {email}), code(TestTrust::Get().publisher, {email}));
  EXPECT_EQ(code(root, {other, email}), code(root, {email, other}));
  // No text runs over into its neighbour.
  EXPECT_NE(code(root, {{"1.2", "34"}}), code(root, {{"1.23", "4"}}));

  std::string typed = code(root, {email});
  std::ranges::replace(typed, '-', ' ');
  std::ranges::transform(typed, typed.begin(), [](char c) {
    return c == 'O' ? '0' : static_cast<char>(std::tolower(c));
  });
  EXPECT_TRUE(ledger::TrustCodeIs(code(root, {email}), typed));
  EXPECT_FALSE(ledger::TrustCodeIs(code(root, {other}), typed));
  EXPECT_FALSE(ledger::TrustCodeIs(code(root, {email}), typed.substr(0, typed.size() - 1)));
  EXPECT_FALSE(ledger::LooksLikeTrustCode(FingerprintText(root)));
}

TEST(Fingerprint, IsComparedWhateverItsForm) {
  const ledger::Certificate& root = TestTrust::Get().root;
  const std::string text = FingerprintText(root);
  EXPECT_EQ(text.size(), 32u * 3 - 1);
  EXPECT_TRUE(FingerprintIs(root, text));
  std::string plain;
  for (char c : text) {
    if (c != ':') plain += static_cast<char>(std::tolower(c));
  }
  EXPECT_TRUE(FingerprintIs(root, plain));
  EXPECT_FALSE(FingerprintIs(root, plain.substr(1)));
  EXPECT_FALSE(FingerprintIs(root, ""));
  EXPECT_FALSE(FingerprintIs(TestTrust::Get().publisher, text));
}

TEST(CheckPublicationsFile, NeedsRootConstraintAndTime) {
  const auto file = testing::MakePublicationsFile({}, {});
  Trust trust;
  EXPECT_THAT(CheckPublicationsFile(file, trust, kTestTime),
              StatusIs(absl::StatusCode::kFailedPrecondition, "root"));
  trust.anchors = {TestTrust::Get().root};
  EXPECT_THAT(CheckPublicationsFile(file, trust, kTestTime),
              StatusIs(absl::StatusCode::kFailedPrecondition, "constraint"));
  trust.constraints = {TestTrust::Get().constraint()};
  EXPECT_THAT(CheckPublicationsFile(file, trust, kTestTime), IsOk());
  EXPECT_THAT(CheckPublicationsFile(file, trust, 1), StatusIs(absl::StatusCode::kOutOfRange));
  trust.constraints = {{std::string(ledger::kEmailOid), "mallory@example.com"}};
  EXPECT_THAT(CheckPublicationsFile(file, trust, kTestTime),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST(CheckContinues, NoticesAPublicationThatIsGoneOrChanged) {
  const auto record = [](std::uint64_t time, std::string_view label) {
    return ledger::PublicationRecord{.data = {.time = time, .hash = testing::SomeImprint(label)},
                                     .references = {},
                                     .repository_uris = {}};
  };
  const auto none = testing::MakePublicationsFile({}, {});
  const auto one = testing::MakePublicationsFile({}, {record(kTestTime, "a")});
  const auto two =
      testing::MakePublicationsFile({}, {record(kTestTime, "a"), record(kTestTime + 1, "b")});
  const auto changed =
      testing::MakePublicationsFile({}, {record(kTestTime, "x"), record(kTestTime + 1, "b")});
  EXPECT_THAT(CheckContinues(none, one), IsOk());
  EXPECT_THAT(CheckContinues(one, two), IsOk());
  EXPECT_THAT(CheckContinues(two, one),
              StatusIs(absl::StatusCode::kDataLoss, "2023-11-14T22:13:22Z"));
  EXPECT_THAT(CheckContinues(two, changed),
              StatusIs(absl::StatusCode::kDataLoss, "2023-11-14T22:13:21Z"));
}

}  // namespace
}  // namespace pitser::client
