#include "ledger/base/check.h"
#include "pitser/v1/pitser.pb.h"
#include "server/gateway/grpc/sign_wire.h"
#include "tests/fuzz/target.h"

// What is read by hand is what the generated code reads, and the other way round.
namespace pitser::fuzz {
namespace {

using ledger::Bytes;

void CheckItems(Bytes message) {
  v1::SignStreamRequest generated;
  const bool good = generated.ParseFromArray(message.data(), static_cast<int>(message.size()));
  server::WireItemReader reader(message);
  for (int i = 0;; ++i) {
    const auto item = reader.Next();
    if (!item.ok()) {
      PITSER_CHECK(!good);
      return;
    }
    if (!item->has_value()) {
      PITSER_CHECK(good && i == generated.items_size());
      return;
    }
    if (!good) continue;  // It is malformed further on.
    PITSER_CHECK(i < generated.items_size());
    const v1::SignItem& expected = generated.items(i);
    PITSER_CHECK((*item)->id == expected.id() && (*item)->level == expected.level());
    PITSER_CHECK(ledger::AsText((*item)->imprint) == expected.imprint());
    const auto hash = server::ReadHash((*item)->imprint, (*item)->level);
    if (hash.ok()) {
      PITSER_CHECK(ledger::Equal(hash->imprint.bytes(), (*item)->imprint));
      PITSER_CHECK(hash->level == (*item)->level);
    }
  }
}

void CheckBatch(Bytes message) {
  v1::SignBatchRequest generated;
  const bool good = generated.ParseFromArray(message.data(), static_cast<int>(message.size()));
  const auto batch = server::ReadBatchRequest(message);
  PITSER_CHECK(batch.ok() == good);
  if (!good) return;
  PITSER_CHECK(batch->algorithm == generated.algorithm());
  PITSER_CHECK(ledger::AsText(batch->digests) == generated.digests());
}

// Any bytes as an answer's parts.
void CheckAnswers(Bytes input) {
  const std::uint64_t id = input.size() < 8 ? input.size() : ledger::ReadBe64(input);
  std::string message;
  server::AppendSignature(message, id, input);
  server::AppendError(message, id, server::EncodeItemError(absl::AbortedError("why")));
  server::Seal seal;
  seal.aggregation_time = id;
  seal.clients = {"relay"};
  server::AppendStreamShared(message, {.tail = input, .seal = seal, .account = "account"});
  v1::SignStreamResponse response;
  PITSER_CHECK(response.ParseFromString(message));
  PITSER_CHECK(response.answers_size() == 2 && response.answers(0).id() == id);
  PITSER_CHECK(message.size() >= input.size());
  std::string part;
  server::AppendSignature(part, id, input);
  PITSER_CHECK(part.size() <= input.size() + server::kWireAnswerOverhead);
}

}  // namespace

PITSER_FUZZ_TARGET(sign_wire) {
  CheckItems(input);
  CheckBatch(input);
  CheckAnswers(input);
}

}  // namespace pitser::fuzz
