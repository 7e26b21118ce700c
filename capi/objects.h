#pragma once

#include <optional>
#include <vector>

#include "capi/pitser.h"
#include "ledger/crypto/hasher.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"

// What the opaque names of pitser.h stand for.

struct pitser_signature {
  pitser::ledger::Signature signature;
  std::vector<pitser::ledger::Identity> identities;  // Outermost first.
};

struct pitser_publications {
  pitser::ledger::PublicationsFile file;
};

struct pitser_hasher {
  pitser::ledger::StreamHasher hasher;
  std::optional<pitser::ledger::Imprint> finished;
};
