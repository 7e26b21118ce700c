#include "client/fork_proof.h"
#include "ledger/base/check.h"
#include "tests/fuzz/checked_text.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/trust.h"

namespace pitser::fuzz {
namespace {

void Check(std::string_view text) {
  const auto proof = client::ParseForkProof(text);
  if (!proof.ok()) {
    PITSER_CHECK(proof.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  const std::string written = WriteForkProof(*proof);
  const auto again = client::ParseForkProof(written);
  PITSER_CHECK(again.ok() && WriteForkProof(*again) == written);
  PITSER_CHECK(CheckFork(*again) == CheckFork(*proof));
  for (const client::ForkSide& side : proof->sides) {
    PITSER_CHECK(!side.chain.links.empty());
    const client::Vouching vouching = client::CheckRecord(side.record, &*FuzzTrust().publications);
    PITSER_CHECK(!side.record.empty() || vouching == client::Vouching::kNoRecord);
  }
}

}  // namespace

PITSER_FUZZ_TARGET(fork_proof) {
  Check(ledger::AsText(input));
  Check(WithChecksum(ledger::AsText(input)));
}

}  // namespace pitser::fuzz
