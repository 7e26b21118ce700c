#include "server/gateway/grpc/sign_wire.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/retry_hint.h"
#include "ledger/base/hex.h"
#include "pitser/v1/pitser.pb.h"
#include "tests/support/status_matchers.h"

namespace pitser::server {
namespace {

using absl::StatusCode;
using testing::StatusIs;

// As the generated code reads it.
struct Items {
  bool good = false;
  std::vector<v1::SignItem> items;
};

Items ReadByHand(const std::string& bytes) {
  Items read;
  WireItemReader reader(ledger::AsBytes(bytes));
  for (;;) {
    const auto item = reader.Next();
    if (!item.ok()) {
      EXPECT_THAT(item, StatusIs(StatusCode::kInvalidArgument));
      return read;
    }
    if (!item->has_value()) break;
    v1::SignItem& copy = read.items.emplace_back();
    copy.set_id((*item)->id);
    copy.set_imprint(ledger::ToString((*item)->imprint));
    copy.set_level((*item)->level);
  }
  read.good = true;
  return read;
}

void ExpectReadAlike(const std::string& bytes) {
  v1::SignStreamRequest generated;
  const bool good = generated.ParseFromString(bytes);
  const Items read = ReadByHand(bytes);
  ASSERT_EQ(read.good, good);
  if (!good) return;
  ASSERT_EQ(read.items.size(), static_cast<std::size_t>(generated.items_size()));
  for (int i = 0; i < generated.items_size(); ++i) {
    const v1::SignItem& item = read.items[static_cast<std::size_t>(i)];
    EXPECT_EQ(item.id(), generated.items(i).id());
    EXPECT_EQ(item.imprint(), generated.items(i).imprint());
    EXPECT_EQ(item.level(), generated.items(i).level());
  }
}

v1::SignStreamRequest SomeItems() {
  v1::SignStreamRequest request;
  for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{127}, ~std::uint64_t{0}}) {
    v1::SignItem& item = *request.add_items();
    item.set_id(id);
    item.set_imprint(std::string(33, '\x01'));
    item.set_level(static_cast<std::uint32_t>(id));
  }
  request.add_items();
  return request;
}

TEST(WireItemReader, ReadsWhatGeneratedCodeWrites) {
  ExpectReadAlike("");
  ExpectReadAlike(SomeItems().SerializeAsString());
}

TEST(WireItemReader, SkipsWhatItDoesNotKnow) {
  const std::string known = SomeItems().SerializeAsString();
  for (const std::string& unknown : {
           std::string("\x10\x05"),                         // A number in field 2.
           std::string("\x11") + std::string(8, 'x'),       // Eight bytes.
           std::string("\x1a\x02xy"),                       // A text.
           std::string("\x25") + std::string(4, 'x'),       // Four bytes.
           std::string("\x2b\x08\x01\x33\x34\x2c"),         // A group with one inside.
           std::string("\x08\x05"),                         // Field 1, but a number.
           std::string("\x0a\x05\x0d\x01\x02\x03\x04", 7),  // An item of an odd type.
       }) {
    ExpectReadAlike(known + unknown + known);
    EXPECT_TRUE(ReadByHand(known + unknown + known).good);
  }
}

TEST(WireItemReader, RefusesWhatIsNoMessage) {
  for (const std::string& bytes : {
           std::string("\x0a"),                       // No length.
           std::string("\x0a\x05shor"),               // Shorter than it says.
           std::string("\x0a\xff\xff\xff\xff\x0fx"),  // Much shorter.
           std::string("\x00\x01", 2),                // There is no field 0.
           std::string("\x0c"),                       // A group ends that never began.
           std::string("\x0b"),                       // One begins that never ends.
           std::string("\x0b\x14"),                   // It ends as another.
           std::string("\x0e\x01"),                   // No such type.
           std::string(11, '\xff'),                   // A number without an end.
           std::string(200, '\x0b'),                  // Groups without end.
           std::string("\x0a\x02\x12\x05"),           // An item that is malformed.
       }) {
    EXPECT_FALSE(ReadByHand(bytes).good);
    ExpectReadAlike(bytes);
  }
}

// Changed bytes, cut and joined: the generated code judges.
TEST(WireItemReader, ReadsAnyBytesLikeGeneratedCode) {
  std::mt19937_64 random(20261124);
  const std::string good = SomeItems().SerializeAsString();
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes = good;
    for (std::uint64_t changes = random() % 4; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(random() % 4 == 0 ? random() % bytes.size() : bytes.size());
    ExpectReadAlike(bytes);
    if (HasFailure()) FAIL() << "round " << i << ": " << ledger::ToHex(ledger::AsBytes(bytes));
  }
}

TEST(ReadBatchRequest, ReadsWhatGeneratedCodeWrites) {
  v1::SignBatchRequest request;
  request.set_algorithm(5);
  request.set_digests(std::string(640, 'd'));
  const std::string bytes = request.SerializeAsString();
  PITSER_ASSERT_OK_AND_ASSIGN(const WireBatch batch, ReadBatchRequest(ledger::AsBytes(bytes)));
  EXPECT_EQ(batch.algorithm, 5U);
  EXPECT_EQ(ledger::AsText(batch.digests), request.digests());
  EXPECT_THAT(ReadBatchRequest(ledger::AsBytes(std::string_view(bytes).substr(0, 100))),
              StatusIs(StatusCode::kInvalidArgument));
}

Seal SealAt(std::uint64_t time) {
  Seal seal;
  seal.aggregation_time = time;
  seal.clients = {"highest", "relay"};
  return seal;
}

TEST(WireStreamResponse, IsReadByGeneratedCode) {
  const absl::Status status =
      base::LimitReached("max_pending", "too many wait", absl::Milliseconds(250));
  const std::string tail(1000, 't');
  std::string bytes;
  AppendSignature(bytes, 0, ledger::AsBytes("part"));
  AppendError(bytes, ~std::uint64_t{0}, EncodeItemError(status));
  AppendError(bytes, 300, EncodeItemError(absl::InvalidArgumentError("no")));
  AppendStreamShared(bytes, {ledger::AsBytes(tail), SealAt(1'800'000'000), "anna"});
  v1::SignStreamResponse response;
  ASSERT_TRUE(response.ParseFromString(bytes));
  EXPECT_EQ(response.SerializeAsString().size(), bytes.size());
  ASSERT_EQ(response.answers_size(), 3);
  EXPECT_EQ(response.answers(0).id(), 0U);
  EXPECT_EQ(response.answers(0).part(), "part");
  EXPECT_EQ(response.answers(1).id(), ~std::uint64_t{0});
  const v1::ItemError& error = response.answers(1).error();
  EXPECT_EQ(error.code(), static_cast<std::uint32_t>(StatusCode::kResourceExhausted));
  EXPECT_EQ(error.message(), status.message());
  EXPECT_EQ(error.retry_after_ms(), 250U);
  EXPECT_EQ(error.limit(), "max_pending");
  EXPECT_FALSE(response.answers(2).error().has_retry_after_ms());
  EXPECT_EQ(response.answers(2).error().limit(), "");
  EXPECT_EQ(response.tail(), tail);
  EXPECT_EQ(response.aggregation_time(), 1'800'000'000U);
  ASSERT_EQ(response.account_path_size(), 3);
  EXPECT_EQ(response.account_path(0), "highest");
  EXPECT_EQ(response.account_path(1), "relay");
  EXPECT_EQ(response.account_path(2), "anna");
}

TEST(WireBatchResponse, IsReadByGeneratedCode) {
  std::string bytes;
  AppendBatchShared(bytes, {ledger::AsBytes("tail"), SealAt(1'800'000'000), "anna"});
  AppendPart(bytes, ledger::AsBytes("one"));
  AppendPart(bytes, {});
  v1::SignBatchResponse response;
  ASSERT_TRUE(response.ParseFromString(bytes));
  EXPECT_EQ(response.SerializeAsString(), [&] {
    v1::SignBatchResponse same;
    same.set_tail("tail");
    same.set_aggregation_time(1'800'000'000);
    for (const char* name : {"highest", "relay", "anna"}) same.add_account_path(name);
    same.add_parts("one");
    same.add_parts("");
    return same.SerializeAsString();
  }());
}

TEST(WireAnswerOverhead, IsEnough) {
  std::string bytes;
  const ledger::ByteVector part(5000);
  AppendSignature(bytes, ~std::uint64_t{0}, part);
  EXPECT_LE(bytes.size(), part.size() + kWireAnswerOverhead);
}

}  // namespace
}  // namespace pitser::server
