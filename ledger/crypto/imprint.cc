#include "ledger/crypto/imprint.h"

#include "absl/strings/str_format.h"
#include "ledger/base/hex.h"
#include "ledger/base/status.h"

namespace pitser::ledger {

Imprint Imprint::Zero(HashAlgorithm algorithm) {
  Imprint imprint;
  imprint.bytes_[0] = static_cast<std::uint8_t>(algorithm);
  imprint.size_ = static_cast<std::uint8_t>(1 + DigestSize(algorithm));
  return imprint;
}

namespace {

absl::Status CheckDigest(HashAlgorithm algorithm, Bytes digest) {
  if (digest.size() == DigestSize(algorithm)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("a %s digest has %d bytes, got %d",
                                                    HashAlgorithmName(algorithm),
                                                    DigestSize(algorithm), digest.size()));
}

}  // namespace

absl::StatusOr<Imprint> Imprint::Create(HashAlgorithm algorithm, Bytes digest) {
  PITSER_RETURN_IF_ERROR(CheckDigest(algorithm, digest));
  return Make(algorithm, [&](std::span<std::uint8_t> out) {
    std::copy(digest.begin(), digest.end(), out.begin());
  });
}

absl::Status Imprint::WhatIsWrong(Bytes bytes) {
  if (bytes.empty()) return absl::InvalidArgumentError("an imprint is empty");
  const auto algorithm = HashAlgorithmFromId(bytes[0]);
  if (!algorithm) {
    return absl::InvalidArgumentError(
        absl::StrFormat("hash algorithm id 0x%02x is not registered", bytes[0]));
  }
  return CheckDigest(*algorithm, bytes.subspan(1));
}

absl::StatusOr<Imprint> Imprint::Parse(Bytes bytes) {
  if (!IsImprint(bytes)) return WhatIsWrong(bytes);
  return Of(bytes);
}

absl::StatusOr<Imprint> Imprint::FromText(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a hash is written ALGORITHM:HEX, e.g. sha256:2cf2...; got '%s'", text));
  }
  PITSER_ASSIGN_OR_RETURN(const HashAlgorithm algorithm,
                          HashAlgorithmFromName(text.substr(0, colon)));
  PITSER_ASSIGN_OR_RETURN(const ByteVector digest, FromHex(text.substr(colon + 1)));
  return Create(algorithm, digest);
}

std::string Imprint::ToText() const {
  return absl::StrFormat("%s:%s", HashAlgorithmName(algorithm()), ToHex(digest()));
}

}  // namespace pitser::ledger
