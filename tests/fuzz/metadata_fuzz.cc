#include "ledger/base/check.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/metadata.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

using ledger::Bytes;
using ledger::Metadata;

ledger::Element ElementOf(Bytes content) {
  ledger::Element element;
  element.raw = element.value = content;
  return element;
}

void CheckMetadataContent(Bytes content) {
  const auto metadata = ledger::ParseMetadata(ElementOf(content));
  PITSER_CHECK(ledger::CheckMetadata(ElementOf(content)) == metadata.status());
  const bool trusted = ledger::MetadataIsTrusted(content);
  if (!metadata.ok()) return;
  // What could be an imprint, too, is never trusted.
  if (ledger::Imprint::Parse(content).ok()) PITSER_CHECK(!trusted);
  for (const auto style : {ledger::MetadataStyle::kService, ledger::MetadataStyle::kClient}) {
    const ledger::ByteVector written = ledger::EncodeMetadata(*metadata, style);
    PITSER_CHECK(ledger::MetadataIsTrusted(written));
    PITSER_CHECK(*ledger::ParseMetadata(ElementOf(written)) == *metadata);
  }
}

}  // namespace

PITSER_FUZZ_TARGET(metadata) {
  CheckMetadataContent(input);
  const auto legacy = ledger::ParseLegacyId(input);
  if (!legacy.ok()) return;
  PITSER_CHECK(input.size() == 29 && input[2] == legacy->size());
  PITSER_CHECK(legacy->data() == ledger::AsText(input).data() + 3);
}

}  // namespace pitser::fuzz
