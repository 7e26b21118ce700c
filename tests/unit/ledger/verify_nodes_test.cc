// The format does not tell a document from a node: what docs/trust.md says of it is true.

#include <gtest/gtest.h>

#include <vector>

#include "ledger/crypto/hasher.h"
#include "ledger/format/calendar_chain.h"
#include "ledger/format/node_encoding.h"
#include "ledger/verify/verifier.h"
#include "tests/support/signature_maker.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using testing::LinkRecipe;
using testing::MakeSignature;
using testing::SignatureRecipe;
using testing::ValueOf;

ByteVector NodeOf(LinkDirection direction, Bytes own, Bytes sibling, Level level) {
  ByteVector node;
  Append(node, direction == LinkDirection::kLeft ? own : sibling);
  Append(node, direction == LinkDirection::kLeft ? sibling : own);
  node.push_back(level);
  return node;
}

VerificationResult ByKey(const Signature& signature, Bytes document) {
  static const PublicationsFile file =
      testing::MakePublicationsFile({testing::TestTrust::Get().calendar_record()}, {});
  return ValueOf(Verify(Policy::kKeyBased, {.signature = signature,
                                            .document_hash = ValueOf(Hash(
                                                signature.input_hash().algorithm(), {document})),
                                            .publications_file = &file}));
}

// From a signature alone: each link that is left away makes the node above it a document.
TEST(NodesAsDocuments, EachNodeBelowTheAggregationRootVerifies) {
  SignatureRecipe recipe = testing::SingleNodeRecipe();
  const PublicationData root = testing::PublicationOf(MakeSignature(recipe));
  std::size_t nodes = 0;
  while (recipe.chains[0].links.size() > 1) {
    std::vector<LinkRecipe>& links = recipe.chains[0].links;
    const LinkRecipe lowest = links.front();
    const auto level = static_cast<Level>(lowest.level_correction + 1);
    const ByteVector document =
        NodeOf(lowest.direction, recipe.document_hash.bytes(), lowest.sibling, level);
    EXPECT_TRUE(IsNodeEncoding(document)) << document.size();
    links.erase(links.begin());
    links.front().level_correction = static_cast<Level>(links.front().level_correction + level);
    recipe.document_hash = ValueOf(Hash(HashAlgorithm::kSha256, {document}));
    const Signature made = MakeSignature(recipe);
    EXPECT_EQ(testing::PublicationOf(made), root);  // Nobody was asked for it.
    EXPECT_EQ(ByKey(made, document).outcome, Outcome::kOk);
    EXPECT_TRUE(made.Identities().empty());  // The account was in the first link.
    ++nodes;
  }
  EXPECT_GT(nodes, 5u);
}

// A sibling is as good as the way itself, for whoever knows what it is the hash of.
TEST(NodesAsDocuments, SoDoesASiblingWhoseContentIsKnown) {
  SignatureRecipe recipe = testing::SingleNodeRecipe();
  const PublicationData root = testing::PublicationOf(MakeSignature(recipe));
  std::vector<LinkRecipe>& links = recipe.chains[0].links;
  const ByteVector account =
      NodeOf(links[0].direction, recipe.document_hash.bytes(), links[0].sibling, 1);
  const Imprint own = ValueOf(Hash(HashAlgorithm::kSha256, {account}));
  // The other way round at the link above, whose sibling is the hash of "tree 0".
  links.erase(links.begin());
  links.front().direction = links.front().direction == LinkDirection::kLeft ? LinkDirection::kRight
                                                                            : LinkDirection::kLeft;
  links.front().sibling = ToVector(own.bytes());
  links.front().level_correction = static_cast<Level>(links.front().level_correction + 1);
  recipe.document_hash = testing::SomeImprint("tree 0");
  const Signature made = MakeSignature(recipe);
  EXPECT_EQ(testing::PublicationOf(made), root);
  EXPECT_EQ(ByKey(made, AsBytes("tree 0")).outcome, Outcome::kOk);
}

// The calendar's shape is the time, and no node of it has that of a leaf.
TEST(NodesAsDocuments, NoNodeOfTheCalendarVerifies) {
  const SignatureRecipe recipe = testing::PublishedRecipe();
  const Signature signature = MakeSignature(recipe);
  const CalendarHashChain& chain = *signature.calendar_chain();
  Imprint node = chain.input_hash;
  for (std::size_t cut = 1; cut + 1 < chain.links.size(); ++cut) {
    const CalendarLink& below = chain.links[cut - 1];
    const ByteVector document = NodeOf(below.direction, node.bytes(), below.sibling.bytes(), 0xFF);
    EXPECT_TRUE(IsNodeEncoding(document));
    node = ValueOf(Hash(HashAlgorithm::kSha256, {document}));
    // An aggregation link of level 255 is a step of the calendar; what is left of the calendar hash
    // chain has no leaf's shape.
    SignatureRecipe forged = recipe;
    forged.document_hash = node;
    forged.chains.resize(1);
    forged.chains[0].links = {{chain.links[cut].direction, SiblingKind::kImprint, 254,
                               ToVector(chain.links[cut].sibling.bytes())}};
    forged.calendar->links = CalendarLinks(
        chain.links.begin() + static_cast<std::ptrdiff_t>(cut) + 1, chain.links.end());
    if (forged.calendar->links->empty()) break;
    const Signature made = MakeSignature(forged);
    EXPECT_EQ(testing::PublicationOf(made), signature.publication_record()->data);
    EXPECT_EQ(ByKey(made, document).code, ErrorCode::kInt05) << cut;
  }
}

}  // namespace
}  // namespace pitser::ledger
