#include "tests/property/drawn_round.h"

#include <algorithm>
#include <string>
#include <utility>

#include "ledger/format/aggregation_chain.h"
#include "ledger/format/signature.h"
#include "ledger/format/tlv.h"
#include "ledger/tree/hash_tree.h"
#include "tests/support/signature_maker.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::testing {
namespace {

using ledger::AsBytes;
using ledger::ByteVector;
using ledger::HashAlgorithm;
using ledger::Imprint;
using ledger::Level;
using ledger::LeveledImprint;
using ledger::LinkDirection;

bool OneIn(std::mt19937& random, unsigned count) { return random() % count == 0; }

HashAlgorithm DrawAlgorithm(std::mt19937& random) {
  constexpr HashAlgorithm kOthers[] = {HashAlgorithm::kSha512, HashAlgorithm::kSha384,
                                       HashAlgorithm::kSha1};
  return OneIn(random, 4) ? kOthers[random() % 3] : HashAlgorithm::kSha256;
}

// What is drawn of a round before anything is computed.
struct Plan {
  SignatureRecipe recipe;  // Of the first leaf, without the chains of the part.
  HashAlgorithm algorithm;
  bool with_metadata;  // A chain of its own below the tree's.
  std::vector<LeveledImprint> leaves;
};

// What can be drawn about a signature that is right.
SignatureRecipe DrawRecipe(std::mt19937& random) {
  SignatureRecipe recipe = OneIn(random, 2) ? AuthenticatedRecipe() : PublishedRecipe();
  // A key's word is not looked at here, and takes a millisecond to give.
  recipe.authentication.signature_value = ByteVector(256, 7);
  const ChainRecipe lower = recipe.chains.front();
  recipe.chains.erase(recipe.chains.begin());
  if (OneIn(random, 3)) recipe.chains.clear();
  if (OneIn(random, 4)) recipe.chains.insert(recipe.chains.begin(), lower);
  if (OneIn(random, 6)) recipe.record = Record::kNone;
  if (recipe.record == Record::kNone && OneIn(random, 2)) recipe.calendar.reset();
  if (OneIn(random, 3)) {
    recipe.rfc3161 = Rfc3161Recipe{.tst_info_algorithm = DrawAlgorithm(random),
                                   .signed_attributes_algorithm = DrawAlgorithm(random),
                                   .output_algorithm = DrawAlgorithm(random),
                                   .time = {},
                                   .index = {}};
    if (OneIn(random, 8)) recipe.rfc3161->time = recipe.time + 1;
    if (OneIn(random, 8)) recipe.rfc3161->index = ledger::ChainIndex{3};
  }
  return recipe;
}

// Where the record leads.
Imprint ConvertedInput(SignatureRecipe recipe) {
  recipe.chains = SingleNodeRecipe().chains;
  return MakeSignature(recipe).aggregation_chains().front().input_hash;
}

Plan DrawPlan(std::mt19937& random) {
  Plan plan{.recipe = DrawRecipe(random),
            .algorithm = DrawAlgorithm(random),
            .with_metadata = OneIn(random, 3),
            .leaves = {}};
  const std::string label = "leaf " + std::to_string(random()) + " ";
  const std::size_t count = 2 + random() % 8;
  for (std::size_t i = 0; i < count; ++i) {
    plan.leaves.push_back({SomeImprint(label + std::to_string(i), DrawAlgorithm(random)),
                           static_cast<Level>(OneIn(random, 4) ? random() % 4 : 0)});
  }
  if (plan.recipe.rfc3161.has_value()) plan.leaves[0] = {ConvertedInput(plan.recipe), 0};
  return plan;
}

// The chains of each leaf's part, lowest first.
std::vector<std::vector<ChainRecipe>> ChainsOf(const Plan& plan) {
  std::vector<std::vector<ChainRecipe>> chains(plan.leaves.size());
  std::vector<LeveledImprint> nodes = plan.leaves;
  for (std::size_t i = 0; plan.with_metadata && i < nodes.size(); ++i) {
    ChainRecipe& chain = chains[i].emplace_back();
    chain.links = {MetadataLink({"anna", std::nullopt, i, std::nullopt})};
    chain.links[0].level_correction = nodes[i].level;
    nodes[i] = ValueOf(ledger::FoldAggregationLinks(
        chain.algorithm,
        std::vector<ledger::AggregationLink>{{LinkDirection::kLeft, ledger::SiblingKind::kMetadata,
                                              nodes[i].level, chain.links[0].sibling}},
        nodes[i].imprint, 0));
  }
  const auto tree = ValueOf(ledger::HashTree::Build(plan.algorithm, nodes));
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    ledger::AggregationLinks links;
    tree.AppendLinks(i, links);
    ChainRecipe& chain = chains[i].emplace_back();
    chain.algorithm = plan.algorithm;
    for (const ledger::AggregationLink& link : links) {
      chain.links.push_back(
          {link.direction, link.kind, link.level_correction, ledger::ToVector(link.sibling)});
    }
    // The level of a leaf, or of the node over its metadata, is carried by the first link.
    if (!plan.with_metadata) {
      const unsigned raised = chain.links[0].level_correction + nodes[i].level;
      chain.links[0].level_correction = static_cast<Level>(raised);
    }
  }
  return chains;
}

std::vector<ByteVector> ElementsOf(const ByteVector& signature) {
  std::vector<ByteVector> elements;
  ledger::TlvReader outer(signature);
  ledger::TlvReader reader(ValueOf(outer.Next()));
  while (!reader.done()) elements.push_back(ledger::ToVector(ValueOf(reader.Next()).raw));
  return elements;
}

ByteVector Join(std::span<const ByteVector> elements) {
  ByteVector joined;
  for (const ByteVector& element : elements) ledger::Append(joined, element);
  return joined;
}

void Harm(std::vector<ByteVector>& elements, std::mt19937& random) {
  const auto any = [&] {
    return elements.begin() + static_cast<std::ptrdiff_t>(random() % (elements.size() + 1));
  };
  switch (random() % 5) {
    case 0:
      if (const auto at = any(); at != elements.end()) elements.erase(at);
      break;
    case 1:
      std::shuffle(elements.begin(), elements.end(), random);
      break;
    case 2:
      if (elements.empty()) break;
      elements.push_back(elements[random() % elements.size()]);
      break;
    case 3:
      elements.insert(any(), DrawElement(random));
      break;
    default:
      if (elements.empty()) break;
      ByteVector& hit = elements[random() % elements.size()];
      hit[random() % hit.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
  }
}

// Spec 3.11: read, and never used.
ByteVector AggregationAuthenticationRecord() {
  ByteVector data, value, element;
  ledger::WriteText(data, 0x01, ledger::kRsaSha256Oid);
  ledger::WriteElement(data, 0x02, AsBytes("signature"));
  ledger::WriteElement(data, 0x03, AsBytes("ident"));
  ledger::WriteInt(value, 0x02, kTestTime);
  ledger::WriteInt(value, 0x03, 5);
  ledger::WriteImprint(value, 0x05, SomeImprint("pitser"));
  ledger::WriteElement(value, 0x0B, data);
  ledger::WriteElement(element, 0x804, value);
  return element;
}

}  // namespace

ByteVector DrawElement(std::mt19937& random) {
  const auto choice = random() % 5;
  if (choice == 0) return AggregationAuthenticationRecord();
  if (choice <= 2) {
    ByteVector stranger;
    ledger::WriteElement(stranger, random() % 2 == 0 ? 0x807 : 0x1F, AsBytes("?"),
                         {.non_critical = choice == 1, .forward = random() % 2 == 0});
    return stranger;
  }
  SignatureRecipe recipe = DrawRecipe(random);
  if (recipe.chains.empty()) recipe.chains = SingleNodeRecipe().chains;
  const std::vector<ByteVector> elements = ElementsOf(MakeSignatureBytes(recipe));
  return elements[random() % elements.size()];
}

DrawnRound DrawRound(std::mt19937& random) {
  const Plan plan = DrawPlan(random);
  const auto chains = ChainsOf(plan);
  DrawnRound round;
  if (plan.recipe.rfc3161.has_value()) round.converted = plan.recipe.document_hash;
  for (std::size_t i = 0; i < plan.leaves.size(); ++i) {
    SignatureRecipe recipe = plan.recipe;
    if (i > 0) recipe.rfc3161.reset();  // The record leads to the first alone.
    if (!recipe.rfc3161.has_value()) recipe.document_hash = plan.leaves[i].imprint;
    recipe.chains.insert(recipe.chains.begin(), chains[i].begin(), chains[i].end());
    std::vector<ByteVector> elements = ElementsOf(MakeSignatureBytes(recipe));
    const auto cut = static_cast<std::ptrdiff_t>(chains[i].size());
    round.leaves.push_back({.hash = plan.leaves[i].imprint,
                            .level = plan.leaves[i].level,
                            .part = Join(std::span(elements).first(chains[i].size()))});
    if (i > 0) continue;
    elements.erase(elements.begin(), elements.begin() + cut);
    for (auto harms = random() % 4; harms > 1; --harms) Harm(elements, random);
    round.tail = Join(elements);
  }
  return round;
}

}  // namespace pitser::testing
