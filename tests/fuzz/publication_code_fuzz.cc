#include "ledger/base/base32.h"
#include "ledger/base/check.h"
#include "ledger/crypto/crc32.h"
#include "ledger/format/publication.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

// Returns whether the text is a code.
bool CheckCode(std::string_view text) {
  const auto publication = ledger::ParsePublicationCode(text);
  if (!publication.ok()) {
    PITSER_CHECK(publication.status().code() == absl::StatusCode::kInvalidArgument);
    return false;
  }
  const std::string code = ledger::EncodePublicationCode(*publication);
  PITSER_CHECK(*ledger::ParsePublicationCode(code) == *publication);
  return true;
}

}  // namespace

PITSER_FUZZ_TARGET(publication_code) {
  CheckCode(ledger::AsText(input));
  // The same behind a checksum that fits, which no mutation would find.
  ledger::ByteVector bytes = ledger::ToVector(input);
  const std::uint32_t crc = ledger::Crc32(bytes);
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(crc >> shift));
  }
  std::string code = ledger::EncodeBase32(bytes);
  const bool accepted = CheckCode(code);
  PITSER_CHECK(accepted == (input.size() > 8 && ledger::Imprint::Parse(input.subspan(8)).ok()));
  // One character that is another is always noticed.
  if (!accepted) return;
  char& changed =
      code[input[7] % (code.find('=') == std::string::npos ? code.size() : code.find('='))];
  changed = changed == 'A' ? 'B' : 'A';
  const auto other = ledger::ParsePublicationCode(code);
  // But for the bits at the end that fill no byte.
  if (other.ok()) {
    PITSER_CHECK(*other == *ledger::ParsePublicationCode(ledger::EncodeBase32(bytes)));
  }
}

}  // namespace pitser::fuzz
