#include "ledger/format/node_encoding.h"

#include <cstdint>

#include "ledger/crypto/imprint.h"
#include "ledger/format/metadata.h"

namespace pitser::ledger {
namespace {

// What may stand beside an imprint.
bool IsChild(Bytes bytes) {
  if (Imprint::IsImprint(bytes) || ParseLegacyId(bytes).ok()) return true;
  Element content;
  content.raw = content.value = bytes;
  return CheckMetadata(content).ok();
}

// Whether an imprint begins at `at`, and where it ends.
std::size_t ImprintEnd(Bytes bytes, std::size_t at) {
  const std::size_t size = at < bytes.size() && bytes[at] < internal::kDigestSizes.size()
                               ? std::size_t{1} + internal::kDigestSizes[bytes[at]]
                               : 0;
  return size > 1 && bytes.size() - at >= size ? at + size : 0;
}

}  // namespace

bool IsNodeEncoding(Bytes document) {
  if (document.size() > kMaxNodeEncoding || document.size() < 2) return false;
  if (Imprint::IsImprint(document)) return true;
  if (document.back() == 0) return false;  // A node is above its children, so above level 0.
  const Bytes children = document.first(document.size() - 1);
  if (const std::size_t end = ImprintEnd(children, 0); end != 0 && IsChild(children.subspan(end))) {
    return true;
  }
  for (const std::uint8_t digest_size : internal::kDigestSizes) {
    const std::size_t size = std::size_t{1} + digest_size;
    if (digest_size == 0 || children.size() <= size) continue;
    const std::size_t right = children.size() - size;
    if (Imprint::IsImprint(children.subspan(right)) && IsChild(children.first(right))) return true;
  }
  return false;
}

}  // namespace pitser::ledger
