#include <future>

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/format/signature.h"
#include "ledger/service/status_codes.h"
#include "server/extender/calendar_extender.h"
#include "server/gateway/ksi/extend_service.h"
#include "server/gateway/ksi/sign_service.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_node.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

// The two services without the network: what is answered, in which order things are looked at.
namespace pitser::server {
namespace {

namespace service = ledger::service;
using ledger::Bytes;
using ledger::ByteVector;
using ledger::HashAlgorithm;
using ledger::Imprint;
using testing::kTestTime;
using testing::TestImprint;
using testing::ValueOf;

constexpr std::string_view kKey = "wonderland";

// What came back, read by our own reader.
struct Answered {
  ByteVector bytes;
  std::optional<service::ServiceError> bare;
  service::Pdu pdu;
  std::optional<service::AggregationResponses> aggregation;
  std::optional<service::ExtensionResponses> extension;

  // Of the response, or of the bare error.
  std::uint64_t status() const {
    if (bare) return bare->status;
    if (aggregation && aggregation->response) return aggregation->response->result.status;
    if (extension && extension->response) return extension->response->result.status;
    return ~std::uint64_t{0};
  }
  std::string message() const {
    if (bare) return bare->message;
    return aggregation ? aggregation->response->result.message
                       : extension->response->result.message;
  }
  std::uint64_t request_id() const {
    return aggregation ? aggregation->response->request_id : extension->response->request_id;
  }
};

class KsiServicesTest : public ::testing::Test {
 protected:
  KsiServicesTest() {
    accounts_ = ValueOf(AccountStore::Open(folder_ / "accounts.json"));
    Account alice;
    alice.login = "alice";
    alice.key = ledger::ToVector(ledger::AsBytes(kKey));
    alice.max_level = 17;
    alice.max_requests = 3;
    EXPECT_TRUE(accounts_->Add(alice).ok());
    sign_ = NewKsiSignService({.round_seconds = 1, .parents = {"ksi+tcp://up.example:3332"}},
                              accounts_.get(), &node_.aggregator(), &node_.clock());
    extender_ = std::make_unique<CalendarExtender>(
        &node_.storage(), CalendarExtenderOptions{.first_second = kTestTime - 1000,
                                                  .core = &node_.core(),
                                                  .clock = &node_.clock(),
                                                  .round_seconds = 1});
    extend_ =
        NewKsiExtendService({.max_queued = 16}, accounts_.get(), extender_.get(), &node_.clock());
  }
  ~KsiServicesTest() override { extend_->Stop(); }

  static ByteVector Sealed(std::uint16_t tag, const ByteVector& payloads,
                           std::string_view login = "alice", std::string_view key = kKey,
                           HashAlgorithm algorithm = HashAlgorithm::kSha256) {
    const service::PduHeader header = {std::string(login), 77, 5};
    return ValueOf(service::SealPdu(tag, {header, ledger::AsBytes(key), algorithm}, payloads));
  }
  static ByteVector SignRequest(std::uint64_t id, const Imprint& hash, std::uint64_t level = 0) {
    ByteVector payload;
    service::WriteAggregationRequest(payload, {id, hash, level});
    return payload;
  }
  static ByteVector ExtendRequest(std::uint64_t id, std::uint64_t from,
                                  std::optional<std::uint64_t> to = std::nullopt) {
    ByteVector payload;
    service::WriteExtensionRequest(payload, {id, from, to});
    return payload;
  }

  std::future<KsiReply> Handle(KsiService& to, Bytes bytes) {
    auto promise = std::make_shared<std::promise<KsiReply>>();
    auto future = promise->get_future();
    to.Handle(bytes, {"127.0.0.1:1", nullptr},
              [promise](KsiReply reply) { promise->set_value(std::move(reply)); });
    return future;
  }
  Answered Read(KsiService& from, std::future<KsiReply> future, std::string_view key = kKey) {
    Answered answered;
    answered.bytes = from.Encode(future.get());
    const bool signs = &from == sign_.get();
    const std::uint16_t tag =
        signs ? service::kAggregationResponseTag : service::kExtensionResponseTag;
    answered.bare = service::FindBareError(answered.bytes, tag);
    if (answered.bare) return answered;
    answered.pdu = ValueOf(service::ParsePdu(answered.bytes));
    EXPECT_EQ(answered.pdu.tag, tag);
    EXPECT_TRUE(service::Authentic(answered.pdu, ledger::AsBytes(key)));
    if (signs) {
      answered.aggregation = ValueOf(service::ReadAggregationResponses(answered.pdu));
    } else {
      answered.extension = ValueOf(service::ReadExtensionResponses(answered.pdu));
    }
    return answered;
  }
  // For what is answered at once.
  Answered Ask(KsiService& of, Bytes bytes) { return Read(of, Handle(of, bytes)); }
  Answered Sign(const ByteVector& payloads) {
    return Ask(*sign_, Sealed(service::kAggregationRequestTag, payloads));
  }
  Answered Extend(const ByteVector& payloads) {
    return Ask(*extend_, Sealed(service::kExtensionRequestTag, payloads));
  }
  // A signature: its round is closed meanwhile.
  Answered Signed(const ByteVector& payloads, HashAlgorithm hmac = HashAlgorithm::kSha256) {
    auto future =
        Handle(*sign_, Sealed(service::kAggregationRequestTag, payloads, "alice", kKey, hmac));
    node_.Pass(absl::Seconds(1));
    return Read(*sign_, std::move(future));
  }

  testing::TempFolder folder_;
  testing::TestNode node_;
  std::unique_ptr<AccountStore> accounts_;
  std::unique_ptr<Extender> extender_;
  std::unique_ptr<KsiService> sign_;
  std::unique_ptr<KsiExtendService> extend_;
};

absl::StatusOr<ledger::Signature> SignatureOf(const Answered& answered) {
  auto bytes = ledger::AssembleSignature(answered.aggregation->response->parts);
  if (!bytes.ok()) return bytes.status();
  return ledger::Signature::Parse(*std::move(bytes));
}

// 3.2: one response; the parts in order; nothing that the C client would put into the signature.
TEST_F(KsiServicesTest, SignsAtTheEndOfTheRound) {
  const Answered answered = Signed(SignRequest(9, TestImprint(1)));
  EXPECT_EQ(answered.status(), service::kSuccess);
  EXPECT_EQ(answered.request_id(), 9u);
  ASSERT_EQ(answered.aggregation->response->parts.size(), 3u);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto signature, SignatureOf(answered));
  EXPECT_EQ(signature.input_hash(), TestImprint(1));
  EXPECT_EQ(signature.Identities().back().metadata.client_id, "alice");
  EXPECT_TRUE(signature.authentication_record().has_value());
  EXPECT_FALSE(signature.publication_record().has_value());
}

// 2.2: the login id is echoed; the numbers are the server's own.
TEST_F(KsiServicesTest, AnswersInItsOwnName) {
  ByteVector payload;
  service::WriteConfigurationRequest(payload);
  const Answered first = Sign(payload), second = Sign(payload);
  EXPECT_EQ(first.pdu.header.login_id, "alice");
  EXPECT_EQ(first.pdu.header.instance_id, kTestTime);
  EXPECT_EQ(*first.pdu.header.message_id + 1, *second.pdu.header.message_id);
}

// 3.4: the chain is of a leaf at the level, but what is sent does not say the level.
TEST_F(KsiServicesTest, LeavesTheLevelToTheClient) {
  const Answered answered = Signed(SignRequest(1, TestImprint(1), 5));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto signature, SignatureOf(answered));
  const auto& chain = signature.aggregation_chains().front();
  EXPECT_EQ(chain.links.front().level_correction, 0u);
  const auto folded =
      ledger::FoldAggregationLinks(chain.algorithm, chain.links, chain.input_hash, 5);
  PITSER_ASSERT_OK(folded);
  EXPECT_EQ(folded->imprint, signature.calendar_chain()->input_hash);
}

// 2.3: the response's hash is the request's.
TEST_F(KsiServicesTest, SealsWithTheRequestsHash) {
  for (const auto algorithm : {HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    const Answered answered = Signed(SignRequest(1, TestImprint(1)), algorithm);
    EXPECT_EQ(answered.pdu.HmacAlgorithm(), algorithm);
  }
}

// 1.3: every registered hash but SHA-1, also one that nobody here can compute.
TEST_F(KsiServicesTest, TakesEveryHashButSha1) {
  PITSER_ASSERT_OK(accounts_->Change("alice", [](Account& a) { a.max_requests = 100; }));
  for (const HashAlgorithm algorithm : ledger::AllHashAlgorithms()) {
    const ByteVector payload = SignRequest(1, Imprint::Zero(algorithm));
    if (algorithm == HashAlgorithm::kSha1) {
      EXPECT_EQ(Sign(payload).status(), service::kInvalidPayload);
    } else {
      EXPECT_EQ(Signed(payload).status(), service::kSuccess);
    }
  }
}

// 2.5, steps 1 to 3; 6.2: the wrong service answers with its own tag.
TEST_F(KsiServicesTest, AnswersWhatIsNoRequestWithABareError) {
  const ByteVector junk = {1, 2, 3}, nothing;
  for (KsiService* of : std::initializer_list<KsiService*>{sign_.get(), extend_.get()}) {
    const bool signs = of == sign_.get();
    const ByteVector other =
        Sealed(signs ? service::kExtensionRequestTag : service::kAggregationRequestTag, {});
    ByteVector longer =
        Sealed(signs ? service::kAggregationRequestTag : service::kExtensionRequestTag, {});
    longer.push_back(0);
    for (const ByteVector& bytes : {junk, nothing, other, longer}) {
      const Answered answered = Ask(*of, bytes);
      ASSERT_TRUE(answered.bare.has_value());
      EXPECT_EQ(answered.status(), service::kInvalidRequest);
      EXPECT_FALSE(answered.message().empty());  // Java needs it (2.4).
    }
  }
}

// 9.
TEST_F(KsiServicesTest, AnswersVersion1Politely) {
  for (const std::string_view hex : {"8200000201"
                                     "00",
                                     "82000000"}) {
    const KsiReply reply = Handle(*sign_, ValueOf(ledger::FromHex(hex))).get();
    EXPECT_TRUE(reply.version1);
    const auto error =
        service::FindBareError(sign_->Encode(reply), service::kAggregationResponseTag);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->status, service::kInvalidRequest);
    EXPECT_NE(error->message.find("version 2"), std::string::npos);
  }
  EXPECT_TRUE(Handle(*extend_, ValueOf(ledger::FromHex("83000000"))).get().version1);
}

// Step 4: one answer for all that can be wrong, with the text that tests compare.
TEST_F(KsiServicesTest, AnswersTheSameToWhoeverIsNotKnown) {
  ByteVector payload;
  service::WriteConfigurationRequest(payload);
  const auto tag = service::kAggregationRequestTag;
  ByteVector unknown_hash = Sealed(tag, payload);
  unknown_hash[unknown_hash.size() - 33] = 0x03;  // The HMAC's algorithm.
  PITSER_ASSERT_OK(accounts_->Change(
      "alice", [](Account& account) { account.hmac = {HashAlgorithm::kSha256}; }));
  const std::vector<ByteVector> wrong = {
      Sealed(tag, payload, "alice", "wrong"), Sealed(tag, payload, "nobody"),
      Sealed(tag, payload, ""), unknown_hash,
      Sealed(tag, payload, "alice", kKey, HashAlgorithm::kSha512)};
  for (const ByteVector& bytes : wrong) {
    const Answered answered = Ask(*sign_, bytes);
    ASSERT_TRUE(answered.bare.has_value());
    EXPECT_EQ(answered.status(), service::kAuthenticationFailure);
    EXPECT_EQ(answered.message(), "The request could not be authenticated");
  }
  EXPECT_FALSE(Ask(*sign_, Sealed(tag, payload)).bare.has_value());
}

// 7: separately for the two services; in force at once.
TEST_F(KsiServicesTest, KnowsNobodyWhoIsNotAllowed) {
  ByteVector payload;
  service::WriteConfigurationRequest(payload);
  const auto sign_status = [&] { return Sign(payload).status(); };
  const auto extend_status = [&] { return Extend(payload).status(); };
  const std::uint64_t no_response = ~std::uint64_t{0};
  EXPECT_EQ(sign_status(), no_response);
  PITSER_ASSERT_OK(accounts_->Change("alice", [](Account& a) { a.may_sign = false; }));
  EXPECT_EQ(sign_status(), service::kAuthenticationFailure);
  EXPECT_EQ(extend_status(), no_response);
  PITSER_ASSERT_OK(accounts_->Change("alice", [](Account& a) { a.may_extend = false; }));
  EXPECT_EQ(extend_status(), service::kAuthenticationFailure);
  PITSER_ASSERT_OK(accounts_->Change("alice", [](Account& a) {
    a.may_sign = a.may_extend = true;
    a.enabled = false;
  }));
  EXPECT_EQ(sign_status(), service::kAuthenticationFailure);
}

// Steps 5 to 8: sealed, with the request's id where it is known.
TEST_F(KsiServicesTest, RefusesAPayloadThatIsNotUnderstood) {
  const auto refused = [&](KsiService& of, const ByteVector& payloads, std::uint64_t id) {
    const bool signs = &of == sign_.get();
    const Answered answered = Ask(
        of,
        Sealed(signs ? service::kAggregationRequestTag : service::kExtensionRequestTag, payloads));
    ASSERT_FALSE(answered.bare.has_value());
    EXPECT_EQ(answered.status(), service::kInvalidPayload);
    EXPECT_EQ(answered.request_id(), id);
    EXPECT_FALSE(answered.message().empty());
  };
  ByteVector unknown = SignRequest(7, TestImprint(1));
  ledger::WriteElement(unknown, 0x07, {});
  refused(*sign_, unknown, 7);
  refused(*sign_, {}, 0);
  refused(*extend_, {}, 0);
  ByteVector no_hash;
  ledger::WriteElement(no_hash, 0x02, ValueOf(ledger::FromHex("010105")));
  refused(*sign_, no_hash, 5);
  refused(*extend_, no_hash, 5);
  ByteVector acknowledgement;
  ledger::WriteElement(acknowledgement, 0x05, {});
  refused(*extend_, acknowledgement, 0);  // 4.2
}

// 3.3, 8: the levels that are too high, whatever the number; nothing of it joins a round.
TEST_F(KsiServicesTest, RefusesALevelAboveTheAccounts) {
  for (const std::uint64_t level :
       {std::uint64_t{18}, std::uint64_t{256}, std::uint64_t{0xFFFFFF}, ~std::uint64_t{0}}) {
    const Answered answered = Sign(SignRequest(1, TestImprint(1), level));
    EXPECT_EQ(answered.status(), service::aggregator::kLevelTooHigh);
    EXPECT_EQ(answered.message(),
              "The request indicated client-side aggregation tree larger than allowed for the "
              "client");
  }
  EXPECT_EQ(node_.aggregator().Stats().pending, 0u);
  EXPECT_EQ(Signed(SignRequest(1, TestImprint(1), 17)).status(), service::kSuccess);
}

// The server's own limit counts where it is the lower one, and is what clients are told.
TEST_F(KsiServicesTest, HasALimitOfItsOwnForLevels) {
  AggregatorOptions limits;
  limits.max_level = 10;
  testing::TestNode low(limits);
  sign_ = NewKsiSignService({.round_seconds = 1, .parents = {}}, accounts_.get(), &low.aggregator(),
                            &low.clock());
  ByteVector payload = SignRequest(1, TestImprint(1), 11);
  service::WriteConfigurationRequest(payload);
  const Answered answered = Sign(payload);
  EXPECT_EQ(answered.status(), service::aggregator::kLevelTooHigh);
  EXPECT_EQ(answered.aggregation->configuration->max_level, 10u);
}

// 3.3, 8: at once, without waiting for the round's end; the next round begins anew.
TEST_F(KsiServicesTest, RefusesTooManyRequestsOfARound) {
  std::vector<std::future<KsiReply>> taken;
  for (std::uint64_t i = 0; i < 3; ++i) {
    taken.push_back(
        Handle(*sign_, Sealed(service::kAggregationRequestTag, SignRequest(i, TestImprint(i)))));
  }
  const Answered refused = Sign(SignRequest(3, TestImprint(3)));
  EXPECT_EQ(refused.status(), service::aggregator::kTooManyRequests);
  node_.Pass(absl::Seconds(1));
  for (auto& future : taken) {
    EXPECT_EQ(Read(*sign_, std::move(future)).status(), service::kSuccess);
  }
  EXPECT_EQ(Signed(SignRequest(4, TestImprint(4))).status(), service::kSuccess);
}

// What the server refused is not counted as the account's.
TEST_F(KsiServicesTest, WhatIsNotTakenIsNotCounted) {
  node_.aggregator().SetDraining(true);
  for (std::uint64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(Sign(SignRequest(i, TestImprint(i))).status(), service::kInternalError);
  }
  node_.aggregator().SetDraining(false);
  EXPECT_EQ(Signed(SignRequest(10, TestImprint(10))).status(), service::kSuccess);
}

// 3.3: what is not the caller's fault is an internal error, in sealed form.
TEST_F(KsiServicesTest, TellsWhenSigningIsNotPossible) {
  node_.aggregator().SetDraining(true);
  const Answered answered = Sign(SignRequest(1, TestImprint(1)));
  EXPECT_FALSE(answered.bare.has_value());
  EXPECT_EQ(answered.status(), service::kInternalError);
  EXPECT_NE(answered.message().find("draining"), std::string::npos);
}

// 5.1, 5.2: always all of them, at once, per account.
TEST_F(KsiServicesTest, TellsItsConfiguration) {
  ByteVector payload;
  service::WriteConfigurationRequest(payload);
  const service::AggregatorConfiguration told = {17, 1, 1000, 3, {"ksi+tcp://up.example:3332"}};
  EXPECT_EQ(Sign(payload).aggregation->configuration, told);

  // Nothing is closed yet: the calendar is its first second.
  const service::ExtenderConfiguration empty = {3, {}, kTestTime - 1000, kTestTime - 1000};
  EXPECT_EQ(Extend(payload).extension->configuration, empty);
  Signed(SignRequest(1, TestImprint(1)));
  const service::ExtenderConfiguration extender = {3, {}, kTestTime - 1000, kTestTime};
  EXPECT_EQ(Extend(payload).extension->configuration, extender);
}

// 2.5, step 10; 5.3: in one PDU with the response, also with a refusal.
TEST_F(KsiServicesTest, PutsTheConfigurationBesideTheResponse) {
  ByteVector payload = SignRequest(1, TestImprint(1));
  service::WriteConfigurationRequest(payload);
  const Answered done = Signed(payload);
  EXPECT_EQ(done.status(), service::kSuccess);
  EXPECT_TRUE(done.aggregation->configuration.has_value());
  ByteVector high = SignRequest(1, TestImprint(1), 99);
  service::WriteConfigurationRequest(high);
  const Answered refused = Sign(high);
  EXPECT_EQ(refused.status(), service::aggregator::kLevelTooHigh);
  EXPECT_TRUE(refused.aggregation->configuration.has_value());
}

// 5.4.
TEST_F(KsiServicesTest, AnswersAnAcknowledgement) {
  ByteVector payload;
  ledger::WriteElement(payload, 0x05, ValueOf(ledger::FromHex("01023039")));
  const Answered answered = Sign(payload);
  ASSERT_FALSE(answered.bare.has_value());
  ASSERT_EQ(answered.pdu.payloads.size(), 1u);
  EXPECT_EQ(answered.pdu.payloads[0].type, 0x05);
}

// 4.2: to the asked time, or to the newest; any second is a publication time.
TEST_F(KsiServicesTest, Extends) {
  Signed(SignRequest(1, TestImprint(1)));  // Closes kTestTime.
  node_.Pass(absl::Seconds(9));
  const Answered to = Extend(ExtendRequest(4, kTestTime, kTestTime + 5));
  ASSERT_EQ(to.status(), service::kSuccess);
  EXPECT_EQ(to.request_id(), 4u);
  const auto& chain = *to.extension->response->chain;
  EXPECT_EQ(chain.publication_time, kTestTime + 5);
  EXPECT_EQ(chain.aggregation_time, kTestTime);
  // The empty seconds up to there were closed by asking.
  EXPECT_EQ(to.extension->response->calendar_last_time, kTestTime + 5);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto root, node_.storage().Root(kTestTime + 5));
  EXPECT_EQ(ValueOf(ledger::FoldCalendarLinks(chain.input_hash, chain.links)), root);

  const Answered newest = Extend(ExtendRequest(5, kTestTime));
  EXPECT_EQ(newest.extension->response->chain->publication_time, kTestTime + 5);
  EXPECT_EQ(newest.extension->response->calendar_last_time, kTestTime + 5);
  const Answered same = Extend(ExtendRequest(6, kTestTime + 2, kTestTime + 2));
  EXPECT_EQ(same.extension->response->chain->aggregation_time, kTestTime + 2);
  // A second of long before the first start.
  const Answered old = Extend(ExtendRequest(7, kTestTime - 1000, kTestTime));
  EXPECT_EQ(old.status(), service::kSuccess);
}

// 4.3, in its order.
TEST_F(KsiServicesTest, ChecksTimesInTheOrderOfTheRules) {
  Signed(SignRequest(1, TestImprint(1)));
  node_.Pass(absl::Seconds(9));
  const std::uint64_t now = kTestTime + 10, future = now + 1000;
  const auto status = [&](std::uint64_t from, std::optional<std::uint64_t> to) {
    const Answered answered = Extend(ExtendRequest(1, from, to));
    EXPECT_FALSE(answered.bare.has_value());
    EXPECT_FALSE(answered.extension->response->chain.has_value());
    EXPECT_TRUE(answered.extension->response->calendar_last_time.has_value());
    return answered.status();
  };
  const std::uint64_t before = kTestTime - 1001;
  EXPECT_EQ(status(future, kTestTime), service::extender::kInvalidTimeRange);
  EXPECT_EQ(status(kTestTime, before), service::extender::kInvalidTimeRange);
  EXPECT_EQ(status(kTestTime, future), service::extender::kInTheFuture);
  EXPECT_EQ(status(before, future), service::extender::kInTheFuture);
  EXPECT_EQ(status(future, std::nullopt), service::extender::kInTheFuture);
  EXPECT_EQ(status(before, kTestTime), service::extender::kBeforeCalendar);
  EXPECT_EQ(status(before, std::nullopt), service::extender::kBeforeCalendar);
  EXPECT_EQ(status(0, kTestTime), service::extender::kBeforeCalendar);
  // The running second is not closed yet.
  EXPECT_EQ(status(kTestTime, now), service::extender::kAfterCalendar);
  EXPECT_EQ(status(now, std::nullopt), service::extender::kAfterCalendar);
}

// 5.3.
TEST_F(KsiServicesTest, MakesAConfigurationToBePushed) {
  const ByteVector bytes =
      sign_->ConfigurationPdu(accounts_->Find("alice"), HashAlgorithm::kSha384);
  PITSER_ASSERT_OK_AND_ASSIGN(const auto pdu, service::ParsePdu(bytes));
  EXPECT_TRUE(service::Authentic(pdu, ledger::AsBytes(kKey)));
  PITSER_ASSERT_OK_AND_ASSIGN(const auto responses, service::ReadAggregationResponses(pdu));
  EXPECT_FALSE(responses.response.has_value());
  EXPECT_EQ(responses.configuration->max_level, 17u);
}

}  // namespace
}  // namespace pitser::server
