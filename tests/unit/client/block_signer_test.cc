#include "client/block_signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "client/client.h"
#include "ledger/verify/verifier.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"
#include "tests/support/value_of.h"
#include "tests/unit/client/fake_signer.h"

namespace pitser::client {
namespace {

using ledger::Imprint;
using ledger::Signature;
using testing::SomeImprint;
using testing::StatusIs;
using testing::ValueOf;

class BlockSignerTest : public ::testing::Test {
 protected:
  BlockSignerTest() {
    server_.limits.set_max_level(200);
    server_.on_sign = [this](const v1::SignRequest& request, v1::SignResponse& response) {
      const base::MutexLock lock(mu_);
      levels_.push_back(request.level());
      if (!refusal_.ok()) return refusal_;
      testing::SignatureRecipe recipe = testing::SingleNodeRecipe();
      recipe.document_hash = ValueOf(Imprint::Parse(ledger::AsBytes(request.imprint())));
      if (wrong_) recipe.document_hash = SomeImprint("another");
      recipe.chains.front().links.front().level_correction =
          static_cast<ledger::Level>(request.level());
      response.set_signature(ledger::ToString(testing::MakeSignatureBytes(recipe)));
      response.set_aggregation_time(recipe.time);
      return grpc::Status::OK;
    };
  }

  std::unique_ptr<BlockSigner> MakeSigner(BlockSignerOptions options = {}) {
    if (client_ == nullptr) {
      ClientOptions client;
      client.channel.endpoint = server_.endpoint();
      client.retry.max_attempts = 1;
      client_ = ValueOf(Client::Create(std::move(client)));
    }
    return ValueOf(BlockSigner::Create(*client_, std::move(options)));
  }

  // The levels of the roots that the server was sent, one for each call.
  std::vector<std::uint32_t> levels() {
    const base::MutexLock lock(mu_);
    return levels_;
  }

  static std::vector<BlockLeaf> Leaves(int count) {
    std::vector<BlockLeaf> leaves;
    for (int i = 0; i < count; ++i) leaves.push_back({.hash = SomeImprint(std::to_string(i))});
    return leaves;
  }

  static void ExpectVerifies(ledger::Bytes bytes, const BlockLeaf& leaf) {
    const Signature signature = ValueOf(Signature::Parse(ledger::ToVector(bytes)));
    for (const ledger::Policy policy : {ledger::Policy::kInternal, ledger::Policy::kKeyBased}) {
      static const auto* const kTrusted = new ledger::PublicationsFile(
          testing::MakePublicationsFile({testing::TestTrust::Get().calendar_record()}, {}));
      const auto result = ValueOf(ledger::Verify(policy, {.signature = signature,
                                                          .document_hash = leaf.hash,
                                                          .input_level = leaf.level,
                                                          .user_publication = {},
                                                          .publications_file = kTrusted,
                                                          .extend = {}}));
      EXPECT_EQ(result.outcome, ledger::Outcome::kOk) << ledger::ErrorCodeName(result.code);
    }
  }

  base::Mutex mu_;
  std::vector<std::uint32_t> levels_ PITSER_GUARDED_BY(mu_);
  grpc::Status refusal_;  // Set while no call is made.
  bool wrong_ = false;
  testing::FakeSigner server_;
  std::unique_ptr<Client> client_;
};

TEST_F(BlockSignerTest, SignsAnyNumberOfLeavesByOneCall) {
  for (const int count : {1, 2, 3, 7, 8, 1000, 3000}) {
    const auto signer = MakeSigner();
    const std::size_t calls = levels().size();
    const std::vector<BlockLeaf> leaves = Leaves(count);
    std::size_t visited = 0;
    PITSER_ASSERT_OK(signer->SignLeaves(leaves, [&](std::size_t index, ledger::Bytes signature) {
      EXPECT_EQ(index, visited++);
      if (count < 10 || index % 97 == 0) ExpectVerifies(signature, leaves[index]);
      return absl::OkStatus();
    }));
    EXPECT_EQ(visited, leaves.size());
    EXPECT_EQ(levels().size(), calls + 1);
  }
}

TEST_F(BlockSignerTest, MakesSeveralTreesWhereOneIsNotEnough) {
  const auto signer = MakeSigner({.max_leaves = 4});
  const std::vector<BlockLeaf> leaves = Leaves(10);
  std::map<std::size_t, ledger::ByteVector> signatures;
  PITSER_ASSERT_OK(signer->SignLeaves(leaves, [&](std::size_t index, ledger::Bytes signature) {
    signatures[index] = ledger::ToVector(signature);
    return absl::OkStatus();
  }));
  EXPECT_EQ(levels(), (std::vector<std::uint32_t>{3, 3, 2}));
  ASSERT_EQ(signatures.size(), 10u);
  for (const auto& [index, signature] : signatures) ExpectVerifies(signature, leaves[index]);
}

TEST_F(BlockSignerTest, NeverSendsARootThatIsHigherThanTheServerTakes) {
  server_.limits.set_max_level(3);
  const auto signer = MakeSigner();
  std::vector<BlockLeaf> leaves = Leaves(9);
  leaves[5].client_id = "anna";  // One level more.
  leaves[8].level = 1;
  PITSER_ASSERT_OK(signer->SignLeaves(leaves, [&](std::size_t index, ledger::Bytes signature) {
    ExpectVerifies(signature, leaves[index]);
    return absl::OkStatus();
  }));
  for (const std::uint32_t level : levels()) EXPECT_LE(level, 3u);
  EXPECT_EQ(levels().size(), 3u);

  BlockLeaf high{.hash = SomeImprint("high"), .level = 3};
  EXPECT_FALSE(signer->Fits(high));
  EXPECT_THAT(signer->Add(high), StatusIs(absl::StatusCode::kResourceExhausted, "level 4"));
}

TEST_F(BlockSignerTest, NeedsAServerThatTakesTrees) {
  MakeSigner();
  server_.limits.set_max_level(0);
  EXPECT_THAT(BlockSigner::Create(*client_, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, "max_level"));
  EXPECT_THAT(BlockSigner::Create(*client_, {.max_leaves = kMaxBlockLeaves + 1}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(BlockSignerTest, MasksWithRandomnessThatIsHandedIn) {
  int asked = 0;
  const auto counting = [&asked](std::span<std::uint8_t> out) {
    ++asked;
    std::iota(out.begin(), out.end(), static_cast<std::uint8_t>(asked));
  };
  const auto signer = MakeSigner({.max_leaves = 2, .random = counting});
  for (const BlockLeaf& leaf : Leaves(2)) PITSER_ASSERT_OK(signer->Add(leaf));
  const SignedBlock first = ValueOf(signer->Sign());
  ASSERT_TRUE(first.masking().has_value());
  EXPECT_EQ(first.masking()->iv.front(), 1);
  EXPECT_EQ(first.masking()->previous, Imprint::Zero(ledger::HashAlgorithm::kSha256));
  for (const BlockLeaf& leaf : Leaves(2)) PITSER_ASSERT_OK(signer->Add(leaf));
  const SignedBlock second = ValueOf(signer->Sign());
  EXPECT_EQ(second.masking()->iv.front(), 2);                        // Another for each tree,
  EXPECT_EQ(second.masking()->previous, first.block().last_node());  // and the masks go on.

  // Without a say of the caller's, two signers differ.
  const auto a = MakeSigner();
  const auto b = MakeSigner();
  PITSER_ASSERT_OK(a->Add(Leaves(1).front()));
  PITSER_ASSERT_OK(b->Add(Leaves(1).front()));
  EXPECT_NE(ValueOf(a->Sign()).masking()->iv, ValueOf(b->Sign()).masking()->iv);
}

TEST_F(BlockSignerTest, HasNoMasksWhenToldSo) {
  const auto signer = MakeSigner({.masks = false});
  const BlockLeaf leaf = Leaves(1).front();
  PITSER_ASSERT_OK(signer->Add(leaf));
  const SignedBlock block = ValueOf(signer->Sign());
  EXPECT_FALSE(block.masking().has_value());
  // A single leaf is the root, and its signature the root's own.
  const ledger::ByteVector signature = ValueOf(block.SignatureOf(0));
  EXPECT_TRUE(ledger::Equal(signature, block.root().bytes()));
  EXPECT_EQ(levels(), std::vector<std::uint32_t>{0});
  ExpectVerifies(signature, leaf);
}

TEST_F(BlockSignerTest, PutsEachClientIdIntoItsOwnSignature) {
  for (const bool masks : {true, false}) {
    const auto signer = MakeSigner({.masks = masks});
    std::vector<BlockLeaf> leaves = Leaves(5);
    leaves[1].client_id = "anna";
    leaves[4].client_id = "Jüri";
    PITSER_ASSERT_OK(signer->SignLeaves(leaves, [&](std::size_t index, ledger::Bytes bytes) {
      ExpectVerifies(bytes, leaves[index]);
      const auto identities = ValueOf(Signature::Parse(ledger::ToVector(bytes))).Identities();
      const bool has_own = !leaves[index].client_id.empty();
      EXPECT_EQ(identities.size(), has_own ? 2u : 1u);
      if (has_own) {
        EXPECT_EQ(identities.back().metadata.client_id, leaves[index].client_id);
      }
      return absl::OkStatus();
    }));
  }
}

TEST_F(BlockSignerTest, RefusesClientIdsThatCannotStand) {
  const auto signer = MakeSigner();
  BlockLeaf leaf = Leaves(1).front();
  for (const std::string& wrong :
       {std::string(kMaxClientIdSize + 1, 'x'), std::string("a\0b", 3), std::string("\xff")}) {
    leaf.client_id = wrong;
    EXPECT_THAT(signer->Add(leaf), StatusIs(absl::StatusCode::kInvalidArgument, "client id"));
  }
  EXPECT_EQ(signer->size(), 0u);
  EXPECT_THAT(signer->Sign(), StatusIs(absl::StatusCode::kInvalidArgument, "no leaves"));
}

TEST_F(BlockSignerTest, KeepsItsLeavesWhenTheServerRefuses) {
  const auto signer = MakeSigner();
  for (const BlockLeaf& leaf : Leaves(3)) PITSER_ASSERT_OK(signer->Add(leaf));
  refusal_ = grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not you");
  EXPECT_THAT(signer->Sign(), StatusIs(absl::StatusCode::kPermissionDenied, "not you"));
  EXPECT_EQ(signer->size(), 3u);
  EXPECT_FALSE(signer->Fits(Leaves(1).front()));
  EXPECT_THAT(signer->Add(Leaves(1).front()), StatusIs(absl::StatusCode::kResourceExhausted));
  refusal_ = grpc::Status::OK;
  const SignedBlock block = ValueOf(signer->Sign());
  EXPECT_EQ(block.size(), 3u);
  EXPECT_EQ(signer->size(), 0u);
  ExpectVerifies(ValueOf(block.SignatureOf(2)), Leaves(3)[2]);
  PITSER_EXPECT_OK(signer->Add(Leaves(1).front()));
}

TEST_F(BlockSignerTest, TakesNoSignatureOfAnotherRoot) {
  const auto signer = MakeSigner();
  PITSER_ASSERT_OK(signer->Add(Leaves(1).front()));
  wrong_ = true;
  const auto block = signer->Sign();
  EXPECT_TRUE(IsWrongAnswer(block.status())) << block.status();
}

TEST_F(BlockSignerTest, GoesOnWithTheMasksOfAnEarlierTree) {
  const auto signer = MakeSigner();
  signer->GoOnFrom(SomeImprint("last node"));
  PITSER_ASSERT_OK(signer->Add(Leaves(1).front()));
  EXPECT_EQ(ValueOf(signer->Sign()).masking()->previous, SomeImprint("last node"));
}

TEST_F(BlockSignerTest, ARestoredBlockGivesTheSameSignatures) {
  for (const bool masks : {true, false}) {
    const auto signer = MakeSigner({.masks = masks});
    std::vector<BlockLeaf> leaves = Leaves(6);
    leaves[2].client_id = "anna";
    for (const BlockLeaf& leaf : leaves) PITSER_ASSERT_OK(signer->Add(leaf));
    const SignedBlock block = ValueOf(signer->Sign());
    const auto root = [&] {
      return ValueOf(Signature::Parse(ledger::ToVector(block.root().bytes())));
    };
    const SignedBlock restored =
        ValueOf(RestoreBlock(leaves, block.algorithm(), block.masking(), root()));
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      EXPECT_EQ(ValueOf(restored.SignatureOf(i)), ValueOf(block.SignatureOf(i)));
      EXPECT_EQ(restored.ClientIdOf(i), leaves[i].client_id);
    }
    leaves[0].hash = SomeImprint("other");
    EXPECT_THAT(RestoreBlock(leaves, block.algorithm(), block.masking(), root()),
                StatusIs(absl::StatusCode::kInvalidArgument, "not of the root"));
  }
}

}  // namespace
}  // namespace pitser::client
