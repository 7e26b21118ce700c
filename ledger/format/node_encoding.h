#pragma once

#include <cstddef>

#include "ledger/base/bytes.h"

namespace pitser::ledger {

// Nothing longer is a node's encoding: an imprint, metadata and a level.
inline constexpr std::size_t kMaxNodeEncoding = 65 + 65535 + 1;

// Whether these bytes are what a node of a hash tree is the hash of: two children, of which one is
// an imprint and the other an imprint (also a mask's), metadata or a legacy id, and the level, 0xFF
// in the calendar; or an imprint alone, which is what a time stamp that was converted from RFC 3161
// is bound by.
// The hash of a document is no different from that of a node: whoever has a signature has, without
// asking anybody, signatures of all nodes on its way to the aggregation root, and of their siblings
// whose encoding he knows. So a document that is one may never have been submitted.
// Source: spec/ksi-signature.md 3.10, 4.1, 5.1, 8.2.
bool IsNodeEncoding(Bytes document);

}  // namespace pitser::ledger
