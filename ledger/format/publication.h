#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/tlv.h"

namespace pitser::ledger {

// A calendar root and the second it stands for. Compared by these two, never by raw bytes.
// Source: spec/ksi-signature.md 3.8.
struct PublicationData {
  std::uint64_t time;  // Unix seconds.
  Imprint hash;

  friend bool operator==(const PublicationData&, const PublicationData&) = default;
};

inline constexpr std::uint16_t kPublicationDataTag = 0x10;

absl::StatusOr<PublicationData> ParsePublicationData(const Element& element);

// Appends the 0x10 element: with the F flag inside signatures, without it in publications files.
enum class PublicationDataPlace { kSignature, kPublicationsFile };
void WritePublicationData(ByteVector& out, const PublicationData& data, PublicationDataPlace place);

// A publication with where it can be looked up.
struct PublicationRecord {
  PublicationData data;
  std::vector<std::string> references;  // For people, e.g. "Financial Times, 2026-11-15".
  std::vector<std::string> repository_uris;
};

// `element` is a 0x803 (in a signature) or a 0x703 (in a publications file).
absl::StatusOr<PublicationRecord> ParsePublicationRecord(const Element& element);
void WritePublicationRecord(ByteVector& out, const PublicationRecord& record,
                            PublicationDataPlace place);

// The printable form, "AAAAAA-DF6NWU-...", and back.   Source: spec 6.1.
std::string EncodePublicationCode(const PublicationData& data);
// Errors: kInvalidArgument for a strange character, a wrong length or a wrong checksum.
absl::StatusOr<PublicationData> ParsePublicationCode(std::string_view code);

}  // namespace pitser::ledger
