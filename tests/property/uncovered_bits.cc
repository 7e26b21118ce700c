#include "tests/property/uncovered_bits.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "ledger/format/tlv.h"
#include "tests/support/tlv_tree.h"
#include "tests/support/value_of.h"

namespace pitser::testing {
namespace {

using ledger::Bytes;
using ledger::Element;

// The structure of a signature is known to this file, and anything else ends the test.
[[noreturn]] void Surprised(const char* what) {
  std::fprintf(stderr, "uncovered_bits: %s\n", what);
  std::abort();
}

void AddByte(Bits& bits, std::size_t byte, unsigned mask) {
  for (unsigned bit = 0; bit < 8; ++bit) {
    if ((mask >> bit & 1U) != 0) bits.insert(byte * 8 + bit);
  }
}

void AddBytes(Bits& bits, Range range) {
  for (std::size_t byte = range.begin; byte < range.end; ++byte) AddByte(bits, byte, 0xFF);
}

// --- Signatures ---

// The N and F flags of an element in its first byte.
constexpr unsigned kFlagBits = 0x60;
constexpr char kFlags[] = "flags of known elements";
constexpr char kTexts[] = "references and addresses for people";
constexpr char kSkipped[] = "elements that no reader knows, flagged to be skipped";
// It is skipped inside or outside of a neighbour that may have children.
constexpr char kBorders[] = "lengths that say on which side of an end a skipped element stands";
constexpr char kInputData[] = "input data that no verifier checks";
constexpr char kOtherPolicy[] = "the key's signature, where the policy does not ask for it";

// What a reader makes of an element, by where it stands.
enum class Kind {
  kParent,   // Its children are walked.
  kValue,    // A value that is checked.
  kText,     // A text that decides nothing.
  kOpaque,   // Bytes that decide nothing.
  kSigned,   // Signed as encoded, header included.
  kNotAsked  // Of the key's signature, which is not checked.
};

Kind KindOf(std::uint16_t parent, std::uint16_t type, KeySignature key_signature) {
  const bool ignored = key_signature == KeySignature::kIgnored;
  switch (parent) {
    case 0:
    case 0x800:
      return Kind::kParent;
    case 0x801:
      if (type == 0x04) return Kind::kOpaque;
      return type == 0x07 || type == 0x08 ? Kind::kParent : Kind::kValue;
    case 0x803:
      return type == 0x10 ? Kind::kParent : Kind::kText;
    case 0x805:
      return type == 0x10 && !ignored ? Kind::kSigned : Kind::kParent;
    case 0x0B:
      if (ignored) return Kind::kNotAsked;
      return type == 0x04 ? Kind::kText : Kind::kValue;
    default:
      return Kind::kValue;
  }
}

void AddValue(Bits& bits, const Element& element) {
  const std::size_t begin = element.value_offset();
  AddBytes(bits, {begin, begin + element.value.size()});
}

// All of the header behind the type.
void AddLength(Bits& bits, const Element& element) {
  AddBytes(bits, {element.offset + (element.long_header ? 2U : 1U), element.value_offset()});
}

// `rule`: the table of the element, null when it has none.
void WalkSignature(const Element& element, std::uint16_t parent, const ElementRule* rule,
                   KeySignature key_signature, UncoveredBits& uncovered) {
  const Kind kind = KindOf(parent, element.type, key_signature);
  if (kind == Kind::kSigned) return;
  AddByte(uncovered[kFlags], element.offset, kFlagBits);
  if (kind == Kind::kText) AddValue(uncovered[kTexts], element);
  if (kind == Kind::kOpaque) AddValue(uncovered[kInputData], element);
  if (kind == Kind::kNotAsked) AddValue(uncovered[kOtherPolicy], element);
  if (kind != Kind::kParent) return;
  std::optional<Element> before;  // A nested one, right before the child.
  bool ends_with_skipped = false;
  for (ledger::TlvReader children(element); !children.done();) {
    const Element child = ValueOf(children.Next());
    const ChildRule* known = FindRule(*rule, child.type);
    ends_with_skipped = known == nullptr;
    if (known == nullptr) {
      AddBytes(uncovered[kSkipped], {child.offset, child.offset + child.raw.size()});
      if (before.has_value()) AddLength(uncovered[kBorders], *before);
      continue;
    }
    WalkSignature(child, element.type, known->nested, key_signature, uncovered);
    before = known->nested != nullptr ? std::optional(child) : std::nullopt;
  }
  if (ends_with_skipped && parent != 0) AddLength(uncovered[kBorders], element);
}

// --- DER ---

struct Der {
  unsigned tag;
  Bytes value;
  std::size_t offset;        // Of the tag, in the file.
  std::size_t value_offset;  // The same of the value.

  std::size_t end() const { return value_offset + value.size(); }
};

constexpr unsigned kInteger = 0x02, kBitString = 0x03, kOctetString = 0x04, kSequence = 0x30,
                   kSet = 0x31, kContext0 = 0xA0;
constexpr unsigned kUtf8String = 0x0C, kPrintableString = 0x13;
constexpr unsigned kConstructedBit = 0x20;  // Of a tag.
constexpr unsigned kCaseBit = 0x20;         // Of an ASCII letter.

bool IsLetter(std::uint8_t byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

// The elements that fill some bytes, with definite lengths.
std::vector<Der> ReadDer(Bytes bytes, std::size_t offset) {
  std::vector<Der> elements;
  for (std::size_t at = 0; at < bytes.size();) {
    if (at + 2 > bytes.size()) Surprised("truncated DER");
    std::size_t length = bytes[at + 1];
    std::size_t header = 2;
    if (length >= 0x80) {
      const std::size_t count = length & 0x7F;
      if (count == 0 || count > 3 || at + 2 + count > bytes.size()) Surprised("DER length");
      length = 0;
      for (std::size_t i = 0; i < count; ++i) length = length << 8 | bytes[at + 2 + i];
      header += count;
    }
    if (at + header + length > bytes.size()) Surprised("DER value runs past its parent");
    elements.push_back(
        {bytes[at], bytes.subspan(at + header, length), offset + at, offset + at + header});
    at += header + length;
  }
  return elements;
}

std::vector<Der> Children(const Der& parent) { return ReadDer(parent.value, parent.value_offset); }

// Calls `visit` for the element and everything inside it.
template <typename Visit>
void WalkDer(const Der& element, const Visit& visit) {
  visit(element);
  if ((element.tag & kConstructedBit) == 0) return;
  for (const Der& child : Children(element)) WalkDer(child, visit);
}

const Der& Expect(const Der& element, unsigned tag) {
  if (element.tag != tag) Surprised("another DER element is expected");
  return element;
}

// The parts of a CMS signature as ours are made: SHA-256, one certificate, one signer, no unsigned
// attributes.
struct Cms {
  Der whole;
  Der content_version;                // SignedData.version
  std::vector<Der> digest_algorithm;  // The only one of SignedData.digestAlgorithms: OID, NULL.
  std::vector<Der> certificate;       // tbsCertificate, signatureAlgorithm, signatureValue
  Der certificate_whole;
  Der signer_version;  // SignerInfo.version
  Der signer_id;       // Issuer and serial number.
  std::vector<Der> signer_digest_algorithm;
  Der signed_attributes;
  std::vector<Der> signature_algorithm;
  Der signature;
};

Cms ReadCms(const ledger::PublicationsFile& file) {
  const std::size_t offset = static_cast<std::size_t>(file.cms().data() - file.bytes().data());
  const std::vector<Der> outer = ReadDer(file.cms(), offset);
  if (outer.size() != 1) Surprised("one ContentInfo is expected");
  const std::vector<Der> content_info = Children(Expect(outer[0], kSequence));
  const std::vector<Der> data =
      Children(Expect(Children(Expect(content_info.at(1), kContext0)).at(0), kSequence));
  if (data.size() != 5) Surprised("SignedData with five parts is expected");
  const std::vector<Der> digests = Children(Expect(data[1], kSet));
  const std::vector<Der> certificates = Children(Expect(data[3], kContext0));
  const std::vector<Der> signers = Children(Expect(data[4], kSet));
  if (digests.size() != 1 || certificates.size() != 1 || signers.size() != 1) {
    Surprised("one digest, one certificate and one signer are expected");
  }
  const std::vector<Der> signer = Children(Expect(signers[0], kSequence));
  if (signer.size() != 6) Surprised("a signer without unsigned attributes is expected");
  return {.whole = outer[0],
          .content_version = Expect(data[0], kInteger),
          .digest_algorithm = Children(Expect(digests[0], kSequence)),
          .certificate = Children(Expect(certificates[0], kSequence)),
          .certificate_whole = certificates[0],
          .signer_version = Expect(signer[0], kInteger),
          .signer_id = Expect(signer[1], kSequence),
          .signer_digest_algorithm = Children(Expect(signer[2], kSequence)),
          .signed_attributes = Expect(signer[3], kContext0),
          .signature_algorithm = Children(Expect(signer[4], kSequence)),
          .signature = Expect(signer[5], kOctetString)};
}

}  // namespace

Bits AllOf(const UncoveredBits& uncovered) {
  Bits all;
  for (const auto& [reason, bits] : uncovered) all.insert(bits.begin(), bits.end());
  return all;
}

std::size_t CountBits(const std::vector<Range>& ranges) {
  std::size_t count = 0;
  for (const Range& range : ranges) count += 8 * (range.end - range.begin);
  return count;
}

bool Contains(const std::vector<Range>& ranges, std::size_t bit) {
  return std::ranges::any_of(
      ranges, [&](const Range& range) { return range.begin <= bit / 8 && bit / 8 < range.end; });
}

UncoveredBits UncoveredBitsOfSignature(Bytes signature, KeySignature key_signature) {
  UncoveredBits uncovered;
  ledger::TlvReader reader(signature);
  WalkSignature(ValueOf(reader.Next()), 0, &SignatureRule(), key_signature, uncovered);
  return uncovered;
}

std::vector<Range> CoveredRangesOfSignature(const ledger::Signature& signature) {
  std::vector<Range> covered;
  const auto add = [&](Bytes part) {
    const auto begin = static_cast<std::size_t>(part.data() - signature.bytes().data());
    covered.push_back({begin, begin + part.size()});
  };
  // Imprints are held as copies: the bytes that they were read from are found again.
  const auto add_copy = [&](const ledger::Imprint& imprint) {
    const Bytes all = signature.bytes();
    const Bytes part = imprint.bytes();
    const auto found = std::search(all.begin(), all.end(), part.begin(), part.end());
    if (found == all.end()) Surprised("an imprint is not in its signature");
    add({found, part.size()});
  };
  for (const auto& chain : signature.aggregation_chains()) {
    add_copy(chain.input_hash);
    for (const auto& link : chain.links) add(link.sibling);
  }
  add_copy(signature.calendar_chain()->input_hash);
  for (const auto& link : signature.calendar_chain()->links) add_copy(link.sibling);
  if (signature.publication_record().has_value()) {
    add_copy(signature.publication_record()->data.hash);
  }
  if (signature.authentication_record().has_value()) {
    add(signature.authentication_record()->signed_bytes);
    add(signature.authentication_record()->signature_value);
  }
  return covered;
}

UncoveredBits UncoveredBitsOfPublicationsFile(const ledger::PublicationsFile& file) {
  const Cms cms = ReadCms(file);
  UncoveredBits uncovered;
  // The element that holds the CMS signature begins where the signed content ends.
  AddByte(uncovered["flags of the CMS signature element"], file.signed_bytes().size(), kFlagBits);
  Bits& versions = uncovered["CMS: version numbers"];
  AddBytes(versions, {cms.content_version.value_offset, cms.content_version.end()});
  AddBytes(versions, {cms.signer_version.value_offset, cms.signer_version.end()});
  Bits& parameters = uncovered["CMS: parameters of algorithms that have none"];
  for (const auto* algorithm :
       {&cms.digest_algorithm, &cms.signer_digest_algorithm, &cms.signature_algorithm}) {
    if (algorithm->size() < 2) continue;
    AddBytes(parameters, {algorithm->at(1).offset, algorithm->at(1).end()});
  }
  // What a set or a sequence is, is said by its tag's number; BER's other bit says it again. Hashed
  // is the DER of the decoded attributes, with the bit as it must be.
  Bits& constructed = uncovered["CMS: the bit that says again that a set or sequence is one"];
  WalkDer(cms.whole, [&](const Der& element) {
    const bool in_certificate = element.offset >= cms.certificate_whole.offset &&
                                element.offset < cms.certificate_whole.end();
    if (in_certificate || (element.tag & kConstructedBit) == 0) return;
    AddByte(constructed, element.offset, kConstructedBit);
  });
  // Names are compared without regard to letter case (RFC 5280, 7.1).
  Bits& letters = uncovered["CMS: letter case in the name by which the certificate is found"];
  WalkDer(cms.signer_id, [&](const Der& element) {
    if (element.tag != kUtf8String && element.tag != kPrintableString) return;
    for (std::size_t i = 0; i < element.value.size(); ++i) {
      if (IsLetter(element.value[i])) AddByte(letters, element.value_offset + i, kCaseBit);
    }
  });
  return uncovered;
}

std::vector<Range> CoveredRangesOfPublicationsFile(const ledger::PublicationsFile& file) {
  const Cms cms = ReadCms(file);
  const Der& tbs = cms.certificate.at(0);
  const Der& certificate_signature = Expect(cms.certificate.at(2), kBitString);
  std::vector<Range> covered = {
      {0, file.signed_bytes().size()},
      {cms.signature.value_offset, cms.signature.end()},
      {tbs.offset, tbs.end()},
      // After the count of unused bits.
      {certificate_signature.value_offset + 1, certificate_signature.end()}};
  WalkDer(cms.signed_attributes, [&](const Der& element) {
    if ((element.tag & kConstructedBit) == 0) covered.push_back({element.offset, element.end()});
  });
  return covered;
}

}  // namespace pitser::testing
