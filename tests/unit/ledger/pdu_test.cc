#include "ledger/service/pdu.h"

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/crypto/hmac.h"
#include "ledger/service/payloads.h"
#include "ledger/service/status_codes.h"
#include "tests/support/golden_pdus.h"
#include "tests/support/status_matchers.h"
#include "tests/support/value_of.h"

namespace pitser::ledger::service {
namespace {

using ::pitser::testing::StatusIs;
using ::pitser::testing::ValueOf;

const Bytes kKey = AsBytes("wonderland");

ByteVector Golden(std::string_view hex) { return ValueOf(FromHex(hex)); }

PduHeader ClientHeader() { return {"alice", 0x65FFFFFF, 1}; }
PduHeader ServerHeader() { return {"alice", 0x65F00000, 42}; }

// A PDU of these children, sealed as its last.
ByteVector Sealed(std::uint16_t tag, const ByteVector& header_and_payloads) {
  ByteVector pdu;
  WriteHeader(pdu, tag, header_and_payloads.size() + 35);
  Append(pdu, header_and_payloads);
  WriteHeader(pdu, 0x1F, 33);
  pdu.push_back(1);
  const Imprint code = ValueOf(Hmac(HashAlgorithm::kSha256, kKey, {pdu}));
  Append(pdu, code.digest());
  return pdu;
}

ByteVector Children(std::initializer_list<std::string_view> hexes) {
  ByteVector out;
  for (const std::string_view hex : hexes) Append(out, ValueOf(FromHex(hex)));
  return out;
}

constexpr std::string_view kHeader = "01080106616c69636500";
constexpr std::string_view kConfigurationRequest = "0400";

// 10.2 to 10.5.
TEST(Pdu, ReadsTheWorkedExamples) {
  for (const auto hex :
       {testing::kAggregationRequestHex, testing::kAggregationResponseHex,
        testing::kExtensionRequestHex, testing::kExtensionResponseHex, testing::kRefusalHex,
        testing::kConfigurationRequestHex, testing::kConfigurationResponseHex}) {
    const ByteVector bytes = Golden(hex);
    EXPECT_EQ(PduSize(bytes), bytes.size());
    const auto pdu = ParsePdu(bytes);
    PITSER_ASSERT_OK(pdu);
    EXPECT_EQ(pdu->header.login_id, "alice");
    EXPECT_EQ(pdu->HmacAlgorithm(), HashAlgorithm::kSha256);
    EXPECT_TRUE(Authentic(*pdu, kKey));
    EXPECT_FALSE(Authentic(*pdu, AsBytes("wonderlane")));
    EXPECT_FALSE(Authentic(*pdu, {}));
    EXPECT_FALSE(FindBareError(bytes, pdu->tag).has_value());
    EXPECT_FALSE(IsVersion1(pdu->tag));
  }
}

// 2.3: the HMAC is over everything, the outer header included. A changed byte is either malformed
// or not authentic.
TEST(Pdu, EveryChangedByteShows) {
  const ByteVector bytes = Golden(testing::kAggregationRequestHex);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    ByteVector changed = bytes;
    changed[i] ^= 0x01;
    const auto pdu = ParsePdu(changed);
    EXPECT_FALSE(pdu.ok() && Authentic(*pdu, kKey)) << "byte " << i;
  }
}

// 10.3 to 10.5: what we write is what stands there.
TEST(Pdu, SealsTheWorkedExamples) {
  const SealWith server = {ServerHeader(), kKey};
  ByteVector payload;
  WriteRefusal(payload, 1, {0x104, "Level too high"});
  EXPECT_EQ(ToHex(*SealPdu(kAggregationResponseTag, server, payload)), testing::kRefusalHex);

  payload.clear();
  WriteAggregatorConfiguration(payload, {17, 1, 1000, 64, {"ksi+tcp://agg.example:3332"}});
  EXPECT_EQ(ToHex(*SealPdu(kAggregationResponseTag, server, payload)),
            testing::kConfigurationResponseHex);

  const SealWith client = {ClientHeader(), kKey};
  payload.clear();
  WriteConfigurationRequest(payload);
  EXPECT_EQ(ToHex(*SealPdu(kAggregationRequestTag, client, payload)),
            testing::kConfigurationRequestHex);
}

// 10.5.
TEST(BareErrorPdu, IsTheWorkedExample) {
  const ByteVector bytes =
      BareErrorPdu(kAggregationResponseTag, kAuthenticationFailure, kAuthenticationText);
  EXPECT_EQ(ToHex(bytes), testing::kBareErrorHex);
  const auto error = FindBareError(bytes, kAggregationResponseTag);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->status, kAuthenticationFailure);
  EXPECT_EQ(error->message, kAuthenticationText);
  EXPECT_FALSE(FindBareError(bytes, kExtensionResponseTag).has_value());
}

// 2.4: a reader takes one that has a header and an HMAC around it, too.
TEST(FindBareError, TakesOneThatIsSealed) {
  const ByteVector sealed =
      Sealed(kExtensionResponseTag, Children({kHeader, "03070402010105017800"}));
  EXPECT_FALSE(FindBareError(sealed, kExtensionResponseTag).has_value());  // 01 78 is cut short.
  const ByteVector right =
      Sealed(kExtensionResponseTag, Children({kHeader, "03080402010105027800"}));
  const auto error = FindBareError(right, kExtensionResponseTag);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->status, kInvalidRequest);
  EXPECT_EQ(error->message, "x");
}

// 2.1 and 2.2: what makes a frame wrong.
TEST(ParsePdu, RefusesAFrameOutOfOrder) {
  const auto refused = [](const ByteVector& bytes, const char* why) {
    const auto pdu = ParsePdu(bytes);
    EXPECT_THAT(pdu, StatusIs(absl::StatusCode::kInvalidArgument, why));
  };
  const auto sealed = [](std::initializer_list<std::string_view> children) {
    return Sealed(kAggregationRequestTag, Children(children));
  };
  PITSER_EXPECT_OK(ParsePdu(sealed({kHeader, kConfigurationRequest})));
  refused(sealed({kConfigurationRequest}), "PDU / header");
  refused(sealed({kConfigurationRequest, kHeader}), "not the first");
  refused(sealed({kHeader, kConfigurationRequest, kHeader}), "not the first");
  refused(sealed({kHeader, "1f020100", kConfigurationRequest}), "not the last");
  refused(sealed({kHeader, "1f020100"}), "not the last");
  refused(sealed({"0100"}), "login id");
  refused(sealed({"01080106616c69636578"}),
          "zero byte");  // No terminator.
  refused(sealed({"010a0106616c696365000101"}),
          "are left");  // A child is cut short.
  refused(sealed({"01100106616c696365000106616c69636500"}), "a second time");
  refused(sealed({"010b0106616c69636500020100"}),
          "zero byte");  // An integer's leading zero.
  refused(sealed({"010a0106616c696365000500"}),
          "unknown");  // Critical and unknown.
  refused(sealed({"01040102ff00"}), "UTF-8");

  ByteVector longer = sealed({kHeader, kConfigurationRequest});
  longer.push_back(0);
  refused(longer, "follows");
  refused({}, "nothing");
  refused(Children({"82200000"}), "PDU / header");
  refused(Children({"8220000a", kHeader}), "PDU / HMAC");
  ByteVector many = Children({kHeader});
  for (std::size_t i = 0; i < kMaxPduChildren; ++i) Append(many, Children({"4700"}));
  refused(Sealed(kAggregationRequestTag, many), "too many");
}

// 1.1: the long form where the short one would do is taken, and authenticated as it stands. 1.2:
// the empty text is one.
TEST(ParsePdu, TakesTheLongFormAndTheEmptyLogin) {
  const ByteVector bytes =
      Sealed(kAggregationRequestTag, Children({"8001000780010003616200", "80040000"}));
  const auto pdu = ParsePdu(bytes);
  PITSER_ASSERT_OK(pdu);
  EXPECT_EQ(pdu->header.login_id, "ab");
  EXPECT_TRUE(Authentic(*pdu, kKey));

  const ByteVector empty = Sealed(kAggregationRequestTag, Children({"0103010100", "0400"}));
  const auto nobody = ParsePdu(empty);
  PITSER_ASSERT_OK(nobody);
  EXPECT_EQ(nobody->header.login_id, "");
}

// 2.5, step 4: an HMAC that is no imprint is a matter of authentication, not of the frame.
TEST(ParsePdu, LeavesTheHmacToAuthentication) {
  for (const std::string_view hmac : {"1f00", "1f0101", "1f02037f", "1f0201ff"}) {
    ByteVector bytes;
    const ByteVector children = Children({kHeader, kConfigurationRequest, hmac});
    WriteHeader(bytes, kAggregationRequestTag, children.size());
    Append(bytes, children);
    const auto pdu = ParsePdu(bytes);
    PITSER_ASSERT_OK(pdu) << hmac;
    EXPECT_FALSE(pdu->HmacAlgorithm().has_value());
    EXPECT_FALSE(Authentic(*pdu, kKey));
  }
}

// 2.3: the response's hash is the request's, whichever that is.
TEST(SealPdu, UsesTheHashThatIsAsked) {
  for (const HashAlgorithm algorithm :
       {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
    ByteVector payload;
    WriteConfigurationRequest(payload);
    const PduHeader header = ClientHeader();
    const auto bytes = SealPdu(kExtensionRequestTag, {header, kKey, algorithm}, payload);
    PITSER_ASSERT_OK(bytes);
    const auto pdu = ParsePdu(*bytes);
    PITSER_ASSERT_OK(pdu);
    EXPECT_EQ(pdu->HmacAlgorithm(), algorithm);
    EXPECT_EQ(pdu->header, header);
    EXPECT_TRUE(Authentic(*pdu, kKey));
  }
}

TEST(SealPdu, RefusesWhatIsTooLong) {
  const PduHeader header = ClientHeader();
  const ByteVector payloads(65500, 0);
  EXPECT_THAT(SealPdu(kAggregationResponseTag, {header, kKey}, payloads),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// 1.1, 6.1: only the long form can begin a PDU.
TEST(PduSize, KnowsWhatCannotBeginAPdu) {
  EXPECT_EQ(PduSize(Children({"8220ffff"})), kMaxPduSize);
  EXPECT_EQ(PduSize(Children({"82200000"})), 4U);
  EXPECT_FALSE(PduSize(Children({"0220ffff"})).has_value());
  EXPECT_FALSE(PduSize(Children({"822000"})).has_value());
}

// 9.
TEST(IsVersion1, KnowsTheOldTags) {
  EXPECT_TRUE(IsVersion1(0x200));
  EXPECT_TRUE(IsVersion1(0x300));
  EXPECT_FALSE(IsVersion1(kAggregationRequestTag));
}

TEST(PrintableMessage, TakesOutWhatTerminalsObey) {
  EXPECT_EQ(PrintableMessage("a\x1b[2Jb\0c"), "a [2Jb");
  EXPECT_EQ(PrintableMessage(std::string_view("a\0c", 3)), "a c");
  EXPECT_EQ(PrintableMessage(std::string(2000, 'x')).size(), 1024U);
  // A character that would be cut is left out whole.
  EXPECT_EQ(PrintableMessage(std::string(1023, 'x') + "\xC3\xB6").size(), 1023U);
}

}  // namespace
}  // namespace pitser::ledger::service
