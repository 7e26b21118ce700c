#include "server/publisher/publication_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "tests/support/fake_storage.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using ledger::PublicationsFileContent;
using testing::StatusIs;
using testing::TempFolder;
using testing::TestImprint;
using testing::TestTrust;
using testing::ValueOf;

PublicationsFileContent Publications(std::uint64_t first, std::uint64_t count) {
  PublicationsFileContent content;
  for (std::uint64_t time = first; time < first + count; ++time) {
    content.publications.push_back({{time, TestImprint(time)}, {"a newspaper"}, {"https://x"}});
  }
  return content;
}

class PublicationStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<PublicationStore>> Open() { return PublicationStore::Open(path_); }
  std::string Read() { return ValueOf(base::ReadFile(path_, std::size_t{1} << 20)); }
  void Write(const std::string& bytes) {
    PITSER_ASSERT_OK(base::WriteFileDurably(path_, ledger::AsBytes(bytes), 0600));
  }
  // Three frames, with seconds 1 to 3, and how long the file was after each.
  std::vector<std::size_t> Fill() {
    std::vector<std::size_t> sizes;
    const auto store = ValueOf(Open());
    for (std::uint64_t time = 1; time <= 3; ++time) {
      EXPECT_TRUE(store->Keep(Publications(time, 1)).ok());
      sizes.push_back(Read().size());
    }
    return sizes;
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "publications.store";
};

TEST_F(PublicationStoreTest, GivesBackWhatWasKept) {
  {
    PITSER_ASSERT_OK_AND_ASSIGN(const auto store, Open());
    EXPECT_FALSE(store->there());
    EXPECT_EQ(store->newest(), std::nullopt);
    PublicationsFileContent content = Publications(5, 2);
    const ledger::ByteVector der = TestTrust::Get().calendar.der();
    content.certificates.push_back({ledger::CertificateIdOf(der), der});
    PITSER_ASSERT_OK(store->Keep(content));
    const std::string before = Read();
    PITSER_ASSERT_OK(store->Keep(content));  // Nothing new.
    EXPECT_EQ(Read(), before);
    PITSER_ASSERT_OK(store->Keep(Publications(4, 3)));
  }
  PITSER_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  EXPECT_TRUE(store->there());
  EXPECT_EQ(store->newest(), 6U);
  PublicationsFileContent content = Publications(5, 1);
  PITSER_ASSERT_OK_AND_ASSIGN(const std::size_t added, store->Complete(content));
  EXPECT_EQ(added, 3U);  // Two publications, one certificate.
  ASSERT_EQ(content.publications.size(), 3U);
  EXPECT_EQ(content.publications[0].data.time, 4U);
  EXPECT_EQ(content.publications[2].references, std::vector<std::string>{"a newspaper"});
  ASSERT_EQ(content.certificates.size(), 1U);
  EXPECT_EQ(content.certificates[0].der, TestTrust::Get().calendar.der());
}

TEST_F(PublicationStoreTest, AnotherRootForASecondIsDataLoss) {
  PITSER_ASSERT_OK_AND_ASSIGN(const auto store, Open());
  PITSER_ASSERT_OK(store->Keep(Publications(1, 2)));
  PublicationsFileContent other;
  other.publications.push_back({{2, TestImprint(99)}, {}, {}});
  EXPECT_THAT(store->Keep(other), StatusIs(StatusCode::kDataLoss, "another root"));
  EXPECT_THAT(store->Complete(other), StatusIs(StatusCode::kDataLoss, "another root"));
}

// Whatever a crash left of the last frame, what was kept before is there and more can be added.
TEST_F(PublicationStoreTest, ATornEndCostsTheLastFrameOnly) {
  const std::vector<std::size_t> sizes = Fill();
  const std::string whole = Read();
  for (std::size_t size = sizes[1]; size < sizes[2]; ++size) {
    for (const bool zeros : {false, true}) {
      Write(whole.substr(0, size) + (zeros ? std::string(sizes[2] - size, '\0') : ""));
      const auto store = Open();
      ASSERT_TRUE(store.ok()) << size << store.status();
      ASSERT_EQ((*store)->newest(), zeros && size == sizes[2] - 1 && whole.back() == 0 ? 3U : 2U);
      ASSERT_TRUE((*store)->Keep(Publications(3, 1)).ok());
      ASSERT_EQ(Read(), whole) << size;
    }
  }
}

TEST_F(PublicationStoreTest, DamageBeforeTheEndIsTold) {
  const std::vector<std::size_t> sizes = Fill();
  const std::string whole = Read();
  for (std::size_t at = 0; at < sizes[1]; ++at) {
    std::string damaged = whole;
    damaged[at] ^= 1;
    Write(damaged);
    EXPECT_THAT(Open(), StatusIs(StatusCode::kFailedPrecondition, path_)) << at;
  }
  std::string newer = whole;
  newer[15] = 2;
  Write(newer);
  EXPECT_THAT(Open(), StatusIs(StatusCode::kFailedPrecondition, "use a newer pitserd"));
  Write("");
  EXPECT_THAT(Open(), StatusIs(StatusCode::kFailedPrecondition, "damaged"));
}

}  // namespace
}  // namespace pitser::server
