#include "bench/load/kept_parts.h"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/format/signature.h"
#include "tests/support/signature_maker.h"

namespace pitser::bench {
namespace {

struct Seen {
  std::uint64_t number;
  std::string part, tail;
  std::uint64_t told_time;
  bool whole;

  friend bool operator==(const Seen&, const Seen&) = default;
};

// Keeps what it is given, and gives it back.
class Keeper {
 public:
  Keeper()
      : kept([this](std::unique_ptr<PartChunk> chunk) { chunks.push_back(std::move(chunk)); }) {}

  std::vector<Seen> Read() {
    kept.Flush();
    std::vector<Seen> all;
    for (const auto& chunk : chunks) {
      chunk->ForEach([&](std::uint64_t number, const Tail& tail, ledger::Bytes part) {
        all.push_back({number, ledger::ToString(part), tail.bytes, tail.told_time, tail.whole});
      });
    }
    return all;
  }

  std::vector<std::unique_ptr<PartChunk>> chunks;
  KeptParts kept;
};

TEST(KeptParts, GiveBackEveryByte) {
  std::mt19937_64 random(7);
  Keeper keeper;
  std::vector<Seen> expected;
  std::string part;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    // The end of the last one stays, as in a tree; now and then nothing does, or there is nothing.
    const std::size_t keep = random() % 5 == 0 ? 0 : random() % (part.size() + 1);
    std::string own(random() % 200, '\0');
    for (char& c : own) c = static_cast<char>(random() % 3);
    part = own + part.substr(part.size() - keep);
    if (part.size() > 700) part.resize(700);
    const std::string tail = "tail " + std::to_string(i / 1000);
    expected.push_back({i * 3, part, tail, i / 1000, false});
    ASSERT_TRUE(keeper.kept.Add(i * 3, part, tail, i / 1000));
  }
  EXPECT_EQ(keeper.Read(), expected);
  EXPECT_GT(keeper.chunks.size(), 1u);
}

TEST(KeptParts, KeepACommonEndOnce) {
  Keeper keeper;
  const std::string shared(600, 'x');
  for (std::uint64_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(keeper.kept.Add(i, "own " + std::to_string(i) + shared, "tail", 1));
  }
  EXPECT_EQ(keeper.Read().size(), 1000u);
  EXPECT_LT(keeper.chunks.front()->size_bytes(), 1000u * 30);
}

TEST(KeptParts, TakeTheLongestPartAndNoLonger) {
  Keeper keeper;
  const std::string longest(65535, 'x');
  EXPECT_TRUE(keeper.kept.Add(1, longest, "", 1));
  EXPECT_TRUE(keeper.kept.Add(2, "", "", 1));
  EXPECT_FALSE(keeper.kept.Add(3, longest, "y", 1));
  EXPECT_FALSE(keeper.kept.AddWhole(4, longest + "x", 1));
  EXPECT_THAT(keeper.Read(),
              ::testing::ElementsAre(Seen{1, longest, "", 1, false}, Seen{2, "", "", 1, false}));
}

TEST(KeptParts, SplitASignatureBehindItsFirstChain) {
  const ledger::Signature signature =
      pitser::testing::MakeSignature(pitser::testing::AuthenticatedRecipe());
  const std::string bytes = ledger::ToString(signature.bytes());
  Keeper keeper;
  ASSERT_TRUE(keeper.kept.AddWhole(5, bytes, 9));
  const std::vector<Seen> seen = keeper.Read();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].part, ledger::AsText(signature.aggregation_chains()[0].raw));
  EXPECT_EQ(seen[0].part + seen[0].tail, bytes.substr(4));
  EXPECT_FALSE(seen[0].whole);
}

TEST(KeptParts, KeepWholeWhatCannotBeSplit) {
  const std::string right =
      ledger::ToString(pitser::testing::MakeSignatureBytes(pitser::testing::AuthenticatedRecipe()));
  std::string flagged = right;  // The N flag of the outer element: another header than ours.
  flagged[0] = '\xC8';
  for (const std::string& bytes :
       {flagged, right.substr(0, right.size() - 1), right + "x", std::string("\x88\x00\x00\x00", 4),
        std::string("\x88\x00\x00\x01x", 5), std::string(), std::string("nothing")}) {
    Keeper keeper;
    ASSERT_TRUE(keeper.kept.AddWhole(5, bytes, 9));
    EXPECT_THAT(keeper.Read(), ::testing::ElementsAre(Seen{5, bytes, "", 9, true}));
  }
}

}  // namespace
}  // namespace pitser::bench
