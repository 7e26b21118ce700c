#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/hash_algorithm.h"
#include "ledger/format/tlv.h"

// The frame of the KSI service protocol, version 2: a PDU is one element that holds a header,
// payloads and an HMAC over all before it.   Source: spec/ksi-protocol.md 2.
namespace pitser::ledger::service {

// The outermost elements. (2.1)
inline constexpr std::uint16_t kAggregationRequestTag = 0x220;
inline constexpr std::uint16_t kAggregationResponseTag = 0x221;
inline constexpr std::uint16_t kExtensionRequestTag = 0x320;
inline constexpr std::uint16_t kExtensionResponseTag = 0x321;

// A header of 4 bytes and the largest value that fits. (1.1)
inline constexpr std::size_t kMaxPduSize = 4 + 65535;
inline constexpr std::size_t kPduHeaderSize = 4;

// Elements of a PDU that no sender comes near: so that memory stays in proportion to the input.
inline constexpr std::size_t kMaxPduChildren = 64;

// How many bytes the PDU that begins with these four has, header included; nothing when no PDU can
// begin so: a PDU's element has the long form of a header in any case.
std::optional<std::size_t> PduSize(Bytes header);

// Who sent a PDU. The numbers are the sender's own; receivers ignore them. (2.2, 8)
struct PduHeader {
  std::string login_id;
  std::optional<std::uint64_t> instance_id;
  std::optional<std::uint64_t> message_id;

  friend bool operator==(const PduHeader&, const PduHeader&) = default;
};

// A PDU whose frame is in order. Nothing says yet who made it: see Authentic(). Views into the
// bytes that it was parsed from.
struct Pdu {
  std::uint16_t tag = 0;
  Bytes raw;
  PduHeader header;
  std::vector<Element> payloads;  // What stands between header and HMAC: known or not.
  Bytes hmac;                     // As it stands: an imprint, if the sender made one.

  // The hash of the HMAC; nothing when `hmac` is not an imprint.
  std::optional<HashAlgorithm> HmacAlgorithm() const;
};

// Parses what fills `bytes` exactly. The header is the first child and the HMAC the last, each
// there once; a bare error PDU, which has neither, is refused here (see FindBareError()). Errors:
// kInvalidArgument with offset and element name.
absl::StatusOr<Pdu> ParsePdu(Bytes bytes);

// Whether the HMAC is right under this key, compared in constant time.   Source: 2.3.
bool Authentic(const Pdu& pdu, Bytes key);

// How a PDU is sealed and by whom.
struct SealWith {
  const PduHeader& header;
  Bytes key;
  HashAlgorithm algorithm = HashAlgorithm::kSha256;
};

// A whole PDU around `payloads`, which are complete elements, in the smallest encoding.
// Errors: kInvalidArgument when it would be longer than kMaxPduSize; kUnimplemented when the build
// cannot compute the algorithm.   Source: 2.3 "seal".
absl::StatusOr<ByteVector> SealPdu(std::uint16_t tag, const SealWith& with, Bytes payloads);

// An error about a request as a whole. Also what a bare error PDU holds: one that has neither
// header nor HMAC, because the request could not be told to be anybody's.   Source: 2.4.
struct ServiceError {
  std::uint64_t status = 0;
  std::string message;

  friend bool operator==(const ServiceError&, const ServiceError&) = default;
};

ByteVector BareErrorPdu(std::uint16_t response_tag, std::uint64_t status, std::string_view message);

// The error of a PDU that holds one, with or without a header and an HMAC around it; nothing when
// `bytes` is a PDU that holds none, or no PDU.
std::optional<ServiceError> FindBareError(Bytes bytes, std::uint16_t response_tag);

// `message` as tools can print it to their users: control characters and whatever is not UTF-8
// taken out, and of a length that fits everywhere.
std::string PrintableMessage(std::string_view message);

// Whether the element is a PDU of version 1, which is answered politely.   Source: 9.
bool IsVersion1(std::uint16_t tag);

}  // namespace pitser::ledger::service
