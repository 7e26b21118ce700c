#pragma once

#include <cstdint>

#include "ledger/base/bytes.h"

namespace pitser::ledger {

// The IEEE CRC-32, as zlib computes it: the checksum of publication codes and the name of a
// certificate. Guards against typing errors, not against people.   Source: spec 6.1, 6.5.
std::uint32_t Crc32(Bytes bytes);

}  // namespace pitser::ledger
