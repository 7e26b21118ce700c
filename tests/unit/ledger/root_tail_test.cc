#include "ledger/tree/root_tail.h"

#include <vector>

#include "ledger/format/tlv.h"
#include "ledger/tree/local_block.h"
#include "ledger/verify/shared_tail.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"

namespace pitser::ledger {
namespace {

using testing::SomeImprint;
using testing::StatusIs;
using testing::ValueOf;

// A signature of a root of `level`, of two chains or, as from a single node, of one.
Signature SignRoot(const LeveledImprint& root, bool single_node) {
  testing::SignatureRecipe recipe =
      single_node ? testing::SingleNodeRecipe() : testing::AuthenticatedRecipe();
  recipe.document_hash = root.imprint;
  recipe.chains.front().links.front().level_correction = root.level;
  return testing::MakeSignature(recipe);
}

Outcome VerifyLeaf(const RootTail& tail, const LocalBlock& block, std::size_t index,
                   const Imprint& hash, Level level) {
  ChainWriter chains = block.Chains(tail.aggregation_time, tail.above);
  const Bytes part = chains.Write(index, block.parts(index));
  SharedTail shared(tail.bytes);
  const Signature whole = ValueOf(Signature::Parse(ValueOf(shared.Assemble(part))));
  EXPECT_EQ(whole.aggregation_chains().front().index.size(), tail.above.size() + 1);
  return ValueOf(Verify(Policy::kInternal,
                        {.signature = whole, .document_hash = hash, .input_level = level}))
      .outcome;
}

TEST(TailOfRoot, CarriesTheSignaturesOfEveryLeaf) {
  for (const bool single_node : {true, false}) {
    for (const bool masked : {true, false}) {
      std::optional<Masking> masking;
      if (masked) {
        masking = {.iv = ByteVector(32, 3), .previous = Imprint::Zero(HashAlgorithm::kSha256)};
      }
      LocalBlockBuilder builder =
          ValueOf(LocalBlockBuilder::Create({.masking = std::move(masking)}));
      const Level levels[] = {0, 0, 7, 0, 1};
      for (const Level level : levels) {
        const Imprint hash = SomeImprint(std::to_string(builder.size()));
        PITSER_ASSERT_OK(builder.Add({.hash = hash, .level = level}));
      }
      const LocalBlock block = ValueOf(builder.Build());
      const Signature root = SignRoot(block.root(), single_node);
      PITSER_ASSERT_OK_AND_ASSIGN(const RootTail tail, TailOfRoot(root, block.root().level));
      EXPECT_EQ(tail.aggregation_time, root.signing_time());
      for (std::size_t i = 0; i < block.size(); ++i) {
        const Imprint hash = SomeImprint(std::to_string(i));
        EXPECT_EQ(VerifyLeaf(tail, block, i, hash, levels[i]), Outcome::kOk);
      }
    }
  }
}

TEST(TailOfRoot, DiffersByTheFirstLevelCorrectionOnly) {
  const LeveledImprint node{SomeImprint("root"), 5};
  const Signature root = SignRoot(node, false);
  const Bytes all = root.bytes().subspan(4);
  PITSER_ASSERT_OK_AND_ASSIGN(const RootTail same, TailOfRoot(root, 0));
  EXPECT_TRUE(Equal(same.bytes, all));
  // The element with the correction, 01 01 05, is gone; another one would have stayed.
  PITSER_ASSERT_OK_AND_ASSIGN(const RootTail none, TailOfRoot(root, 5));
  EXPECT_EQ(none.bytes.size(), all.size() - 3);
  PITSER_ASSERT_OK_AND_ASSIGN(const RootTail some, TailOfRoot(root, 3));
  EXPECT_EQ(some.bytes.size(), all.size());
  std::size_t differing = 0;
  for (std::size_t i = 0; i < all.size(); ++i) differing += some.bytes[i] == all[i] ? 0 : 1;
  EXPECT_EQ(differing, 1u);
}

TEST(TailOfRoot, KeepsWhatItDoesNotKnowByteForByte) {
  // A non-critical child in the first link and one in the chain, each of a type that means nothing.
  const Signature root = SignRoot({SomeImprint("root"), 5}, true);
  const AggregationHashChain& lowest = root.aggregation_chains().front();
  const TlvFlags flags{.non_critical = true, .forward = true};
  constexpr std::uint8_t kStrange[] = {1, 2, 3};
  ByteVector chain;
  const std::size_t begun = BeginNested(chain, kAggregationHashChainTag);
  TlvReader outer(lowest.raw);
  const Element element = ValueOf(outer.Next());
  bool first = true;
  TlvReader reader(element);
  while (!reader.done()) {
    const Element child = ValueOf(reader.Next());
    if (child.type == 0x07 && first) {
      ByteVector link = ToVector(child.value);
      WriteElement(link, 0x1D, kStrange, flags);
      WriteElement(chain, child.type, link);
      first = false;
    } else {
      Append(chain, child.raw);
    }
  }
  ASSERT_FALSE(first);
  WriteElement(chain, 0x1C, kStrange, flags);
  EndNested(chain, begun);
  ByteVector rest = ToVector(root.bytes().subspan(4 + lowest.raw.size()));
  const std::vector<Bytes> elements = {chain, rest};
  const Signature strange = ValueOf(Signature::Parse(ValueOf(AssembleSignature(elements))));

  PITSER_ASSERT_OK_AND_ASSIGN(const RootTail tail, TailOfRoot(strange, 5));
  EXPECT_EQ(tail.bytes.size(), chain.size() - 3 + rest.size());
  PITSER_ASSERT_OK_AND_ASSIGN(const RootTail other, TailOfRoot(strange, 4));
  EXPECT_EQ(other.bytes.size(), chain.size() + rest.size());
  const std::string_view text = AsText(other.bytes);
  const std::string strange_link("\x7d\x03\x01\x02\x03");
  const std::string strange_child("\x7c\x03\x01\x02\x03");
  EXPECT_NE(text.find(strange_link), std::string_view::npos);
  EXPECT_NE(text.find(strange_child), std::string_view::npos);
}

TEST(TailOfRoot, RefusesASignatureOfALowerNode) {
  const Signature root = SignRoot({SomeImprint("root"), 5}, true);
  EXPECT_THAT(TailOfRoot(root, 6), StatusIs(absl::StatusCode::kInvalidArgument, "not of level 6"));
}

TEST(TailOfRoot, RefusesASignatureFromRfc3161) {
  testing::SignatureRecipe recipe = testing::AuthenticatedRecipe();
  recipe.rfc3161.emplace();
  EXPECT_THAT(TailOfRoot(testing::MakeSignature(recipe), 0),
              StatusIs(absl::StatusCode::kFailedPrecondition, "RFC 3161"));
}

}  // namespace
}  // namespace pitser::ledger
