#include <memory>

#include "capi/objects.h"
#include "capi/support.h"
#include "ledger/base/bytes.h"

using pitser::capi::Give;
using pitser::capi::Guarded;
using pitser::capi::Refuse;

pitser_status pitser_signature_parse(const uint8_t* data, size_t size, pitser_signature** signature,
                                     pitser_error* error) {
  return Guarded(error, [&] {
    if (signature == nullptr) return Refuse(error, "signature: NULL");
    *signature = nullptr;
    if (data == nullptr) return Refuse(error, "data: NULL");
    if (size > pitser::ledger::kMaxSignatureSize) {
      return Give(absl::InvalidArgumentError("longer than any signature"), error);
    }
    auto parsed = pitser::ledger::Signature::Parse(pitser::ledger::ByteVector(data, data + size));
    if (!parsed.ok()) return Give(parsed.status(), error);
    auto identities = parsed->Identities();
    *signature = new pitser_signature{*std::move(parsed), std::move(identities)};
    return PITSER_OK;
  });
}

void pitser_signature_free(pitser_signature* signature) { delete signature; }

uint64_t pitser_signature_time(const pitser_signature* signature) {
  return signature == nullptr ? 0 : signature->signature.signing_time();
}

const uint8_t* pitser_signature_imprint(const pitser_signature* signature, size_t* size) {
  const auto bytes =
      signature == nullptr ? pitser::ledger::Bytes() : signature->signature.input_hash().bytes();
  if (size != nullptr) *size = bytes.size();
  return bytes.data();
}

const char* pitser_signature_algorithm(const pitser_signature* signature) {
  if (signature == nullptr) return "";
  // The names of the registry are literals.
  return HashAlgorithmName(signature->signature.input_hash().algorithm()).data();
}

size_t pitser_signature_identity_count(const pitser_signature* signature) {
  return signature == nullptr ? 0 : signature->identities.size();
}

pitser_status pitser_signature_identity(const pitser_signature* signature, size_t index,
                                        pitser_identity* identity) {
  if (signature == nullptr || identity == nullptr || index >= signature->identities.size()) {
    return PITSER_INVALID_ARGUMENT;
  }
  const pitser::ledger::Identity& from = signature->identities[index];
  *identity = {};
  identity->client_id = from.metadata.client_id.c_str();
  if (from.metadata.machine_id) identity->machine_id = from.metadata.machine_id->c_str();
  identity->has_sequence_number = from.metadata.sequence_number.has_value() ? 1 : 0;
  identity->sequence_number = from.metadata.sequence_number.value_or(0);
  identity->has_request_time = from.metadata.request_time_us.has_value() ? 1 : 0;
  identity->request_time_us = from.metadata.request_time_us.value_or(0);
  identity->is_legacy = from.legacy ? 1 : 0;
  return PITSER_OK;
}
