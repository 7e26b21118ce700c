#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/format/tlv.h"

namespace pitser::ledger {

// Who asked, as it stands in a chain. Source: spec/ksi-signature.md 3.6.
struct Metadata {
  std::string client_id;
  std::optional<std::string> machine_id;
  std::optional<std::uint64_t> sequence_number;
  std::optional<std::uint64_t> request_time_us;  // Microseconds since the Unix epoch.

  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// What children besides the padding are flagged with: the reference service sets N and F on all of
// them, SDKs on none.
enum class MetadataStyle { kService, kClient };

// The content of a metadata element, without its header: padding first, so that its length is even
// and it can never be taken for an imprint.
// Precondition: no zero byte in the texts.
ByteVector EncodeMetadata(const Metadata& metadata, MetadataStyle style);
// The same, behind what `out` holds.
void AppendMetadata(ByteVector& out, const Metadata& metadata, MetadataStyle style);

// Parses an element whose value is metadata content. Padding is tolerated wherever it stands: the
// judgement is MetadataIsTrusted's.   Errors: kInvalidArgument with offset and element name.
absl::StatusOr<Metadata> ParseMetadata(const Element& element);
// The same check without the result, and without allocating.
absl::Status CheckMetadata(const Element& element);

// The trust rule of INT-11 on the content of a metadata element that ParseMetadata() accepted.
bool MetadataIsTrusted(Bytes content);

// The text of a legacy id: exactly 29 bytes of the form of spec 3.5.
// Errors: kInvalidArgument.   The result views into `bytes`.
absl::StatusOr<std::string_view> ParseLegacyId(Bytes bytes);

}  // namespace pitser::ledger
