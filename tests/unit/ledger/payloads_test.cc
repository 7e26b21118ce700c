#include "ledger/service/payloads.h"

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/format/signature.h"
#include "ledger/service/status_codes.h"
#include "tests/support/golden_pdus.h"
#include "tests/support/status_matchers.h"
#include "tests/support/value_of.h"

namespace pitser::ledger::service {
namespace {

using ::pitser::testing::StatusIs;
using ::pitser::testing::ValueOf;

ByteVector FromHexes(std::initializer_list<std::string_view> hexes) {
  ByteVector out;
  for (const std::string_view hex : hexes) Append(out, ValueOf(FromHex(hex)));
  return out;
}

// A PDU of these payloads that owns its bytes.
class TestPdu {
 public:
  explicit TestPdu(std::string_view golden) : TestPdu(ValueOf(FromHex(golden))) {}
  explicit TestPdu(ByteVector bytes) : bytes_(std::move(bytes)), pdu_(ValueOf(ParsePdu(bytes_))) {}

  static TestPdu Of(std::initializer_list<std::string_view> payloads,
                    std::uint16_t tag = kAggregationRequestTag) {
    const PduHeader header = {"alice", {}, {}};
    return TestPdu(ValueOf(SealPdu(tag, {header, AsBytes("k")}, FromHexes(payloads))));
  }

  const Pdu& operator*() const { return pdu_; }

 private:
  ByteVector bytes_;
  Pdu pdu_;
};

AggregationRequests Asked(std::initializer_list<std::string_view> payloads) {
  const TestPdu pdu = TestPdu::Of(payloads);
  return ReadAggregationRequests(*pdu);
}

// A payload 0x02 of these children; requests and responses have the same.
std::string Request(std::initializer_list<std::string_view> children) {
  ByteVector payload;
  WriteElement(payload, 0x02, FromHexes(children));
  return ToHex(payload);
}

constexpr std::string_view kHash =
    "022101ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

// 10.2.
TEST(AggregationRequest, IsReadAndWrittenAsInTheWorkedExample) {
  const TestPdu pdu(testing::kAggregationRequestHex);
  const AggregationRequests asked = ReadAggregationRequests(*pdu);
  ASSERT_TRUE(asked.request.has_value());
  EXPECT_FALSE(asked.error.has_value());
  EXPECT_FALSE(asked.configuration);
  EXPECT_EQ(asked.request->request_id, 1U);
  EXPECT_EQ(asked.request->level, 0U);
  EXPECT_EQ(ToHex(asked.request->hash.bytes()), std::string(kHash.substr(4)));

  ByteVector payload;
  WriteAggregationRequest(payload, *asked.request);
  const PduHeader header = {"alice", 0x65FFFFFF, 1};
  EXPECT_EQ(ToHex(*SealPdu(kAggregationRequestTag, {header, AsBytes("wonderland")}, payload)),
            testing::kAggregationRequestHex);
}

// 10.4.
TEST(ExtensionRequest, IsReadAndWrittenAsInTheWorkedExample) {
  const TestPdu pdu(testing::kExtensionRequestHex);
  const ExtensionRequests asked = ReadExtensionRequests(*pdu);
  ASSERT_TRUE(asked.request.has_value());
  EXPECT_EQ(asked.request->aggregation_time, 0x66000000U);
  EXPECT_EQ(asked.request->publication_time, 0x66000006U);

  ByteVector payload;
  WriteExtensionRequest(payload, *asked.request);
  const PduHeader header = {"alice", 0x65FFFFFF, 1};
  EXPECT_EQ(ToHex(*SealPdu(kExtensionRequestTag, {header, AsBytes("wonderland")}, payload)),
            testing::kExtensionRequestHex);
}

// 10.3: the parts are a signature's, and are written as they are.
TEST(AggregationResponse, IsReadAndWrittenAsInTheWorkedExample) {
  const TestPdu pdu(testing::kAggregationResponseHex);
  const auto answered = ReadAggregationResponses(*pdu);
  PITSER_ASSERT_OK(answered);
  ASSERT_TRUE(answered->response.has_value());
  EXPECT_EQ(answered->response->request_id, 1U);
  EXPECT_EQ(answered->response->result.status, kSuccess);
  ASSERT_EQ(answered->response->parts.size(), 3U);
  const auto signature = AssembleSignature(answered->response->parts);
  PITSER_ASSERT_OK(signature);
  PITSER_EXPECT_OK(Signature::Parse(*signature));

  ByteVector payload;
  PITSER_ASSERT_OK(WriteAggregationResponse(payload, 1, answered->response->parts));
  const PduHeader header = {"alice", 0x65F00000, 42};
  EXPECT_EQ(ToHex(*SealPdu(kAggregationResponseTag, {header, AsBytes("wonderland")}, payload)),
            testing::kAggregationResponseHex);
}

// 10.4.
TEST(ExtensionResponse, IsReadAndWrittenAsInTheWorkedExample) {
  const TestPdu pdu(testing::kExtensionResponseHex);
  const auto answered = ReadExtensionResponses(*pdu);
  PITSER_ASSERT_OK(answered);
  ASSERT_TRUE(answered->response.has_value());
  EXPECT_EQ(answered->response->calendar_last_time, 0x66000009U);
  ASSERT_TRUE(answered->response->chain.has_value());
  const CalendarHashChain& chain = *answered->response->chain;
  EXPECT_EQ(chain.AggregationTime(), 0x66000000U);
  EXPECT_EQ(ToHex(ValueOf(FoldCalendarLinks(chain.input_hash, chain.links)).bytes()),
            "010b55bd5301a593128029d9ed05faf5813581b96ce6c83f1c92c2bae741dc9ab9");

  ByteVector payload;
  WriteExtensionResponse(payload, 1, 0x66000009, chain);
  const PduHeader header = {"alice", 0x65F00000, 42};
  EXPECT_EQ(ToHex(*SealPdu(kExtensionResponseTag, {header, AsBytes("wonderland")}, payload)),
            testing::kExtensionResponseHex);
}

// 4.2: the aggregation time MUST stand in the chain, also where it is the publication time.
TEST(ExtensionResponse, AlwaysTellsTheAggregationTime) {
  const TestPdu golden(testing::kExtensionResponseHex);
  CalendarHashChain chain = *ReadExtensionResponses(*golden)->response->chain;
  chain.publication_time = 0x66000000;
  chain.aggregation_time.reset();
  ByteVector payload;
  WriteExtensionResponse(payload, 7, std::nullopt, chain);
  const TestPdu pdu = TestPdu::Of({ToHex(payload)}, kExtensionResponseTag);
  EXPECT_EQ(ReadExtensionResponses(*pdu)->response->chain->aggregation_time, 0x66000000U);
}

// 10.5, 5.1, 5.2.
TEST(Configuration, IsReadAsItWasWritten) {
  const TestPdu golden(testing::kConfigurationResponseHex);
  const auto answered = ReadAggregationResponses(*golden);
  PITSER_ASSERT_OK(answered);
  const AggregatorConfiguration expected = {17, 1, 1000, 64, {"ksi+tcp://agg.example:3332"}};
  EXPECT_EQ(answered->configuration, expected);
  EXPECT_FALSE(answered->response.has_value());

  ByteVector payload;
  const ExtenderConfiguration told = {16000, {"http://a/", "http://b/"}, 1208217600, 1764000000};
  WriteExtenderConfiguration(payload, told);
  const TestPdu pdu = TestPdu::Of({ToHex(payload)}, kExtensionResponseTag);
  EXPECT_EQ(ReadExtensionResponses(*pdu)->configuration, told);
}

TEST(Refusal, IsReadAsItWasWritten) {
  const TestPdu golden(testing::kRefusalHex);
  const auto answered = ReadAggregationResponses(*golden);
  PITSER_ASSERT_OK(answered);
  const ServiceError expected = {0x104, "Level too high"};
  EXPECT_EQ(answered->response->result, expected);
  EXPECT_TRUE(answered->response->parts.empty());

  ByteVector payload;
  WriteRefusal(payload, 9, {extender::kAfterCalendar, "not yet"}, 1764000000);
  const TestPdu pdu = TestPdu::Of({ToHex(payload)}, kExtensionResponseTag);
  const auto refused = ReadExtensionResponses(*pdu);
  PITSER_ASSERT_OK(refused);
  EXPECT_EQ(refused->response->calendar_last_time, 1764000000U);
  EXPECT_FALSE(refused->response->chain.has_value());
}

// 2.5, step 5: a critical payload that nobody knows; the request's id where it is known.
TEST(ReadAggregationRequests, RefusesUnknownCriticalPayloads) {
  const std::string request = Request({"010107", kHash});
  EXPECT_TRUE(Asked({request}).request.has_value());
  const AggregationRequests asked = Asked({request, "0700"});
  ASSERT_TRUE(asked.error.has_value());
  EXPECT_FALSE(asked.request.has_value());
  EXPECT_EQ(asked.error->request_id, 7U);
  EXPECT_EQ(Asked({"0700"}).error->request_id, 0U);
  // With the N flag it is skipped.
  EXPECT_TRUE(Asked({request, "4700"}).request.has_value());
}

// Step 6: nothing that is understood.
TEST(ReadAggregationRequests, RefusesAPduWithoutAPayload) {
  for (const auto& asked : {Asked({}), Asked({"4700"})}) {
    ASSERT_TRUE(asked.error.has_value());
    EXPECT_EQ(asked.error->request_id, 0U);
  }
}

// Step 7: a request id that is missing, malformed or there twice is 0 in the answer.
TEST(ReadAggregationRequests, RefusesARequestWithoutAnId) {
  for (const std::string& request :
       {Request({kHash}), Request({"01020001", kHash}), Request({"010101", "010101", kHash})}) {
    const AggregationRequests asked = Asked({request});
    ASSERT_TRUE(asked.error.has_value()) << request;
    EXPECT_EQ(asked.error->request_id, 0U) << request;
  }
}

// Step 8: any other field; the id is told.
TEST(ReadAggregationRequests, RefusesMalformedFields) {
  const std::string reserved = "022103" + std::string(64, '0');
  const std::vector<std::string> wrong = {
      Request({"010105"}),                             // No hash,
      Request({"010105", "0200"}),                     // an empty one,
      Request({"010105", "02020100"}),                 // a short one,
      Request({"010105", kHash, kHash}),               // two of them,
      Request({"010105", reserved}),                   // one of no algorithm.
      Request({"010105", kHash, "03020001"}),          // A level with a leading zero,
      Request({"010105", kHash, "030101", "030101"}),  // two of them.
      Request({"010105", kHash, "0700"}),              // Unknown and critical.
  };
  for (const std::string& request : wrong) {
    const AggregationRequests asked = Asked({request});
    ASSERT_TRUE(asked.error.has_value()) << request;
    EXPECT_EQ(asked.error->request_id, 5U) << request;
  }
  // Two payloads of one kind.
  const std::string request = Request({"010105", kHash});
  EXPECT_TRUE(Asked({request, request}).error.has_value());
  EXPECT_TRUE(Asked({request, "0400", "0400"}).error.has_value());
}

// Step 10: a configuration is asked for, whatever is wrong with the request.
TEST(ReadAggregationRequests, FindsTheConfigurationBesideAnError) {
  const AggregationRequests asked = Asked({Request({"010105"}), "0400"});
  EXPECT_TRUE(asked.error.has_value());
  EXPECT_TRUE(asked.configuration);
}

// 3.1: any 64-bit level is read, every registered hash taken.
TEST(ReadAggregationRequests, TakesAnyLevelAndEveryAlgorithm) {
  const auto level = [](std::string_view element) {
    return Asked({Request({"010105", kHash, element})}).request->level;
  };
  EXPECT_EQ(level("0303ffffff"), 0xFFFFFFU);
  EXPECT_EQ(level("0308ffffffffffffffff"), 0xFFFFFFFFFFFFFFFFU);
  for (const HashAlgorithm algorithm : AllHashAlgorithms()) {
    ByteVector payload;
    WriteAggregationRequest(payload, {0, Imprint::Zero(algorithm), 0});
    const AggregationRequests asked = Asked({ToHex(payload)});
    ASSERT_TRUE(asked.request.has_value());
    EXPECT_EQ(asked.request->hash.algorithm(), algorithm);
    EXPECT_EQ(asked.request->request_id, 0U);
  }
}

// 5.4: parsed where it can be, and never a reason to fail.
TEST(ReadAggregationRequests, NeverFailsOnAnAcknowledgement) {
  EXPECT_EQ(Asked({"0503010105"}).acknowledgement->request_time_us, 5U);
  EXPECT_FALSE(Asked({"0503010105"}).error.has_value());
  EXPECT_TRUE(Asked({"0500"}).acknowledgement.has_value());
  const AggregationRequests broken = Asked({"050401020001", "0400"});
  EXPECT_FALSE(broken.error.has_value());
  EXPECT_TRUE(broken.configuration);
}

// 4.1; 4.2: the extender knows no acknowledgement.
TEST(ReadExtensionRequests, RefusesMalformedFields) {
  const auto asked = [](std::initializer_list<std::string_view> payloads) {
    const TestPdu pdu = TestPdu::Of(payloads, kExtensionRequestTag);
    return ReadExtensionRequests(*pdu);
  };
  const std::string request = Request({"010105", "020109"});
  ASSERT_TRUE(asked({request}).request.has_value());
  EXPECT_FALSE(asked({request}).request->publication_time.has_value());
  EXPECT_TRUE(asked({"0400"}).configuration);
  EXPECT_TRUE(asked({"0500"}).error.has_value());
  EXPECT_TRUE(asked({}).error.has_value());
  EXPECT_EQ(asked({Request({"010105"})}).error->request_id, 5U);
  EXPECT_EQ(asked({Request({"010105", "02020009"})}).error->request_id, 5U);
  EXPECT_EQ(asked({Request({"020109"})}).error->request_id, 0U);
}

// What a server answers is read with the same strictness.
TEST(ReadResponses, RefuseMalformedOnes) {
  const auto aggregation = [](std::string_view payload) {
    const TestPdu pdu = TestPdu::Of({payload}, kAggregationResponseTag);
    return ReadAggregationResponses(*pdu).status();
  };
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  PITSER_EXPECT_OK(aggregation(Request({"010105", "040103"})));
  EXPECT_THAT(aggregation(Request({"010105"})), StatusIs(kInvalid, "status"));
  EXPECT_THAT(aggregation(Request({"040103"})), StatusIs(kInvalid, "request id"));
  EXPECT_THAT(aggregation(Request({"010105", "040103", "0700"})), StatusIs(kInvalid, "unknown"));
  EXPECT_THAT(aggregation("0700"), StatusIs(kInvalid, "unknown"));

  const auto extension = [](std::string_view payload) {
    const TestPdu pdu = TestPdu::Of({payload}, kExtensionResponseTag);
    return ReadExtensionResponses(*pdu).status();
  };
  PITSER_EXPECT_OK(extension(Request({"010105", "04020106"})));
  EXPECT_THAT(extension(Request({"010105", "0400"})), StatusIs(kInvalid, "calendar hash chain"));
  EXPECT_THAT(extension("0500"), StatusIs(kInvalid, "unknown"));
}

}  // namespace
}  // namespace pitser::ledger::service
