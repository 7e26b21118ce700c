#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ledger/base/bytes.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/metadata.h"
#include "ledger/format/publication.h"

namespace pitser::ledger {

inline constexpr std::uint16_t kSignatureTag = 0x800;
inline constexpr std::uint16_t kPublicationRecordTag = 0x803;
inline constexpr std::uint16_t kCalendarAuthenticationRecordTag = 0x805;
inline constexpr std::uint16_t kRfc3161RecordTag = 0x806;

// A TLV16 header and the largest value that fits: no signature is longer.
inline constexpr std::size_t kMaxSignatureSize = 4 + 65535;

// The signature OIDs of spec 7.2; kRsaSha256Oid is what Pitser writes.
inline constexpr std::string_view kRsaSha256Oid = "1.2.840.113549.1.1.11";

// A key's word for a calendar root until there is a publication. Source: spec 3.9, 7.
struct CalendarAuthenticationRecord {
  PublicationData data;
  Bytes signed_bytes;  // The 0x10 element as it stands, header included: what is signed.
  std::string_view signature_type;  // Dotted-decimal OID.
  Bytes signature_value;
  Bytes certificate_id;
  std::string_view certificate_repository_uri;  // Empty when absent; ignored.
};

// `element` is a 0x805; the result views into it. Errors: kInvalidArgument with offset and name.
absl::StatusOr<CalendarAuthenticationRecord> ParseCalendarAuthenticationRecord(
    const Element& element);

// Appends a 0x805 element. `signed_bytes` is a complete 0x10 element, as it was signed.
void WriteCalendarAuthenticationRecord(ByteVector& out, Bytes signed_bytes,
                                       std::string_view signature_type, Bytes signature_value,
                                       Bytes certificate_id);

// Links a document hash with the first aggregation chain in signatures converted from RFC 3161
// time-stamp tokens. Source: spec 3.10.
struct Rfc3161Record {
  std::uint64_t aggregation_time = 0;
  ChainIndex index;
  Imprint input_hash;
  Bytes tst_info_prefix, tst_info_suffix;
  HashAlgorithm tst_info_algorithm;
  Bytes signed_attributes_prefix, signed_attributes_suffix;
  HashAlgorithm signed_attributes_algorithm;
};

// `element` is a 0x806; the result views into it. Errors: kInvalidArgument with offset and name.
absl::StatusOr<Rfc3161Record> ParseRfc3161Record(const Element& element);
// Appends the 0x806 element. Pitser makes no such record; rewriting tools and tests do.
void WriteRfc3161Record(ByteVector& out, const Rfc3161Record& record);

// The record's output, to be equal to the first aggregation chain's input hash, whose algorithm
// `output_algorithm` is.   Errors: kUnimplemented.
absl::StatusOr<Imprint> Rfc3161Output(const Rfc3161Record& record, HashAlgorithm output_algorithm);

// One layer through which a document hash came in. Source: spec 3.6, "Identity list".
struct Identity {
  bool legacy = false;
  Metadata metadata;  // Only client_id for a legacy id.
};

// A keyless signature: parsed, well-formed, not yet verified. Immutable; owns its bytes, and
// everything it shows views into them. Movable; a copy is a Parse() of bytes().
// Source: spec section 3.
class Signature {
 public:
  // Errors: kInvalidArgument, naming the offset and the element that is malformed.
  static absl::StatusOr<Signature> Parse(ByteVector bytes);

  Signature(Signature&&) noexcept = default;
  Signature& operator=(Signature&&) noexcept = default;

  // The whole 0x800 element, byte for byte as parsed.
  Bytes bytes() const { return bytes_; }

  // Lowest first (sorted by descending number of index values). At least one.
  std::span<const AggregationHashChain> aggregation_chains() const { return chains_; }
  const std::optional<CalendarHashChain>& calendar_chain() const { return calendar_chain_; }
  const std::optional<PublicationRecord>& publication_record() const { return publication_; }
  const std::optional<CalendarAuthenticationRecord>& authentication_record() const {
    return authentication_;
  }
  const std::optional<Rfc3161Record>& rfc3161_record() const { return rfc3161_; }

  // Derived values of spec 9.2.
  const Imprint& input_hash() const;
  Level allowed_level() const;
  std::uint64_t signing_time() const;  // Unix seconds.
  // The output of all aggregation chains. Errors: as FoldAggregationLinks(), and
  // kFailedPrecondition when one chain's output is not the next one's input hash (INT-01).
  absl::StatusOr<LeveledImprint> AggregationRoot() const;
  // Highest layer first.
  std::vector<Identity> Identities() const;

 private:
  Signature() = default;

  // Fills an empty one that has its bytes.
  absl::Status ReadBytes();
  // `links` counts those of all aggregation hash chains.
  absl::Status ParseChild(const Element& child, std::size_t& links);
  // Which elements may stand together (spec 3.1).
  absl::Status CheckCombination() const;

  ByteVector bytes_;
  std::vector<AggregationHashChain> chains_;
  std::optional<CalendarHashChain> calendar_chain_;
  std::optional<PublicationRecord> publication_;
  std::optional<CalendarAuthenticationRecord> authentication_;
  std::optional<Rfc3161Record> rfc3161_;
};

// Puts complete child elements (0x801 lowest first, 0x802, 0x803 or 0x805, 0x806) into a 0x800
// element.   Errors: kInvalidArgument when they do not fit 65535 bytes.
absl::StatusOr<ByteVector> AssembleSignature(std::span<const Bytes> elements);

// The signature with its calendar chain replaced by `calendar`, without authentication record, and
// with `publication` if given; untouched elements stay byte for byte. The times, inputs, right
// links and root are checked (spec 8.6).
// Errors: kFailedPrecondition when `calendar` does not belong to the signature or its root is not
// the publication's.
absl::StatusOr<Signature> ExtendSignature(const Signature& signature,
                                          const CalendarHashChain& calendar,
                                          const PublicationRecord* publication);

}  // namespace pitser::ledger
