#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>

#include "ledger/format/calendar_chain.h"
#include "ledger/format/publication.h"
#include "pitser/v1/pitser.grpc.pb.h"
#include "tests/unit/client/cli_harness.h"

// `pitser verify` with an extender: one that tells the truth, one that lies, one that is down.
namespace pitser::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

class FakeExtender final : public v1::Extender::Service {
 public:
  FakeExtender() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakeExtender() override { server_->Shutdown(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int calls() const { return calls_; }

  // To be set before any call is made.
  std::function<grpc::Status(const v1::ExtendRequest&, v1::ExtendResponse&)> on_extend;

 private:
  grpc::Status Extend(grpc::ServerContext* /*context*/, const v1::ExtendRequest* request,
                      v1::ExtendResponse* response) override {
    ++calls_;
    return on_extend(*request, *response);
  }

  int port_ = 0;
  std::atomic<int> calls_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

void Serve(const ledger::Signature& signature, v1::ExtendResponse& response) {
  const ledger::CalendarHashChain& chain = *signature.calendar_chain();
  ledger::ByteVector bytes;
  ledger::WriteCalendarHashChain(bytes, chain);
  response.set_calendar_hash_chain(ledger::ToString(bytes));
  response.set_publication_time(chain.publication_time);
}

class VerifyWithExtender : public ::testing::Test {
 protected:
  VerifyWithExtender()
      : young_(MakeSignature(AuthenticatedRecipe())), extended_(MakeSignature(PublishedRecipe())) {
    document_ = cli_.Write("doc", std::string_view("pitser"));
    cli_.Write("doc.ksig", young_.bytes());
    trust_ = cli_.WriteTrust("trust", {*extended_.publication_record()});
    // The ledger's own calendar.
    extender_.on_extend = [this](const v1::ExtendRequest& request, v1::ExtendResponse& response) {
      const bool own = request.publication_time() == young_.calendar_chain()->publication_time;
      Serve(own ? young_ : extended_, response);
      return grpc::Status::OK;
    };
  }

  std::string Url() const { return "grpc://" + extender_.address(); }

  CliResult Run(std::vector<std::string> more, int code) {
    std::vector<std::string> arguments = {"verify", document_, "--trust", trust_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CliResult result = cli_.Run(arguments);
    EXPECT_EQ(result.code, code) << result.out << result.err;
    return result;
  }
  Json RunJson(std::vector<std::string> more, int code) {
    more.push_back("--json");
    return Json::parse(Run(std::move(more), code).out);
  }
  // One that serves the chain of another signature, or of none.
  void Lie(const SignatureRecipe& recipe) {
    extender_.on_extend = [recipe](const v1::ExtendRequest&, v1::ExtendResponse& response) {
      Serve(MakeSignature(recipe), response);
      return grpc::Status::OK;
    };
  }

  Cli cli_;
  const ledger::Signature young_, extended_;
  std::string document_, trust_;
  FakeExtender extender_;
};

TEST_F(VerifyWithExtender, RestsOnThePublicationThatItLeadsTo) {
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--extender", Url()},
        {"--extend", "--extender", Url()},
        {"--extend", "--server", extender_.address()},
        {"--extender", Url(), "--policy", "publications-file"}}) {
    const Json json = RunJson(flags, 0);
    EXPECT_EQ(json["policy"], "publications-file-based");
    EXPECT_EQ(json["trust"]["basis"], "publications-file");
    EXPECT_EQ(json["trust"]["extended"], true);
    EXPECT_EQ(json["trust"]["extender"], Url());
    EXPECT_EQ(json["trust"]["publication"]["time"], kTestTime + 10 * kTestDay);
    EXPECT_EQ(json["suggestion"]["time"], kTestTime + 10 * kTestDay);
  }
  EXPECT_EQ(extender_.calls(), 4);
  const std::string text = Run({"--extender", Url()}, 0).out;
  EXPECT_THAT(text, HasSubstr("rests on     the publication of 2023-11-24"));
  EXPECT_THAT(text, HasSubstr("extended by  " + Url() + ", just now and for this verdict only"));
  EXPECT_THAT(text, HasSubstr("pitser extend "));
}

TEST_F(VerifyWithExtender, LeadsToThePublicationThatTheUserHolds) {
  const std::string code = ledger::EncodePublicationCode(extended_.publication_record()->data);
  EXPECT_EQ(RunJson({"--publication", code}, 3)["trust"]["extended"], false);
  const Json json = RunJson({"--publication", code, "--extender", Url()}, 0);
  EXPECT_EQ(json["trust"]["basis"], "user-publication");
  EXPECT_EQ(json["trust"]["extended"], true);
  EXPECT_EQ(json["trust"]["publication"]["code"], code);
  EXPECT_THAT(Run({"--publication", code, "--extender", Url()}, 0).out,
              AllOf(HasSubstr("that you gave"), HasSubstr("--to " + code)));
}

TEST_F(VerifyWithExtender, TheCalendarPolicyRestsOnWhatTheExtenderSays) {
  const Json json = RunJson({"--policy", "calendar", "--extender", Url()}, 0);
  EXPECT_EQ(json["policy"], "calendar-based");
  EXPECT_EQ(json["trust"]["basis"], "calendar");
  EXPECT_EQ(json["trust"]["extender"], Url());
  EXPECT_TRUE(json["trust"]["publication"].is_null());
  const std::string text = Run({"--policy", "calendar", "--server", extender_.address()}, 0).out;
  EXPECT_THAT(text, HasSubstr("rests on     what " + Url() + " says today"));
  EXPECT_THAT(text, HasSubstr("has to be believed"));
}

TEST_F(VerifyWithExtender, IsAskedOnlyWhenARuleNeedsIt) {
  Run({"--extender", Url(), "--policy", "key"}, 0);
  Run({"--extender", Url(), "--policy", "internal"}, 0);
  Run({"--server", extender_.address()}, 0);
  cli_.Write("doc", std::string_view("changed"));
  Run({"--extender", Url()}, 1);
  cli_.Write("doc", std::string_view("pitser"));
  cli_.Write("doc.ksig", extended_.bytes());
  EXPECT_EQ(RunJson({"--extender", Url()}, 0)["trust"]["extended"], false);
  EXPECT_EQ(extender_.calls(), 0);
}

TEST_F(VerifyWithExtender, SaysWhatIsWrongWithWhatALiarGives) {
  const auto reason = [this](const char* policy) {
    return RunJson({"--extender", Url(), "--policy", policy}, 1)["reason_code"];
  };
  SignatureRecipe other_input = PublishedRecipe();
  other_input.calendar->input_hash = SomeImprint("another root");
  Lie(other_input);
  EXPECT_EQ(reason("publications-file"), "PUB-01");
  EXPECT_EQ(reason("calendar"), "CAL-04");
  Lie(AuthenticatedRecipe());  // Right, but of another publication time.
  EXPECT_EQ(reason("publications-file"), "PUB-01");
  SignatureRecipe own_input = AuthenticatedRecipe();
  own_input.calendar->input_hash = SomeImprint("another root");
  Lie(own_input);
  EXPECT_EQ(reason("calendar"), "CAL-02");
}

// Nobody chose a policy: then a liar cannot turn a good signature into a failed one.
TEST_F(VerifyWithExtender, ALiarIsNamedAndProvesNothing) {
  SignatureRecipe other_input = PublishedRecipe();
  other_input.calendar->input_hash = SomeImprint("another root");
  Lie(other_input);
  const std::string code = ledger::EncodePublicationCode(extended_.publication_record()->data);
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--extender", Url()},
                                                {"--extend", "--server", extender_.address()},
                                                {"--publication", code, "--extender", Url()}}) {
    const Json json = RunJson(flags, 3);
    EXPECT_EQ(json["result"], "inconclusive");
    EXPECT_EQ(json["reason_code"], "GEN-02");
    EXPECT_THAT(json["cause"].get<std::string>(),
                AllOf(HasSubstr(Url() + " contradicts the signature (PUB-01"),
                      HasSubstr("one of the two is wrong")));
    EXPECT_EQ(json["trust"]["basis"], "none");
    EXPECT_EQ(json["trust"]["extender"], Url());
  }
  EXPECT_THAT(Run({"--extender", Url()}, 3).out, HasSubstr("name another extender"));
  // Whoever chooses a policy gets what it says.
  EXPECT_EQ(RunJson({"--extender", Url(), "--policy", "general"}, 1)["reason_code"], "PUB-01");
  // A signature that is wrong in itself stays so, whatever the extender says.
  cli_.Write("doc", std::string_view("changed"));
  EXPECT_EQ(RunJson({"--extender", Url()}, 1)["reason_code"], "GEN-01");
  cli_.Write("doc", std::string_view("pitser"));
  const CliResult extend =
      cli_.Run({"extend", document_ + ".ksig", "--server", extender_.address(), "--to", code});
  EXPECT_EQ(extend.code, 3) << extend.err;
  EXPECT_THAT(extend.err, AllOf(HasSubstr(extender_.address()), HasSubstr("contradicts")));
}

TEST_F(VerifyWithExtender, AnErrorOfTheExtenderIsInconclusiveAndToldOfOtherwise) {
  extender_.on_extend = [](const v1::ExtendRequest&, v1::ExtendResponse&) {
    return grpc::Status(grpc::StatusCode::OUT_OF_RANGE, "not yet\033");
  };
  const Json json = RunJson({"--extender", Url(), "--policy", "publications-file"}, 3);
  EXPECT_EQ(json["reason_code"], "GEN-02");
  EXPECT_THAT(json["cause"].get<std::string>(),
              AllOf(HasSubstr("the extender gave no answer: " + Url()), HasSubstr("not yet")));
  EXPECT_THAT(
      Run({"--extender", Url(), "--policy", "calendar"}, 3).out,
      AllOf(HasSubstr("because"), HasSubstr("not yet\\x1b"), HasSubstr("name another extender")));
  // The key decides, and what was tried is said.
  const Json by_key = RunJson({"--extender", Url()}, 0);
  EXPECT_EQ(by_key["trust"]["basis"], "key");
  EXPECT_TRUE(by_key["trust"]["extender"].is_null());
  EXPECT_THAT(by_key["messages"].dump(), HasSubstr("the extender was of no help"));
}

TEST_F(VerifyWithExtender, OneThatIsDownIsWaitedForOnce) {
  extender_.on_extend = [](const v1::ExtendRequest&, v1::ExtendResponse&) {
    return grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "too slow");
  };
  std::vector<std::string> arguments = {"verify", "--policy",  "calendar", "--extender",
                                        Url(),    "--timeout", "1"};
  for (int i = 0; i < 200; ++i) arguments.push_back(document_);
  const CliResult result = cli_.Run(arguments);
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.out, HasSubstr("200 inputs: 200 inconclusive"));
  // Each thread may have been asking when the first gave up.
  EXPECT_LE(extender_.calls(), 16);
  EXPECT_THAT(result.out, StartsWith("inconclusive " + document_));
}

}  // namespace
}  // namespace pitser::testing
