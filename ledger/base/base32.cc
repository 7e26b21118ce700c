#include "ledger/base/base32.h"

#include "absl/strings/str_format.h"

namespace pitser::ledger {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr unsigned kBits = 5;

int DigitValue(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a';
  if (c >= '2' && c <= '7') return c - '2' + 26;
  return -1;
}

}  // namespace

std::string EncodeBase32(Bytes bytes) {
  std::string text;
  text.reserve((bytes.size() + 4) / 5 * 8);
  unsigned buffer = 0;  // Its low `held` bits are not written yet.
  unsigned held = 0;
  for (std::uint8_t byte : bytes) {
    buffer = (buffer << 8 | byte) & 0xFFFF;
    held += 8;
    while (held >= kBits) {
      held -= kBits;
      text.push_back(kAlphabet[buffer >> held & 31]);
    }
  }
  if (held > 0) text.push_back(kAlphabet[buffer << (kBits - held) & 31]);
  while (text.size() % 8 != 0) text.push_back('=');
  return text;
}

absl::StatusOr<ByteVector> DecodeBase32(std::string_view text) {
  ByteVector bytes;
  bytes.reserve(text.size() * kBits / 8);
  unsigned buffer = 0;
  unsigned held = 0;
  bool padding = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=') {
      padding = true;
      continue;
    }
    const int digit = DigitValue(text[i]);
    if (digit < 0 || padding) {
      return absl::InvalidArgumentError(
          absl::StrFormat("character %d is not base32 (A-Z, 2-7)", i + 1));
    }
    buffer = (buffer << kBits | static_cast<unsigned>(digit)) & 0xFFFF;
    held += kBits;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<std::uint8_t>(buffer >> held));
    }
  }
  return bytes;
}

}  // namespace pitser::ledger
