#include "client/trust.h"
#include "ledger/base/check.h"
#include "ledger/crypto/cms.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

void CheckOne(std::string_view text) {
  const auto constraint = ledger::ParseSubjectConstraint(text);
  if (!constraint.ok()) return;
  PITSER_CHECK(constraint->oid.find_first_not_of("0123456789.") == std::string::npos);
  PITSER_CHECK(!constraint->oid.empty());
  const auto again = ledger::ParseSubjectConstraint(constraint->oid + "=" + constraint->value);
  PITSER_CHECK(again.ok() && again->oid == constraint->oid && again->value == constraint->value);
}

}  // namespace

PITSER_FUZZ_TARGET(subject_constraint) {
  CheckOne(ledger::AsText(input));
  const auto constraints = client::ParseConstraints(ledger::AsText(input));
  if (!constraints.ok()) return;
  PITSER_CHECK(!constraints->empty());
  for (const auto& constraint : *constraints) CheckOne(constraint.oid + "=" + constraint.value);
}

}  // namespace pitser::fuzz
