#include <limits>
#include <optional>
#include <string_view>

#include "capi/objects.h"
#include "capi/support.h"
#include "ledger/base/bytes.h"
#include "ledger/base/status.h"
#include "ledger/format/publication.h"
#include "ledger/verify/verifier.h"

using pitser::capi::CopyText;
using pitser::capi::Give;
using pitser::capi::Guarded;
using pitser::capi::Refuse;

namespace {

namespace ledger = pitser::ledger;

std::optional<ledger::Policy> PolicyOf(int policy) {
  switch (policy) {
    case PITSER_POLICY_GENERAL:
      return ledger::Policy::kGeneral;
    case PITSER_POLICY_INTERNAL:
      return ledger::Policy::kInternal;
    case PITSER_POLICY_KEY:
      return ledger::Policy::kKeyBased;
    case PITSER_POLICY_PUBLICATIONS_FILE:
      return ledger::Policy::kPublicationsFileBased;
    case PITSER_POLICY_USER_PUBLICATION:
      return ledger::Policy::kUserPublicationBased;
  }
  return std::nullopt;
}

pitser_outcome OutcomeOf(ledger::Outcome outcome) {
  switch (outcome) {
    case ledger::Outcome::kOk:
      return PITSER_OUTCOME_OK;
    case ledger::Outcome::kInconclusive:
      return PITSER_OUTCOME_INCONCLUSIVE;
    case ledger::Outcome::kFailed:
      return PITSER_OUTCOME_FAILED;
  }
  return PITSER_OUTCOME_FAILED;
}

// The document's hash, if there is a document. Leaves `status` when it is not usable.
std::optional<ledger::Imprint> DocumentHash(const pitser_signature& signature,
                                            const pitser_verify_options& options,
                                            pitser_status& status, pitser_error* error) {
  status = PITSER_OK;
  if (options.document != nullptr && options.document_imprint != nullptr) {
    status = Refuse(error, "document and document_imprint: not both");
  } else if (options.document != nullptr) {
    auto hash = ledger::Hash(signature.signature.input_hash().algorithm(),
                             {ledger::Bytes(options.document, options.document_size)});
    if (hash.ok()) return *hash;
    status = Give(hash.status(), error);
  } else if (options.document_imprint != nullptr) {
    auto hash = ledger::Imprint::Parse(
        ledger::Bytes(options.document_imprint, options.document_imprint_size));
    if (hash.ok()) return *hash;
    status = Refuse(error, ledger::ToStd(hash.status().message()));
  } else if (options.document_size != 0 || options.document_imprint_size != 0) {
    // An empty document is a pointer with the size 0: nobody shall believe that it was judged.
    status = Refuse(error, "a size without a document");
  }
  return std::nullopt;
}

// Every text is a literal, terminated.
void Fill(pitser_result& to, const ledger::VerificationResult& from) {
  const auto text = [](std::string_view literal) { return literal.empty() ? "" : literal.data(); };
  to.outcome = OutcomeOf(from.outcome);
  to.code = text(ErrorCodeName(from.code));
  to.code_text = text(ErrorCodeText(from.code));
  to.explanation = text(ErrorCodeExplanation(from.code));
  to.policy = text(from.policy);
  to.rule = text(from.rule);
  to.suggested_publication_time = from.suggestion ? from.suggestion->time : 0;
  CopyText(to.cause, sizeof(to.cause), from.cause);
}

}  // namespace

pitser_status pitser_verify(const pitser_signature* signature, const pitser_verify_options* options,
                            pitser_result* result, pitser_error* error) {
  return Guarded(error, [&] {
    if (result == nullptr) return Refuse(error, "result: NULL");
    // This is the first ABI: smaller structures than its own do not exist.
    const size_t result_size = result->struct_size;
    if (result_size < sizeof(pitser_result)) return Refuse(error, "result: struct_size is not set");
    *result = {};
    result->struct_size = result_size;
    result->outcome = PITSER_OUTCOME_FAILED;  // What nobody overwrites must never mean yes.
    result->code = result->code_text = result->explanation = result->policy = result->rule = "";
    if (signature == nullptr) return Refuse(error, "signature: NULL");
    if (options == nullptr) return Refuse(error, "options: NULL");
    if (options->struct_size < sizeof(pitser_verify_options)) {
      return Refuse(error, "options: start with PITSER_VERIFY_OPTIONS_INIT");
    }
    const std::optional<ledger::Policy> policy = PolicyOf(options->policy);
    if (!policy) return Refuse(error, "policy: unknown");
    if (options->input_level > std::numeric_limits<ledger::Level>::max()) {
      return Refuse(error, "input_level: beyond 255");
    }
    ledger::VerificationContext context{
        .signature = signature->signature,
        .input_level = static_cast<ledger::Level>(options->input_level),
        .publications_file =
            options->publications == nullptr ? nullptr : &options->publications->file};
    if (options->publication_code != nullptr) {
      const auto publication = ledger::ParsePublicationCode(options->publication_code);
      if (!publication.ok()) {
        return Refuse(error, ledger::ToStd(publication.status().message()));
      }
      context.user_publication = *publication;
    }
    pitser_status status = PITSER_OK;
    context.document_hash = DocumentHash(*signature, *options, status, error);
    if (status != PITSER_OK) return status;
    const auto verified = ledger::Verify(*policy, context);
    if (!verified.ok()) return Give(verified.status(), error);
    result->signing_time = signature->signature.signing_time();
    Fill(*result, *verified);
    return PITSER_OK;
  });
}
