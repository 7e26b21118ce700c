#include "server/keys/key_set.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/log.h"
#include "gmock/gmock.h"
#include "server/keys/certificate_watch.h"
#include "server/keys/key_files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_keys.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::server {
namespace {

namespace fs = std::filesystem;

using absl::StatusCode;
using ledger::AsBytes;
using ledger::Certificate;
using ledger::CertificateRequest;
using ledger::PrivateKey;
using testing::StatusIs;
using testing::TempFolder;
using testing::TestTrust;
using testing::ValueOf;

constexpr std::uint64_t kNow = 1795392000;  // 2026-11-23.
constexpr std::uint64_t kDay = 86400;
constexpr std::uint64_t kYear = 365 * kDay;

unsigned ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

KeySetOptions OptionsFor(const std::string& data_dir) {
  KeySetOptions options;
  options.data_dir = data_dir;
  options.organization = "Example Ltd";
  options.publications_email = "publications@example.com";
  return options;
}

// Making a key set takes a second: one is made for all tests, and each gets a copy.
const std::string& MadeOnce() {
  static const TempFolder* const folder = [] {
    auto* made = new TempFolder;
    ValueOf(LoadOrCreateKeySet(OptionsFor(made->path()), kNow));
    std::atexit([] { fs::remove_all(MadeOnce()); });
    return made;
  }();
  return folder->path();
}

class KeySetTest : public ::testing::Test {
 protected:
  void UseMadeOnes() {
    fs::copy(MadeOnce(), dir_.path(), fs::copy_options::recursive);
    ASSERT_EQ(ModeOf(dir_ / "keys"), 0700u);
  }
  absl::StatusOr<KeySet> Load(std::uint64_t now = kNow) {
    return LoadOrCreateKeySet(OptionsFor(dir_.path()), now);
  }
  std::string Read(const std::string& name) {
    return ValueOf(base::ReadFile(dir_ / name, 1 << 20));
  }

  const TempFolder dir_;
};

TEST_F(KeySetTest, FirstStartMakesEverything) {
  UseMadeOnes();
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet keys, Load());
  EXPECT_EQ(keys.root.not_before(), kNow - kDay);
  EXPECT_EQ(keys.root.not_after(), kNow + 20 * kYear);
  EXPECT_EQ(keys.root.Subject(), "CN=Example Ltd root, O=Example Ltd");
  EXPECT_EQ(keys.publications_signer.certificate.not_before(), kNow - kDay);
  EXPECT_EQ(keys.publications_signer.certificate.not_after(), kNow + 5 * kYear);
  EXPECT_EQ(keys.calendar.certificate.not_before(), kNow - kDay);
  EXPECT_EQ(keys.calendar.certificate.not_after(), kNow + 2 * kYear);
  EXPECT_EQ(keys.constraint.oid, ledger::kEmailOid);
  EXPECT_EQ(keys.constraint.value, "publications@example.com");
  EXPECT_TRUE(keys.calendar.key.Matches(keys.calendar.certificate));
  EXPECT_EQ(keys.calendar.key.SignRsaSha256(AsBytes("x"))->size(), 256u);
}

TEST_F(KeySetTest, FilesAreReadableByThoseWhoShouldOnly) {
  UseMadeOnes();
  EXPECT_EQ(ModeOf(dir_ / "keys"), 0700u);
  EXPECT_EQ(ModeOf(dir_ / "trust"), 0755u);
  for (const auto& entry : fs::directory_iterator(dir_ / "keys")) {
    EXPECT_EQ(ModeOf(entry.path()), 0600u) << entry.path();
  }
  int public_files = 0;
  for (const auto& entry : fs::directory_iterator(dir_ / "trust")) {
    EXPECT_EQ(ModeOf(entry.path()), 0644u) << entry.path();
    EXPECT_EQ(ValueOf(base::ReadFile(entry.path(), 1 << 20)).find("PRIVATE"), std::string::npos);
    ++public_files;
  }
  EXPECT_EQ(public_files, 2);
}

TEST_F(KeySetTest, TrustFolderTellsWhatVerifiersNeed) {
  UseMadeOnes();
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet keys, Load());
  EXPECT_EQ(ValueOf(Certificate::FromPem(Read("trust/root.pem"))).der(), keys.root.der());
  EXPECT_TRUE(
      Read("trust/constraint").ends_with("\n1.2.840.113549.1.9.1=publications@example.com\n"));
  EXPECT_TRUE(Read("trust/constraint").starts_with("# "));
}

TEST_F(KeySetTest, SecondStartLoadsTheSame) {
  UseMadeOnes();
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet first, Load());
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet second, Load(kNow + kYear));
  EXPECT_EQ(first.root.der(), second.root.der());
  EXPECT_EQ(first.calendar.certificate.der(), second.calendar.certificate.der());
  EXPECT_EQ(first.calendar.key.SecretPem(), second.calendar.key.SecretPem());
}

TEST_F(KeySetTest, RootKeyMayBeMovedAway) {
  UseMadeOnes();
  fs::remove(dir_ / "keys/root.key.pem");
  PITSER_EXPECT_OK(Load());
  fs::remove(dir_ / "keys/root.pem");
  PITSER_EXPECT_OK(Load());
}

// A start may be killed at any moment: each of these is what one leaves.
TEST_F(KeySetTest, GoesOnWhereAKilledStartLeftOff) {
  fs::create_directory(dir_ / "keys.new");
  std::ofstream(dir_ / "keys.new/root.key.pem") << "-----BEGIN PRIV";
  fs::create_directory(dir_ / "keys");  // Made by an operator who is careful.
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet made, Load());
  EXPECT_FALSE(fs::exists(dir_ / "keys.new"));
  EXPECT_EQ(ModeOf(dir_ / "keys"), 0700u);

  fs::remove(dir_ / "trust/constraint");
  PITSER_EXPECT_OK(Load());
  EXPECT_TRUE(fs::exists(dir_ / "trust/constraint"));
  fs::remove_all(dir_ / "trust");
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet again, Load());
  EXPECT_EQ(ValueOf(Certificate::FromPem(Read("trust/root.pem"))).der(), made.root.der());
  EXPECT_EQ(again.root.der(), made.root.der());
}

TEST_F(KeySetTest, RefusesAFolderThatLostItsKeys) {
  UseMadeOnes();
  fs::remove_all(dir_ / "keys");
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "keys are gone"));
  EXPECT_FALSE(fs::exists(dir_ / "keys"));
}

TEST_F(KeySetTest, RefusesOpenPermissions) {
  UseMadeOnes();
  for (const char* name : {"keys/publications.key.pem", "keys/calendar.key.pem"}) {
    fs::permissions(dir_ / name, fs::perms(0640));
    EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition,
                                 std::string("chmod 600 ") + (dir_ / name)));
    fs::permissions(dir_ / name, fs::perms(0600));
  }
  fs::permissions(dir_ / "keys", fs::perms(0750));
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "chmod 700"));
}

TEST_F(KeySetTest, RefusesMissingFiles) {
  UseMadeOnes();
  for (const char* name : {"keys/publications.key.pem", "keys/calendar.key.pem"}) {
    fs::rename(dir_ / name, dir_ / "elsewhere");
    EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, (dir_ / name) + " is missing"));
    fs::rename(dir_ / "elsewhere", dir_ / name);
  }
  fs::remove(dir_ / "keys/root.pem");
  fs::remove(dir_ / "trust/root.pem");
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "root certificate is missing"));
}

TEST_F(KeySetTest, RefusesDamagedFiles) {
  UseMadeOnes();
  const std::string name = dir_ / "keys/calendar.key.pem";
  const std::string good = Read("keys/calendar.key.pem");
  for (std::size_t size : {std::size_t{0}, std::size_t{100}, good.size() - 100}) {
    PITSER_ASSERT_OK(base::WriteFileDurably(name, AsBytes(good).first(size), 0600));
    EXPECT_THAT(Load(), StatusIs(StatusCode::kInvalidArgument, name));
  }
}

TEST_F(KeySetTest, RefusesAKeyOfAnotherCertificate) {
  UseMadeOnes();
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet keys, Load());
  const std::string mixed =
      keys.publications_signer.key.SecretPem() + keys.calendar.certificate.pem();
  PITSER_ASSERT_OK(base::WriteFileDurably(dir_ / "keys/calendar.key.pem", AsBytes(mixed), 0600));
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "does not belong"));
}

TEST_F(KeySetTest, RefusesAnotherRootThanWasHandedOut) {
  UseMadeOnes();
  const std::string other = TestTrust::Get().root.pem();
  PITSER_ASSERT_OK(base::WriteFileDurably(dir_ / "trust/root.pem", AsBytes(other), 0644));
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "another root certificate"));
  EXPECT_EQ(Read("trust/root.pem"), other);
}

TEST_F(KeySetTest, RefusesAnotherConstraintThanWasHandedOut) {
  UseMadeOnes();
  for (const char* text : {"email=someone@example.com\n", "CN=Pitser publications\n"}) {
    PITSER_ASSERT_OK(base::WriteFileDurably(dir_ / "trust/constraint", AsBytes(text), 0644));
    EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "trust/constraint says"));
  }
  for (const char* text : {"", "# nothing\n", "email=a@b\nemail=a@b\n"}) {
    PITSER_ASSERT_OK(base::WriteFileDurably(dir_ / "trust/constraint", AsBytes(text), 0644));
    EXPECT_THAT(Load(), StatusIs(StatusCode::kInvalidArgument, "trust/constraint")) << text;
  }
}

TEST_F(KeySetTest, RefusesAClockBeforeTheKeys) {
  UseMadeOnes();
  EXPECT_THAT(Load(kNow - kDay - 1),
              StatusIs(StatusCode::kFailedPrecondition, "look whether the clock is right"));
}

TEST_F(KeySetTest, RenewsWhatRunsOutWhileTheRootsKeyIsThere) {
  UseMadeOnes();
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet before, Load());
  const std::uint64_t later = kNow + 2 * kYear - 29 * kDay;
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet after, Load(later));
  EXPECT_EQ(after.calendar.certificate.not_before(), later - kDay);
  EXPECT_EQ(after.calendar.certificate.not_after(), later + 2 * kYear);
  EXPECT_FALSE(before.calendar.key.Matches(after.calendar.certificate));  // A new key.
  EXPECT_EQ(after.publications_signer.certificate.der(),
            before.publications_signer.certificate.der());  // Has three years more.
  EXPECT_EQ(ModeOf(dir_ / "keys/calendar.key.pem"), 0600u);
  // It stays what it is.
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet again, Load(later + kDay));
  EXPECT_EQ(again.calendar.certificate.der(), after.calendar.certificate.der());
}

TEST_F(KeySetTest, DoesNotRenewBeforeThirtyDays) {
  UseMadeOnes();
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet before, Load());
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet after, Load(kNow + 2 * kYear - 30 * kDay));
  EXPECT_EQ(after.calendar.certificate.der(), before.calendar.certificate.der());
}

TEST_F(KeySetTest, RenewedSignerKeepsItsAddress) {
  UseMadeOnes();
  KeySetOptions options = OptionsFor(dir_.path());
  options.publications_email = "changed@example.com";
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet keys, LoadOrCreateKeySet(options, kNow + 6 * kYear));
  EXPECT_EQ(keys.constraint.value, "publications@example.com");
  EXPECT_EQ(keys.publications_signer.certificate.SubjectAttribute(ledger::kEmailOid),
            "publications@example.com");
  EXPECT_EQ(keys.publications_signer.certificate.not_after(), kNow + 11 * kYear);
}

TEST_F(KeySetTest, RenewedOnesEndWithTheRoot) {
  UseMadeOnes();
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet keys, Load(kNow + 19 * kYear));
  EXPECT_EQ(keys.calendar.certificate.not_after(), keys.root.not_after());
  // Once more would gain nothing; and after the root's end there is nothing to be had at all.
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet last, Load(kNow + 20 * kYear));
  EXPECT_EQ(last.calendar.certificate.der(), keys.calendar.certificate.der());
  EXPECT_THAT(Load(kNow + 20 * kYear + 1),
              StatusIs(StatusCode::kFailedPrecondition, "a new root is needed"));
}

TEST_F(KeySetTest, ExpiredWithoutTheRootsKeyIsRefused) {
  UseMadeOnes();
  fs::rename(dir_ / "keys/root.key.pem", dir_ / "safe");
  PITSER_EXPECT_OK(Load(kNow + 2 * kYear));
  EXPECT_THAT(Load(kNow + 2 * kYear + 1),
              StatusIs(StatusCode::kFailedPrecondition, "put the root's key back as"));
  fs::rename(dir_ / "safe", dir_ / "keys/root.key.pem");
  PITSER_EXPECT_OK(Load(kNow + 2 * kYear + 1));
}

// A start three years ahead renewed the calendar's key in place of the old one; with the clock set
// right there was no valid one any more.
TEST_F(KeySetTest, ARenewalByAClockThatWasAheadLosesNothing) {
  UseMadeOnes();
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet before, Load());
  const std::string old = Read("keys/calendar.key.pem");
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet ahead, Load(kNow + 3 * kYear));
  EXPECT_EQ(ahead.calendar.file, dir_ / "keys/calendar.2.key.pem");
  EXPECT_EQ(ModeOf(ahead.calendar.file), 0600u);
  EXPECT_EQ(Read("keys/calendar.key.pem"), old);
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet after, Load(kNow + kDay));
  EXPECT_EQ(after.calendar.certificate.der(), before.calendar.certificate.der());
  EXPECT_TRUE(after.calendar.key.Matches(after.calendar.certificate));
  // It is used as soon as it may be.
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet then, Load(kNow + 3 * kYear));
  EXPECT_EQ(then.calendar.certificate.der(), ahead.calendar.certificate.der());
}

TEST_F(KeySetTest, NearAnEndTheOldOneServesUntilAnotherIsMade) {
  UseMadeOnes();
  const std::uint64_t true_now = kNow + 2 * kYear - 35 * kDay;
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet before, Load(true_now));
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet ahead, Load(true_now + 20 * kDay));
  fs::rename(dir_ / "keys/root.key.pem", dir_ / "safe");
  for (const std::uint64_t days : {0u, 18u}) {
    PITSER_ASSERT_OK_AND_ASSIGN(const KeySet mended, Load(true_now + days * kDay));
    EXPECT_EQ(mended.calendar.certificate.der(), before.calendar.certificate.der()) << days;
  }
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet later, Load(true_now + 20 * kDay));
  EXPECT_EQ(later.calendar.certificate.der(), ahead.calendar.certificate.der());
}

// What a program that overwrote keys has left.
TEST_F(KeySetTest, WithOnlyOneOfTheFutureLeftAnotherIsMade) {
  UseMadeOnes();
  PITSER_ASSERT_OK(Load(kNow + 3 * kYear));
  fs::rename(dir_ / "keys/calendar.2.key.pem", dir_ / "keys/calendar.key.pem");
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet keys, Load(kNow + kDay));
  EXPECT_EQ(keys.calendar.file, dir_ / "keys/calendar.2.key.pem");
  EXPECT_EQ(keys.calendar.certificate.not_after(), kNow + kDay + 2 * kYear);
  fs::remove(dir_ / "keys/calendar.2.key.pem");
  fs::remove(dir_ / "keys/root.key.pem");
  EXPECT_THAT(Load(kNow + kDay), StatusIs(StatusCode::kFailedPrecondition, "is valid from"));
}

TEST_F(KeySetTest, WhatLiesInTheWayIsNotOverwritten) {
  UseMadeOnes();
  const std::string text = "somebody's";
  for (const char* name : {"calendar.7.key.pem", "calendar.x.key.pem", "calendar.08.key.pem"}) {
    PITSER_ASSERT_OK(base::WriteFileDurably(dir_ / "keys/" + name, AsBytes(text), 0600));
  }
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet keys, Load(kNow + 2 * kYear));
  EXPECT_EQ(keys.calendar.file, dir_ / "keys/calendar.8.key.pem");
  for (const char* name : {"calendar.7.key.pem", "calendar.x.key.pem", "calendar.08.key.pem"}) {
    EXPECT_EQ(Read(std::string("keys/") + name), text);
  }
  EXPECT_THAT(internal::WriteIdentity(keys.calendar.file, keys.calendar),
              StatusIs(StatusCode::kAlreadyExists, ""));
}

TEST_F(KeySetTest, AForeignRootKeyRenewsNothing) {
  UseMadeOnes();
  PITSER_ASSERT_OK(
      base::WriteFileDurably(dir_ / "keys/root.key.pem", AsBytes(testing::kTestOtherKeyPem), 0600));
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet early, Load());
  PITSER_EXPECT_OK(early.renewal);  // Not needed now.
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet keys, Load(kNow + 2 * kYear));
  EXPECT_THAT(keys.renewal,
              StatusIs(StatusCode::kFailedPrecondition, "does not belong to the root"));
  EXPECT_THAT(CertificatesInUse(OptionsFor(dir_.path()), keys)[2].advice,
              ::testing::HasSubstr("does not belong to the root"));
  EXPECT_THAT(Load(kNow + 2 * kYear + 1),
              StatusIs(StatusCode::kFailedPrecondition, "does not belong to the root"));
}

TEST_F(KeySetTest, ARunningNodeReadsTheFilesAgain) {
  UseMadeOnes();
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet first, Load());
  const KeySetOptions options = OptionsFor(dir_.path());
  fs::rename(dir_ / "keys/root.key.pem", dir_ / "safe");
  const std::uint64_t late = kNow + 2 * kYear - kDay;
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet same, ReloadKeySet(options, first, late));
  EXPECT_EQ(same.calendar.file, first.calendar.file);
  EXPECT_THAT(CertificatesInUse(options, same)[2].advice,
              ::testing::HasSubstr("put the root's key back as"));
  fs::rename(dir_ / "safe", dir_ / "keys/root.key.pem");
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet renewed, ReloadKeySet(options, same, late));
  EXPECT_EQ(renewed.calendar.file, dir_ / "keys/calendar.2.key.pem");
  // It makes nothing anew, and takes no other root.
  fs::remove_all(dir_ / "keys");
  fs::remove_all(dir_ / "trust");
  EXPECT_FALSE(ReloadKeySet(options, renewed, late).ok());
  EXPECT_FALSE(fs::exists(dir_ / "keys"));
  PITSER_ASSERT_OK(LoadOrCreateKeySet(options, late));
  EXPECT_THAT(
      ReloadKeySet(options, renewed, late),
      StatusIs(StatusCode::kFailedPrecondition, "is not what this server was started with"));
}

TEST(CertificateWatch, TellsEachMarkOnce) {
  std::vector<std::string> log;
  const base::ScopedLogSink sink([&](std::string_view line) { log.emplace_back(line); });
  CertificateWatch watch;
  const std::vector<CertificateInUse> one = {{"calendar", "FILE", kNow, "do something"}};
  for (std::uint64_t hour = 90 * 24; hour > 0; --hour) watch.Look(one, kNow - hour * 3600);
  watch.Look(one, kNow + 1);
  watch.Look(one, kNow + 2);
  ASSERT_EQ(log.size(), 5u);
  const char* const days[] = {"60", "30", "7", "1", "-1"};
  for (std::size_t i = 0; i < log.size(); ++i) {
    EXPECT_THAT(log[i], ::testing::HasSubstr(std::string("days_left=") + days[i] + " ")) << i;
    EXPECT_THAT(log[i], ::testing::HasSubstr("advice=\"do something\""));
    EXPECT_TRUE(log[i].starts_with(i < 2 ? "warning " : "error ")) << log[i];
  }
  // Of another one it begins again, with what is nearest.
  watch.Look(std::vector<CertificateInUse>{{"calendar", "FILE", kNow + 3 * kDay, ""}}, kNow);
  ASSERT_EQ(log.size(), 6u);
  EXPECT_THAT(log.back(), ::testing::HasSubstr("days_left=3 "));
}

TEST_F(KeySetTest, RefusesAddressesThatNobodyCanHave) {
  for (const char* email : {"", "nobody", "a b@example.com", "a@b\n2.5.4.3=x"}) {
    KeySetOptions options = OptionsFor(dir_.path());
    options.publications_email = email;
    EXPECT_THAT(LoadOrCreateKeySet(options, kNow),
                StatusIs(StatusCode::kInvalidArgument, "e-mail address"))
        << email;
    EXPECT_FALSE(fs::exists(dir_ / "keys"));
  }
}

class OwnKeysTest : public KeySetTest {
 protected:
  OwnKeysTest() {
    const TestTrust& trust = TestTrust::Get();
    Write("root", trust.root.pem(), 0644);
    Write("publications", trust.publisher.pem(), 0644);
    Write("publications.key", trust.publisher_key.SecretPem(), 0600);
    Write("calendar", trust.calendar.pem(), 0644);
    Write("calendar.key", trust.calendar_key.SecretPem(), 0600);
    options_.data_dir = dir_.path();
    options_.root_certificate = dir_ / "root";
    options_.publications_certificate = dir_ / "publications";
    options_.publications_key = dir_ / "publications.key";
    options_.calendar_certificate = dir_ / "calendar";
    options_.calendar_key = dir_ / "calendar.key";
  }
  void Write(const std::string& name, const std::string& text, unsigned mode) {
    PITSER_EXPECT_OK(base::WriteFileDurably(dir_ / name, AsBytes(text), mode));
  }
  absl::StatusOr<KeySet> Load(std::uint64_t now = testing::kTestTime) {
    return LoadOrCreateKeySet(options_, now);
  }
  // A certificate of the test root for the publisher's key.
  Certificate Signer(const std::string& email, bool authority = false) {
    CertificateRequest request;
    request.common_name = "Somebody";
    request.email = email;
    request.not_before = testing::kTestTime;
    request.not_after = testing::kTestTime + kDay;
    request.is_authority = authority;
    const TestTrust& trust = TestTrust::Get();
    return ValueOf(
        ledger::IssueCertificate(request, trust.publisher_key, &trust.root, trust.root_key));
  }

  KeySetOptions options_;
};

TEST_F(OwnKeysTest, AreUsedWhereTheyLie) {
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet keys, Load());
  EXPECT_EQ(keys.root.der(), TestTrust::Get().root.der());
  EXPECT_EQ(keys.constraint.value, TestTrust::Get().constraint().value);
  EXPECT_FALSE(fs::exists(dir_ / "keys"));
  EXPECT_EQ(Read("trust/root.pem"), TestTrust::Get().root.pem());
}

TEST_F(OwnKeysTest, MustBeWhole) {
  for (std::string KeySetOptions::*field :
       {&KeySetOptions::root_certificate, &KeySetOptions::publications_certificate,
        &KeySetOptions::publications_key, &KeySetOptions::calendar_certificate,
        &KeySetOptions::calendar_key}) {
    const std::string path = std::exchange(options_.*field, "");
    EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "give all five files"));
    options_.*field = dir_ / "nowhere";
    EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "nowhere is missing"));
    options_.*field = path;
  }
}

TEST_F(OwnKeysTest, MustFitTogether) {
  options_.calendar_key = options_.publications_key;
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "does not belong"));
  options_.calendar_key = dir_ / "calendar.key";
  options_.root_certificate = options_.calendar_certificate;
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "would not be trusted"));
}

TEST_F(OwnKeysTest, MustBeSecret) {
  fs::permissions(options_.calendar_key, fs::perms(0644));
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "chmod 600"));
}

TEST_F(OwnKeysTest, MustBeValidNow) {
  const std::uint64_t end = TestTrust::Get().calendar.not_after();
  PITSER_EXPECT_OK(Load(end));
  EXPECT_THAT(Load(end + 1), StatusIs(StatusCode::kFailedPrecondition, "expired at"));
  EXPECT_THAT(Load(1), StatusIs(StatusCode::kFailedPrecondition, "clock"));
}

TEST_F(OwnKeysTest, AreTakenFromTheirPlacesWhileRunning) {
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet first, Load());
  const Certificate next = testing::IssueCalendarCertificate(
      TestTrust::Get().calendar_key, testing::kTestTime, testing::kTestTime + 1000 * kDay);
  Write("calendar", next.pem(), 0644);
  PITSER_ASSERT_OK_AND_ASSIGN(const KeySet second,
                              ReloadKeySet(options_, first, testing::kTestTime));
  EXPECT_EQ(second.calendar.certificate.der(), next.der());
  Write("calendar.key", testing::kTestOtherKeyPem, 0600);  // Half of the next pair.
  EXPECT_THAT(ReloadKeySet(options_, second, testing::kTestTime),
              StatusIs(StatusCode::kFailedPrecondition, "does not belong"));
  EXPECT_THAT(CertificatesInUse(options_, second)[2].advice,
              ::testing::HasSubstr("in their places"));
}

TEST_F(OwnKeysTest, SignerNeedsAnAddressAndTheRightToSign) {
  Write("publications", Signer("").pem(), 0644);
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "no e-mail address"));
  Write("publications", Signer("a@example.com", /*authority=*/true).pem(), 0644);
  EXPECT_THAT(Load(), StatusIs(StatusCode::kFailedPrecondition, "not made for signing"));
}

TEST_F(OwnKeysTest, DoNotTakeThePlaceOfMadeOnesSilently) {
  UseMadeOnes();
  EXPECT_THAT(LoadOrCreateKeySet(options_, testing::kTestTime),
              StatusIs(StatusCode::kFailedPrecondition, "another root certificate"));
}

}  // namespace
}  // namespace pitser::server
