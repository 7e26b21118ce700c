#include "client/audit_state.h"
#include "ledger/base/check.h"
#include "tests/fuzz/checked_text.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

void Check(std::string_view text) {
  const auto state = client::ParseAuditState(text);
  if (!state.ok()) {
    PITSER_CHECK(state.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  PITSER_CHECK(state->since < state->replay.next());
  PITSER_CHECK(state->replay.Peaks().size() <= ledger::kCalendarLevels + 1);
  (void)state->replay.Root();
  const std::string written = WriteAuditState(*state);
  const auto again = client::ParseAuditState(written);
  PITSER_CHECK(again.ok() && again->replay.Peaks() == state->replay.Peaks());
  PITSER_CHECK(WriteAuditState(*again) == written);
}

}  // namespace

PITSER_FUZZ_TARGET(audit_state) {
  Check(ledger::AsText(input));
  Check(WithChecksum(ledger::AsText(input)));
}

}  // namespace pitser::fuzz
