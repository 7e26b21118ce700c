#include "ledger/crypto/hasher.h"

#include "capi/objects.h"
#include "capi/support.h"
#include "ledger/base/bytes.h"

using pitser::capi::Give;
using pitser::capi::Guarded;
using pitser::capi::Refuse;

pitser_status pitser_hasher_new(const pitser_signature* signature, pitser_hasher** hasher,
                                pitser_error* error) {
  return Guarded(error, [&] {
    if (hasher == nullptr) return Refuse(error, "hasher: NULL");
    *hasher = nullptr;
    if (signature == nullptr) return Refuse(error, "signature: NULL");
    auto made = pitser::ledger::StreamHasher::Create(signature->signature.input_hash().algorithm());
    if (!made.ok()) return Give(made.status(), error);
    *hasher = new pitser_hasher{*std::move(made), std::nullopt};
    return PITSER_OK;
  });
}

pitser_status pitser_hasher_update(pitser_hasher* hasher, const uint8_t* data, size_t size) {
  return Guarded(nullptr, [&] {
    if (hasher == nullptr || (data == nullptr && size != 0)) return PITSER_INVALID_ARGUMENT;
    hasher->finished.reset();
    hasher->hasher.Update(pitser::ledger::Bytes(data, size));
    return PITSER_OK;
  });
}

const uint8_t* pitser_hasher_finish(pitser_hasher* hasher, size_t* size) {
  if (size != nullptr) *size = 0;
  if (hasher == nullptr) return nullptr;
  const pitser_status status = Guarded(nullptr, [&] {
    hasher->finished = hasher->hasher.Finish();
    return PITSER_OK;
  });
  if (status != PITSER_OK) return nullptr;
  const pitser::ledger::Bytes bytes = hasher->finished->bytes();
  if (size != nullptr) *size = bytes.size();
  return bytes.data();
}

void pitser_hasher_free(pitser_hasher* hasher) { delete hasher; }
