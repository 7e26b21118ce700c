#include "ledger/crypto/crc32.h"

#include <zlib.h>

namespace pitser::ledger {

std::uint32_t Crc32(Bytes bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, bytes.data(), bytes.size()));
}

}  // namespace pitser::ledger
