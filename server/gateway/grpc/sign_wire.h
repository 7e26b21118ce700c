#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"
#include "server/core/parent.h"

// The messages of SignStream and SignBatch, read and written by hand: of the volume calls' many
// small parts generated code makes as many objects, some 150 bytes for an item of 40, and a message
// of nothing but empty items would grow thirtyfold. The formats are those of
// proto/pitser/v1/pitser.proto; a test holds them against the generated code.
namespace pitser::server {

// An item of a SignStreamRequest.
struct WireItem {
  std::uint64_t id = 0;
  ledger::Bytes imprint;  // Views into the message. Not looked at yet.
  std::uint32_t level = 0;
};

// Errors: kInvalidArgument for a message of more than `max` bytes, naming `max_message_bytes`.
absl::Status CheckMessageBytes(std::size_t size, std::uint64_t max);

// A hash to be signed, as it came in.   Errors: kInvalidArgument.
absl::StatusOr<ledger::LeveledImprint> ReadHash(ledger::Bytes imprint, std::uint32_t level);

// Walks the items of a SignStreamRequest.
class WireItemReader {
 public:
  // `message` outlives the reader.
  explicit WireItemReader(ledger::Bytes message) : rest_(message) {}

  // The next one; none at the end.
  // Errors: kInvalidArgument for bytes that are no protobuf message.
  absl::StatusOr<std::optional<WireItem>> Next();

 private:
  ledger::Bytes rest_;
};

// A SignBatchRequest.
struct WireBatch {
  std::uint32_t algorithm = 0;
  ledger::Bytes digests;  // Views into the message.
};
absl::StatusOr<WireBatch> ReadBatchRequest(ledger::Bytes message);

// Appends to a SignStreamResponse.
void AppendSignature(std::string& message, std::uint64_t id, ledger::Bytes part);
// `error` is an ItemError, encoded.
void AppendError(std::string& message, std::uint64_t id, std::string_view error);
// The encoding of an ItemError: code, message and what base/retry_hint.h says of `status`.
std::string EncodeItemError(const absl::Status& status);

// Appends to a SignBatchResponse.
void AppendPart(std::string& message, ledger::Bytes part);

// What the signatures of a message share; the fields have other numbers in the two messages.
struct WireShared {
  ledger::Bytes tail;  // The seal's, after what else they share.
  const Seal& seal;
  std::string_view account;
};
void AppendStreamShared(std::string& message, const WireShared& shared);
void AppendBatchShared(std::string& message, const WireShared& shared);

// The contract allows messages of 1 MiB. Smaller ones reach a caller sooner, and let a slow one
// show that it reads.
inline constexpr std::size_t kAnswerBytes = std::size_t{256} << 10;

// Bytes that AppendSignature() and AppendPart() add to those of the part, at most.
inline constexpr std::size_t kWireAnswerOverhead = 2 * (1 + 5) + 1 + 10;

}  // namespace pitser::server
