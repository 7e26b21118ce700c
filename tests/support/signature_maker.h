#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ledger/crypto/certificate.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/aggregation_chain.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/metadata.h"
#include "ledger/format/publication.h"
#include "ledger/format/signature.h"

// Makes signatures from scratch. A recipe says the free choices; everything else is computed so
// that the signature is valid. Each optional field overrides one computed value and nothing else,
// so that a test can break exactly one thing.
namespace pitser::testing {

// An imprint that stands for anything: the hash of `label`.
ledger::Imprint SomeImprint(std::string_view label,
                            ledger::HashAlgorithm algorithm = ledger::HashAlgorithm::kSha256);

struct LinkRecipe {
  ledger::LinkDirection direction = ledger::LinkDirection::kLeft;
  ledger::SiblingKind kind = ledger::SiblingKind::kImprint;
  ledger::Level level_correction = 0;
  ledger::ByteVector sibling;  // As in AggregationLink.
};
LinkRecipe ImprintLink(ledger::LinkDirection direction, std::string_view label,
                       ledger::Level level_correction = 0);
LinkRecipe MetadataLink(const ledger::Metadata& metadata);

struct ChainRecipe {
  std::vector<LinkRecipe> links;
  ledger::HashAlgorithm algorithm = ledger::HashAlgorithm::kSha256;
  std::optional<std::uint64_t> time;          // Else the recipe's.
  std::optional<ledger::ChainIndex> index;    // Else by the shapes.
  std::optional<ledger::Imprint> input_hash;  // Else what the chain below leads to.
};

struct CalendarRecipe {
  std::uint64_t publication_time = 0;
  std::optional<std::uint64_t> aggregation_time;  // Else the recipe's.
  std::optional<ledger::Imprint> input_hash;      // Else the aggregation root.
  std::optional<ledger::CalendarLinks> links;     // Else MakeCalendarLinks().
};

// Links with the shape of leaf `time` in the tree of `publication_time`, and siblings of
// `algorithm` that stand for anything.
ledger::CalendarLinks MakeCalendarLinks(
    std::uint64_t time, std::uint64_t publication_time,
    ledger::HashAlgorithm algorithm = ledger::HashAlgorithm::kSha256);

struct Rfc3161Recipe {
  ledger::HashAlgorithm tst_info_algorithm = ledger::HashAlgorithm::kSha256;
  ledger::HashAlgorithm signed_attributes_algorithm = ledger::HashAlgorithm::kSha256;
  ledger::HashAlgorithm output_algorithm = ledger::HashAlgorithm::kSha256;
  std::optional<std::uint64_t> time;        // Else the recipe's.
  std::optional<ledger::ChainIndex> index;  // Else that of the lowest chain.
};

enum class Record { kNone, kAuthentication, kPublication };

struct AuthenticationRecipe {
  std::optional<std::string> signature_type;          // Else sha256WithRSAEncryption.
  std::optional<ledger::PrivateKey> key;              // Else the test trust's.
  std::optional<ledger::ByteVector> signature_value;  // Else by the key.
  std::optional<ledger::ByteVector> certificate_id;   // Else that of the test trust.
};

struct SignatureRecipe {
  ledger::Imprint document_hash;
  std::uint64_t time = 0;  // Unix seconds.
  std::vector<ChainRecipe> chains;
  std::optional<Rfc3161Recipe> rfc3161;
  std::optional<CalendarRecipe> calendar;
  Record record = Record::kNone;
  std::optional<std::uint64_t> record_time;    // Else the calendar chain's.
  std::optional<ledger::Imprint> record_hash;  // Else the calendar root.
  AuthenticationRecipe authentication;
  std::vector<std::string> references;  // Of a publication record.
};

// "pitser" signed at kTestTime: two aggregation hash chains, each with an account; the calendar
// root of the same second, authenticated by the test trust's key.
SignatureRecipe AuthenticatedRecipe();
// The same, extended to a publication of ten days later.
SignatureRecipe PublishedRecipe();
// As AuthenticatedRecipe(), but in the form in which a single node of ours signs: one chain.
SignatureRecipe SingleNodeRecipe();

ledger::ByteVector MakeSignatureBytes(const SignatureRecipe& recipe);
ledger::Signature MakeSignature(const SignatureRecipe& recipe);

// The calendar root and publication time that the signature's calendar hash chain leads to.
ledger::PublicationData PublicationOf(const ledger::Signature& signature);

}  // namespace pitser::testing
