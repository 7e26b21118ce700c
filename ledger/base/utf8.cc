#include "ledger/base/utf8.h"

#include <cstddef>

namespace pitser::ledger {
namespace {

struct Form {
  std::size_t size;    // Bytes of the sequence; 0 for a byte that starts none.
  std::uint8_t first;  // Smallest and largest second byte: this is where over-long forms,
  std::uint8_t last;   // surrogates and too large code points show.
};

// RFC 3629, section 4.
Form FormOf(std::uint8_t lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

bool IsUtf8(Bytes bytes) {
  while (!bytes.empty()) {
    const Form form = FormOf(bytes[0]);
    if (form.size == 0 || form.size > bytes.size()) return false;
    if (form.size > 1 && (bytes[1] < form.first || bytes[1] > form.last)) return false;
    for (std::size_t i = 2; i < form.size; ++i) {
      if (bytes[i] < 0x80 || bytes[i] > 0xBF) return false;
    }
    bytes = bytes.subspan(form.size);
  }
  return true;
}

}  // namespace pitser::ledger
