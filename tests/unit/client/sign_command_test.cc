#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "tests/support/batch_maker.h"
#include "tests/support/signature_maker.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"
#include "tests/unit/client/cli_harness.h"
#include "tests/unit/client/fake_signer.h"

// `pitser sign` against servers that a real pitserd is never like.
namespace pitser::cli {
namespace {

using testing::CliResult;
using testing::FakeSigner;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kTestTime;
using testing::ValueOf;

class SignCommandTest : public ::testing::Test {
 protected:
  SignCommandTest() {
    server_.on_sign = [this](const v1::SignRequest& request, v1::SignResponse& response) {
      ++singles_;
      testing::SignatureRecipe recipe = testing::SingleNodeRecipe();
      recipe.document_hash = ValueOf(ledger::Imprint::Parse(ledger::AsBytes(request.imprint())));
      response.set_signature(ledger::ToString(testing::MakeSignatureBytes(recipe)));
      response.set_aggregation_time(kTestTime);
      return grpc::Status::OK;
    };
    for (const char* name : {"a", "b", "c"}) documents_.push_back(cli_.Write(name, name));
  }

  CliResult Sign() {
    std::vector<std::string> arguments = {"sign", "--server", server_.endpoint().ToString()};
    arguments.insert(arguments.end(), documents_.begin(), documents_.end());
    return cli_.Run(arguments);
  }
  std::size_t Signed() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        documents_, [](const std::string& path) { return client::FileExists(path + ".ksig"); }));
  }

  testing::Cli cli_;
  FakeSigner server_;
  std::atomic<int> singles_{0};
  std::vector<std::string> documents_;
};

// By every way of signing: the signature is kept, and is no yes.
TEST_F(SignCommandTest, TellsASignatureOfAnotherTimeThanNow) {
  constexpr std::uint64_t kYears = 3 * 366 * 86400;
  server_.limits.set_max_level(20);
  for (const bool ahead : {true, false}) {
    const std::uint64_t time = ahead ? kTestTime + kYears : kTestTime - kYears;
    server_.on_sign = [time](const v1::SignRequest& request, v1::SignResponse& response) {
      testing::SignatureRecipe recipe = testing::SingleNodeRecipe();
      recipe.document_hash = ValueOf(ledger::Imprint::Parse(ledger::AsBytes(request.imprint())));
      recipe.time = time;
      recipe.calendar->publication_time = time;
      recipe.chains.front().links.front().level_correction =
          static_cast<ledger::Level>(request.level());
      response.set_signature(ledger::ToString(testing::MakeSignatureBytes(recipe)));
      response.set_aggregation_time(time);
      return grpc::Status::OK;
    };
    const std::vector<std::vector<std::string>> ways = {
        {}, {"--json"}, {"--batch"}, {"--batch", "--json"}};
    for (const auto& way : ways) {
      for (const std::string& document : documents_) {
        std::filesystem::remove(document + ".ksig");
      }
      std::vector<std::string> arguments = {"sign", "--server", server_.endpoint().ToString()};
      arguments.insert(arguments.end(), way.begin(), way.end());
      arguments.insert(arguments.end(), documents_.begin(), documents_.end());
      const CliResult result = cli_.Run(arguments);
      EXPECT_EQ(result.code, 3) << result.err;
      EXPECT_EQ(Signed(), 3u);
      EXPECT_THAT(result.err, HasSubstr(ahead ? "3 years after this machine's time"
                                              : "3 years before this machine's time"));
      EXPECT_THAT(result.err, HasSubstr("the clock of the ledger or of this machine is wrong"));
      EXPECT_EQ(result.err.find("is wrong"), result.err.rfind("is wrong"));  // Once.
    }
  }
}

TEST_F(SignCommandTest, SignsOneByOneWhereBatchesAreNotServed) {
  for (const std::uint32_t max_batch : {0u, 1000u}) {  // Not announced, and not implemented.
    server_.limits.set_max_batch(max_batch);
    singles_ = 0;
    const CliResult result = Sign();
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_THAT(result.err, IsEmpty());
    EXPECT_EQ(singles_, 3);
    EXPECT_EQ(Signed(), 3u);
    for (const std::string& path : documents_) std::filesystem::remove(path + ".ksig");
  }
}

TEST_F(SignCommandTest, WritesNothingOfABatchThatIsProvenWrong) {
  server_.on_batch = [](grpc::ServerContext& /*context*/, const v1::SignBatchRequest& /*request*/,
                        FakeSigner::BatchWriter& writer) {
    const std::vector<ledger::Imprint> others = {
        testing::SomeImprint("x"), testing::SomeImprint("y"), testing::SomeImprint("z")};
    const testing::MadeBatch batch = testing::MakeBatch(others, kTestTime);
    v1::SignBatchResponse response;
    response.set_tail(ledger::ToString(batch.tail));
    response.set_aggregation_time(kTestTime);
    for (const auto& part : batch.parts) response.add_parts(ledger::ToString(part));
    writer.Write(response);
    return grpc::Status::OK;
  };
  const CliResult result = Sign();
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("GEN-01"));
  EXPECT_THAT(result.err, HasSubstr("pitser: 3 documents were not signed"));
  EXPECT_EQ(Signed(), 0u);
  EXPECT_EQ(singles_, 0);
}

TEST_F(SignCommandTest, DoesNotBatchASingleDocument) {
  documents_.resize(1);
  server_.on_batch = [](grpc::ServerContext& /*context*/, const v1::SignBatchRequest& /*request*/,
                        FakeSigner::BatchWriter& /*writer*/) {
    ADD_FAILURE() << "a batch of one";
    return grpc::Status::OK;
  };
  EXPECT_EQ(Sign().code, 0);
  EXPECT_EQ(singles_, 1);
}

}  // namespace
}  // namespace pitser::cli
