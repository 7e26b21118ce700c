// One named piece of work on fixed inputs, counted by callgrind: scripts/instructions runs this.
//   valgrind --tool=callgrind --instr-atstart=no build/release/bin/pitser_instructions tree

#include <gnu/libc-version.h>
#include <openssl/crypto.h>
#include <valgrind/callgrind.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/config.h"
#include "base/log.h"
#include "bench/numbered_imprint.h"
#include "ledger/base/check.h"
#include "ledger/crypto/sha256_short.h"
#include "ledger/format/fold.h"
#include "ledger/format/signature.h"
#include "ledger/tree/hash_tree.h"
#include "ledger/verify/shared_tail.h"
#include "tests/support/signature_maker.h"
#include "tests/support/test_node.h"

namespace pitser::bench {
namespace {

using ledger::HashAlgorithm;
using ledger::Imprint;
using ledger::Signature;

void Print(const nlohmann::json& line) { std::printf("%s\n", line.dump().c_str()); }

// Does the work twice: first for what happens only once (digests are fetched, memory comes from the
// system), then counted, in all threads: collecting would be switched for this thread alone.
void Count(std::string_view item, std::size_t items, const std::function<void()>& work) {
  work();
  CALLGRIND_START_INSTRUMENTATION;
  work();
  CALLGRIND_STOP_INSTRUMENTATION;
  Print({{"item", item}, {"items", items}});
}

void Tree() {
  constexpr std::size_t kLeaves = 1 << 14;
  ledger::ByteVector digests;
  for (std::size_t i = 0; i < kLeaves; ++i) ledger::Append(digests, NumberedImprint(i).digest());
  std::optional<ledger::HashTree> tree;
  Count("leaf", kLeaves,
        [&] { tree = *ledger::HashTree::BuildFromDigests(HashAlgorithm::kSha256, digests); });
  ledger::AggregationLinks links;
  for (const std::size_t i : {std::size_t{0}, kLeaves / 3, kLeaves - 1}) {
    links.clear();
    tree->AppendLinks(i, links);
    PITSER_CHECK(*ledger::FoldAggregationLinks(HashAlgorithm::kSha256, links, NumberedImprint(i),
                                               0) == tree->root());
  }
}

// One as a single node signs, and one of two chains, extended to a publication.
std::vector<Signature> Signatures() {
  std::vector<Signature> signatures;
  signatures.push_back(testing::MakeSignature(testing::SingleNodeRecipe()));
  signatures.push_back(testing::MakeSignature(testing::PublishedRecipe()));
  return signatures;
}

constexpr std::size_t kTimes = 1'000;

// Chain by chain, and as the verifier does, side by side.
void Fold() {
  const std::vector<Signature> signatures = Signatures();
  std::size_t links = 0;
  for (const Signature& signature : signatures) {
    for (const auto& chain : signature.aggregation_chains()) links += 2 * chain.links.size();
    links += 2 * signature.calendar_chain()->links.size();
  }
  Count("link", kTimes * links, [&] {
    for (std::size_t i = 0; i < kTimes; ++i) {
      for (const Signature& signature : signatures) {
        const ledger::CalendarHashChain& calendar = *signature.calendar_chain();
        const auto root = signature.AggregationRoot();
        PITSER_CHECK(root.ok() && root->imprint == calendar.input_hash);
        const auto calendar_root = ledger::FoldCalendarLinks(root->imprint, calendar.links);
        const auto both = ledger::FoldSideBySide(signature.aggregation_chains(), calendar);
        PITSER_CHECK(both && both->outputs.back() == *root &&
                     both->calendar_root == *calendar_root);
      }
    }
  });
  // The last is a published one.
  PITSER_CHECK(testing::PublicationOf(signatures.back()) ==
               signatures.back().publication_record()->data);
}

void Parse() {
  const std::vector<Signature> signatures = Signatures();
  Count("signature", kTimes * signatures.size(), [&] {
    for (std::size_t i = 0; i < kTimes; ++i) {
      for (const Signature& signature : signatures) {
        const auto parsed = Signature::Parse(ledger::ToVector(signature.bytes()));
        PITSER_CHECK(parsed.ok() && parsed->input_hash() == signature.input_hash());
      }
    }
  });
}

using Answers = std::vector<std::optional<server::SignAnswer>>;

class KeptRequest final : public server::PendingRequest {
 public:
  KeptRequest(const Imprint& hash, std::optional<server::SignAnswer>& answer)
      : PendingRequest(hash, 0, "anonymous", absl::InfiniteFuture()), answer_(answer) {}
  void Answer(absl::StatusOr<server::SignAnswer> answer) override { answer_ = *std::move(answer); }

 private:
  std::optional<server::SignAnswer>& answer_;
};

// Core and aggregator, as in round_bench.cc: no gRPC, the calendar is in memory, the clock is moved
// on by hand.
void Round() {
  base::ScopedLogSink no_log([](std::string_view) {});
  testing::TestNode node;
  std::vector<Imprint> hashes;
  for (std::uint64_t i = 0; i < 10'000; ++i) hashes.push_back(NumberedImprint(i));
  Answers answers(hashes.size());
  Count("request", hashes.size(), [&] {
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      std::unique_ptr<server::PendingRequest> request =
          std::make_unique<KeptRequest>(hashes[i], answers[i]);
      PITSER_CHECK(node.aggregator().Enqueue(request).ok());
    }
    node.Pass(absl::Seconds(1));
  });
  ledger::SharedTail tail(answers.front()->seal->tail);
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    PITSER_CHECK(answers[i]->seal == answers.front()->seal);
    const auto result = tail.Verify(answers[i]->own, hashes[i], 0);
    PITSER_CHECK(result.ok() && result->outcome == ledger::Outcome::kOk);
  }
}

// What the counts depend on, besides our own code.
void About() {
#if defined(__clang__)
  const std::string compiler =
      "clang " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__);
#else
  const std::string compiler = "gcc " __VERSION__;
#endif
  Print({{"abseil", std::to_string(ABSL_LTS_RELEASE_VERSION)},
         {"architecture", PITSER_ARCHITECTURE},
         {"build", PITSER_BUILD_TYPE},
         {"compiler", compiler},
         {"glibc", gnu_get_libc_version()},
         {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
         // A valgrind that knows the processor's own would have us take another path.
         {"sha256", ledger::internal::HasSha256Instructions() ? "instructions" : "libcrypto"}});
}

int Main(int count, char** arguments) {
  const std::map<std::string_view, std::function<void()>> pieces = {
      {"about", About}, {"fold", Fold}, {"parse", Parse}, {"round", Round}, {"tree", Tree}};
  const auto piece = pieces.find(count == 2 ? arguments[1] : "");
  if (piece == pieces.end()) {
    std::fprintf(stderr, "usage: pitser_instructions about|fold|parse|round|tree\n");
    return 2;
  }
  piece->second();
  return 0;
}

}  // namespace
}  // namespace pitser::bench

int main(int count, char** arguments) { return pitser::bench::Main(count, arguments); }
