#include "ledger/crypto/trust_code.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "ledger/base/base32.h"
#include "ledger/base/check.h"
#include "ledger/crypto/hasher.h"

namespace pitser::ledger {
namespace {

constexpr std::string_view kDomain = "pitser trust code 1";
constexpr std::size_t kCodeBytes = 20;
constexpr std::size_t kCodeLetters = 32;
constexpr std::size_t kGroup = 4;

// The length in front, so that no text runs over into the next.
void AppendText(ByteVector& out, std::string_view text) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(std::uint64_t{text.size()} >> shift));
  }
  Append(out, AsBytes(text));
}

// The letters of base32 alone, as capitals.
std::string Letters(std::string_view text) {
  std::string letters;
  for (char c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '0') c = 'O';
    if (c == '1') c = 'I';
    if (c == '8') c = 'B';
    if ((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '9')) letters += c;
  }
  return letters;
}

}  // namespace

std::string TrustCode(const Certificate& root, std::span<const SubjectConstraint> constraints) {
  std::vector<std::pair<std::string, std::string>> sorted;
  for (const SubjectConstraint& one : constraints) sorted.emplace_back(one.oid, one.value);
  std::ranges::sort(sorted);
  ByteVector content;
  AppendText(content, kDomain);
  AppendText(content, ToString(root.Fingerprint()));
  for (const auto& [oid, value] : sorted) {
    AppendText(content, oid);
    AppendText(content, value);
  }
  const absl::StatusOr<Imprint> hash = Hash(HashAlgorithm::kSha256, {content});
  PITSER_CHECK(hash.ok());
  const std::string letters = EncodeBase32(hash->digest().first(kCodeBytes));
  std::string code;
  for (std::size_t i = 0; i < letters.size(); i += kGroup) {
    code += (i == 0 ? "" : "-") + letters.substr(i, kGroup);
  }
  return code;
}

bool TrustCodeIs(std::string_view code, std::string_view text) {
  return LooksLikeTrustCode(text) && Letters(code) == Letters(text);
}

bool LooksLikeTrustCode(std::string_view text) { return Letters(text).size() == kCodeLetters; }

}  // namespace pitser::ledger
