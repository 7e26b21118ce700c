// A publications file of ours, checked by the `openssl` command: a reader that is not our code.

#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "base/file.h"
#include "ledger/format/publications_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser {
namespace {

using testing::kTestDay;
using testing::kTestTime;
using testing::TempFolder;
using testing::TestTrust;

class OpensslCmsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(Run("openssl version"), 0)
        << "the openssl command is needed: apt-get install openssl";
    const ledger::PublicationsFile file = testing::MakePublicationsFile(
        {TestTrust::Get().calendar_record()},
        {{{kTestTime, ledger::Imprint::Zero(ledger::HashAlgorithm::kSha256)},
          {"a reference"},
          {}}});
    Write("content", file.signed_bytes());
    Write("cms", file.cms());
    Write("root.pem", ledger::AsBytes(TestTrust::Get().root.pem()));
  }
  void Write(const std::string& name, ledger::Bytes bytes) {
    PITSER_ASSERT_OK(base::WriteFileDurably(dir_ / name, bytes, 0600));
  }
  static int Run(const std::string& command) {
    const int status = std::system((command + " >/dev/null 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int Verify(std::uint64_t at, const std::string& purpose = "-purpose any") {
    return Run("openssl cms -verify -binary -inform DER " + purpose +
               " -no-CApath -no-CAstore -attime " + std::to_string(at) + " -CAfile " +
               (dir_ / "root.pem") + " -content " + (dir_ / "content") + " -in " + (dir_ / "cms"));
  }

  const TempFolder dir_;
};

TEST_F(OpensslCmsTest, AcceptsOurFile) { EXPECT_EQ(Verify(kTestTime), 0); }

// Without a word, `openssl cms` asks for a signer of e-mail. The calendar's certificate is none.
TEST_F(OpensslCmsTest, AcceptsThePublisherForItsOwnPurposeAndNotTheCalendar) {
  EXPECT_EQ(Verify(kTestTime, ""), 0);
  const TestTrust& trust = TestTrust::Get();
  const ledger::Bytes content = ledger::AsBytes("a publications file");
  Write("content", content);
  Write("cms", testing::ValueOf(
                   ledger::SignCms(content, trust.publisher, trust.publisher_key, kTestTime)));
  EXPECT_EQ(Verify(kTestTime, ""), 0);
  Write("cms",
        testing::ValueOf(ledger::SignCms(content, trust.calendar, trust.calendar_key, kTestTime)));
  EXPECT_EQ(Verify(kTestTime), 0);
  EXPECT_NE(Verify(kTestTime, ""), 0);
}

TEST_F(OpensslCmsTest, RefusesOtherContentOtherTimeAndOtherRoot) {
  EXPECT_NE(Verify(TestTrust::Get().publisher.not_after() + kTestDay), 0);
  Write("root.pem", ledger::AsBytes(TestTrust::Get().calendar.pem()));
  EXPECT_NE(Verify(kTestTime), 0);
  Write("root.pem", ledger::AsBytes(TestTrust::Get().root.pem()));
  ASSERT_EQ(Verify(kTestTime), 0);
  std::string content = testing::ValueOf(base::ReadFile(dir_ / "content", 1 << 20));
  content.back() = static_cast<char>(content.back() ^ 1);
  Write("content", ledger::AsBytes(content));
  EXPECT_NE(Verify(kTestTime), 0);
}

// The strictest reading of our certificates: X.509 conformance as RFC 5280 has it.
TEST_F(OpensslCmsTest, FindsNothingWrongWithOurCertificates) {
  Write("publisher.pem", ledger::AsBytes(TestTrust::Get().publisher.pem()));
  Write("calendar.pem", ledger::AsBytes(TestTrust::Get().calendar.pem()));
  const std::string verify = "openssl verify -x509_strict -no-CApath -no-CAstore -attime " +
                             std::to_string(kTestTime) + " -CAfile " + (dir_ / "root.pem") + " ";
  for (const char* name : {"publisher.pem", "calendar.pem", "root.pem"}) {
    EXPECT_EQ(Run(verify + (dir_ / name)), 0) << name;
  }
}

}  // namespace
}  // namespace pitser
