#include "tests/support/batch_maker.h"

#include "ledger/tree/hash_tree.h"
#include "tests/support/signature_maker.h"
#include "tests/support/value_of.h"

namespace pitser::testing {

using ledger::AggregationHashChain;
using ledger::HashAlgorithm;
using ledger::LeveledImprint;

namespace {

// The signature of the first hash, whose lowest chain is `links`, if there are any.
ledger::Signature SignFirst(const ledger::Imprint& hash, const ledger::AggregationLinks& links,
                            std::uint64_t time) {
  SignatureRecipe recipe = SingleNodeRecipe();
  recipe.document_hash = hash;
  recipe.time = time;
  recipe.calendar->publication_time = time;
  if (!links.empty()) {
    ChainRecipe lowest;
    for (const ledger::AggregationLink& link : links) {
      lowest.links.push_back(
          {link.direction, link.kind, link.level_correction, ledger::ToVector(link.sibling)});
    }
    recipe.chains.insert(recipe.chains.begin(), std::move(lowest));
  }
  return MakeSignature(recipe);
}

}  // namespace

MadeBatch MakeBatch(std::span<const ledger::Imprint> hashes, std::uint64_t time) {
  std::vector<LeveledImprint> leaves;
  for (const ledger::Imprint& hash : hashes) leaves.push_back({hash, 0});
  const auto tree = ValueOf(ledger::HashTree::Build(HashAlgorithm::kSha256, leaves));
  ledger::AggregationLinks first_links;
  tree.AppendLinks(0, first_links);
  const ledger::Signature first = SignFirst(hashes.front(), first_links, time);

  MadeBatch batch;
  constexpr std::size_t kOuterHeader = 4;
  const bool single = hashes.size() == 1;
  const std::size_t part_size = single ? 0 : first.aggregation_chains().front().raw.size();
  batch.tail = ledger::ToVector(first.bytes().subspan(kOuterHeader + part_size));
  if (single) {
    batch.parts.emplace_back();
    return batch;
  }
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    AggregationHashChain chain{.aggregation_time = time,
                               .index = first.aggregation_chains().back().index,
                               .input_hash = hashes[i],
                               .algorithm = HashAlgorithm::kSha256,
                               .links = {},
                               .raw = {}};
    tree.AppendLinks(i, chain.links);
    chain.index.push_back(ValueOf(ledger::ShapeOf(chain.links)));
    WriteAggregationHashChain(batch.parts.emplace_back(), chain);
  }
  return batch;
}

}  // namespace pitser::testing
