#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/imprint.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/fold.h"
#include "ledger/format/publication.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/signature.h"
#include "ledger/verify/verifier.h"

namespace pitser::ledger::internal {

// A value that is computed when it is first asked for, and then kept.
template <typename T>
class Lazy {
 public:
  template <typename Compute>
  const T& Get(Compute&& compute) {
    if (!value_.has_value()) value_.emplace(compute());
    return *value_;
  }
  // What Get() is to give, unless it has given something.
  void Set(T value) {
    if (!value_.has_value()) value_.emplace(std::move(value));
  }

 private:
  std::optional<T> value_;
};

// A calendar hash chain of the extender, with the root that it leads to.
struct ExtendedCalendar {
  CalendarHashChain chain;
  absl::StatusOr<Imprint> root;
};

// What the rules look at: the inputs of one verification and the values derived from them, each
// computed at most once and only if some rule asks.
// Thread: one thread at a time.   Source: spec/ksi-signature.md 9.1, 9.2.
class Evidence {
 public:
  // `context` and what it refers to outlive this.
  explicit Evidence(const VerificationContext& context) : context_(context) {}
  Evidence(const Evidence&) = delete;
  Evidence& operator=(const Evidence&) = delete;

  const VerificationContext& context() const { return context_; }
  const Signature& signature() const { return context_.signature; }
  const AlgorithmPolicy& algorithms() const { return context_.algorithms; }

  // The node that each aggregation hash chain leads to, lowest first; levels go on from chain to
  // chain. Each starts from its own input hash, whatever the one below led to.
  // Errors: kInvalidArgument if a level passes 255; kUnimplemented.
  const absl::StatusOr<ChainOutputs>& chain_outputs();
  // What chain_outputs() is to give, from who has computed it already.
  void GiveChainOutputs(ChainOutputs outputs) { chain_outputs_.Set(std::move(outputs)); }

  // The output of the highest aggregation hash chain.
  absl::StatusOr<Imprint> AggregationRoot();

  // The root of the signature's calendar hash chain. Precondition: it has one.
  // Errors: kUnimplemented.
  const absl::StatusOr<Imprint>& calendar_root();

  // The certificate that the calendar authentication record names, from the publications file;
  // nothing if it cannot be decoded. Precondition: certificate_record() is not null.
  const std::optional<Certificate>& certificate();
  // Null if the record, the publications file or the certificate is missing.
  const CertificateRecord* certificate_record() const;
  // Whether the record's signature verifies with that certificate; false if it cannot be decoded.
  // Precondition: certificate_record() is not null.
  bool AuthenticationSignatureVerifies() const;

  // The extender's chain from the signing time to `publication_time` (nothing: its newest). It is
  // asked once for each.   Errors: the extender's. Precondition: there is an extender.
  const absl::StatusOr<ExtendedCalendar>& Extended(std::optional<std::uint64_t> publication_time);

 private:
  const VerificationContext& context_;
  Lazy<absl::StatusOr<ChainOutputs>> chain_outputs_;
  Lazy<absl::StatusOr<Imprint>> calendar_root_;
  Lazy<std::optional<Certificate>> certificate_;
  struct Answer {
    std::optional<std::uint64_t> publication_time;
    absl::StatusOr<ExtendedCalendar> calendar;
  };
  std::optional<Answer> extended_;
};

// Whether some left link's algorithm was deprecated, or obsolete, when the chain was published:
// only left links choose the algorithm of their step.   Source: spec 9.2 (dep, obs).
bool CalendarDeprecated(const CalendarHashChain& chain, const AlgorithmPolicy& algorithms);
bool CalendarObsolete(const CalendarHashChain& chain, const AlgorithmPolicy& algorithms);

}  // namespace pitser::ledger::internal
