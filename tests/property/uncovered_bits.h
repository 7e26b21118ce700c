#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/bytes.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"

// Which bits of our formats no hash and no signature covers, and which it does: derived from the
// structure of the bytes alone, never from what a verifier says of a changed bit.
namespace pitser::testing {

// Bit b is the bit of value 1 << (b % 8) in byte b / 8.
using Bits = std::set<std::size_t>;

// Half-open, in bytes.
struct Range {
  std::size_t begin;
  std::size_t end;
};

// Bits by the reason why nothing covers them, in words of the spec.
using UncoveredBits = std::map<std::string, Bits>;

Bits AllOf(const UncoveredBits& uncovered);
std::size_t CountBits(const std::vector<Range>& ranges);
bool Contains(const std::vector<Range>& ranges, std::size_t bit);

// Whether a policy looks at what the ledger's key signed: only the key-based one does.
enum class KeySignature { kChecked, kIgnored };

// Flags of elements that are not hashed or signed as encoded, texts for people, elements that a
// reader skips, and what the policy ignores.   Source: spec/ksi-signature.md 2.3, 3.2, 3.8, 3.9.
UncoveredBits UncoveredBitsOfSignature(ledger::Bytes signature,
                                       KeySignature key_signature = KeySignature::kChecked);

// What goes into a hash or stands under a signature, found through the decoded signature.
std::vector<Range> CoveredRangesOfSignature(const ledger::Signature& signature);

// Of a publications file whose CMS signature is DER with one certificate and one signer: what is
// neither under the CMS signature nor under the signer certificate's, and is not needed to check
// these.   Source: spec 6.4, RFC 5652, RFC 5280.
UncoveredBits UncoveredBitsOfPublicationsFile(const ledger::PublicationsFile& file);

// The content of the file, the values of the signed attributes (hashed as the DER of what they
// decode to), the signer's TBSCertificate, both signatures.
std::vector<Range> CoveredRangesOfPublicationsFile(const ledger::PublicationsFile& file);

}  // namespace pitser::testing
