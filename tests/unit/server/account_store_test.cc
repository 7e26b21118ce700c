#include "server/accounts/account_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using ::pitser::testing::StatusIs;

Account Alice() {
  Account account;
  account.login = "alice";
  account.key = ledger::ToVector(ledger::AsBytes("wonderland"));
  return account;
}

class AccountStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<AccountStore> Open() {
    auto store = AccountStore::Open(path_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  void Write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path_) << text;
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
  }

  testing::TempFolder folder_;
  const std::string path_ = folder_ / "accounts.json";
};

TEST_F(AccountStoreTest, KeepsWhatIsAdded) {
  {
    const auto store = Open();
    EXPECT_EQ(store->Find("alice"), nullptr);
    PITSER_ASSERT_OK(store->Add(Alice()));
    EXPECT_THAT(store->Add(Alice()), StatusIs(StatusCode::kAlreadyExists));
    EXPECT_EQ(store->Find("alice")->account, Alice());
  }
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto store = Open();
  ASSERT_NE(store->Find("alice"), nullptr);
  EXPECT_EQ(store->Find("alice")->account, Alice());
  EXPECT_EQ(store->List().size(), 1u);
}

TEST_F(AccountStoreTest, ChangesAreInForceAtOnceAndStay) {
  const auto store = Open();
  PITSER_ASSERT_OK(store->Add(Alice()));
  const auto before = store->Find("alice");
  PITSER_ASSERT_OK(store->Change("alice", [](Account& account) {
    account.enabled = false;
    account.max_requests = 7;
    account.hmac = {ledger::HashAlgorithm::kSha512};
  }));
  EXPECT_FALSE(store->Find("alice")->account.enabled);
  EXPECT_TRUE(before->account.enabled);  // Whoever holds it goes on with it.
  // What was used of a round is not forgotten.
  EXPECT_EQ(store->Find("alice")->use, before->use);
  const auto again = Open();
  EXPECT_EQ(again->Find("alice")->account.max_requests, 7u);
  EXPECT_FALSE(again->Find("alice")->account.Allows(ledger::HashAlgorithm::kSha256));
  EXPECT_THAT(store->Change("bob", [](Account&) {}), StatusIs(StatusCode::kNotFound));
}

TEST_F(AccountStoreTest, RefusesWhatNoClientWouldBelieve) {
  const auto store = Open();
  PITSER_ASSERT_OK(store->Add(Alice()));
  const auto refused = [&](auto change) {
    EXPECT_THAT(store->Change("alice", change), StatusIs(StatusCode::kInvalidArgument));
    EXPECT_EQ(store->Find("alice")->account, Alice());
  };
  refused([](Account& account) { account.max_level = 21; });
  refused([](Account& account) { account.max_level = 0; });
  refused([](Account& account) { account.max_requests = 0; });
  refused([](Account& account) { account.max_requests = 16'001; });
  refused([](Account& account) { account.key.clear(); });
  refused([](Account& account) { account.hmac = {ledger::HashAlgorithm::kSha1}; });
  refused([](Account& account) { account.hmac.clear(); });
  for (const std::string& login : {std::string(), std::string("a b"), std::string(253, 'x')}) {
    Account account = Alice();
    account.login = login;
    EXPECT_THAT(store->Add(account), StatusIs(StatusCode::kInvalidArgument));
  }
  Account longest = Alice();
  longest.login = std::string(252, 'x');
  PITSER_EXPECT_OK(store->Add(longest));
}

// An operator who put a backup in place while the node ran lost it with the next change.
TEST_F(AccountStoreTest, DoesNotWriteOverWhatSomebodyElseWrote) {
  const auto store = Open();
  const std::string restored =
      R"({"schema":"pitser.accounts/1","accounts":[{"login":"bob","key":"6b"}]})";
  Write(restored);
  EXPECT_THAT(store->Add(Alice()), StatusIs(StatusCode::kFailedPrecondition, "restart pitserd"));
  std::ifstream file(path_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), restored);
  const auto again = Open();
  PITSER_EXPECT_OK(again->Add(Alice()));
  EXPECT_EQ(Open()->List().size(), 2u);
  // What is gone is written again, with all that is known.
  ASSERT_EQ(unlink(path_.c_str()), 0);
  PITSER_EXPECT_OK(again->Change("bob", [](Account& account) { account.enabled = false; }));
  EXPECT_EQ(Open()->List().size(), 2u);
}

TEST_F(AccountStoreTest, ARemovedAccountIsGoneAndItsNameIsRemembered) {
  {
    const auto store = Open();
    PITSER_ASSERT_OK(store->Add(Alice()));
    PITSER_ASSERT_OK(store->Remove("alice"));
    EXPECT_EQ(store->Find("alice"), nullptr);
    EXPECT_THAT(store->Remove("alice"), StatusIs(StatusCode::kNotFound));
    store->AddForThisProcess(AnonymousAccount());
    EXPECT_THAT(store->Remove("anon"), StatusIs(StatusCode::kFailedPrecondition));
  }
  const auto store = Open();
  EXPECT_TRUE(store->List().empty());
  EXPECT_THAT(store->Add(Alice()), StatusIs(StatusCode::kFailedPrecondition, "--again"));
  PITSER_ASSERT_OK(store->Add(Alice(), /*again=*/true));
  EXPECT_THAT(store->Add(Alice()), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(Open()->Find("alice")->account, Alice());
}

TEST_F(AccountStoreTest, TheAnonymousAccountIsInNoFile) {
  {
    const auto store = Open();
    store->AddForThisProcess(AnonymousAccount());
    ASSERT_NE(store->Find("anon"), nullptr);
    EXPECT_THAT(store->Change("anon", [](Account&) {}),
                StatusIs(StatusCode::kFailedPrecondition, "allow_anonymous"));
    EXPECT_TRUE(store->List().empty());
    EXPECT_EQ(store->ListOfThisProcess().size(), 1u);
    PITSER_ASSERT_OK(store->Add(Alice()));
  }
  EXPECT_EQ(Open()->Find("anon"), nullptr);
}

TEST_F(AccountStoreTest, RefusesAFileThatIsNotOne) {
  const auto refused = [&](const std::string& text, StatusCode code, const char* why) {
    Write(text);
    EXPECT_THAT(AccountStore::Open(path_), StatusIs(code, why)) << text;
  };
  refused("", StatusCode::kInvalidArgument, "JSON");
  refused("[]", StatusCode::kInvalidArgument, "JSON");
  refused(R"({"schema":"pitser.accounts/2","accounts":[]})", StatusCode::kFailedPrecondition,
          "pitser.accounts/2");
  refused(R"({"schema":"pitser.accounts/1"})", StatusCode::kInvalidArgument, "list");
  const auto account = [&](const std::string& fields, const char* why) {
    refused(R"({"schema":"pitser.accounts/1","accounts":[{)" + fields + "}]}",
            StatusCode::kInvalidArgument, why);
  };
  account(R"("key":"6b")", "login");
  account(R"("login":"a","key":"6")", "");
  account(R"("login":"a","key":"6b","max_level":256)", "max_level");
  account(R"("login":"a","key":"6b","max_level":-1)", "max_level");
  account(R"("login":"a","key":"6b","enabled":1)", "enabled");
  account(R"("login":"a","key":"6b","hmac":["MD5"])", "");
  account(R"("login":"a","key":"6b"},{"login":"a","key":"6b")", "two accounts");
}

TEST_F(AccountStoreTest, RefusesAFileThatOthersMayRead) {
  Write(R"({"schema":"pitser.accounts/1","accounts":[]})", 0640);
  EXPECT_THAT(AccountStore::Open(path_), StatusIs(StatusCode::kFailedPrecondition));
}

TEST(RoundUse, CountsTheRequestsOfARound) {
  RoundUse use;
  EXPECT_TRUE(use.Take(100, 2));
  EXPECT_TRUE(use.Take(100, 2));
  EXPECT_FALSE(use.Take(100, 2));
  EXPECT_TRUE(use.Take(101, 2));
  // A clock that went back brings nothing back.
  EXPECT_TRUE(use.Take(100, 2));
  EXPECT_FALSE(use.Take(101, 2));
}

// After a clock that was years ahead the account was refused until a restart.
TEST(RoundUse, AClockThatWasFarAheadIsForgotten) {
  RoundUse use;
  EXPECT_TRUE(use.Take(100'000'000, 2));
  for (const std::uint64_t round : {100u, 101u, 102u}) {
    EXPECT_TRUE(use.Take(round, 2)) << round;
    EXPECT_TRUE(use.Take(round, 2)) << round;
    EXPECT_FALSE(use.Take(round, 2)) << round;
  }
}

}  // namespace
}  // namespace pitser::server
