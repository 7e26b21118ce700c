// Any bytes that come near a signature end in a clear error or in a signature that is consistent
// with itself: never in a crash, never in memory out of proportion to the input. Real signatures
// are mutated, blindly and along their elements; seeds are fixed and printed.

#include <cstdio>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "ledger/base/hex.h"
#include "ledger/format/signature.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/golden_signature.h"
#include "tests/support/rewrite_signature.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testpack.h"
#include "tests/support/tlv_tree.h"

namespace pitser::ledger {
namespace {

using ::pitser::testing::AllocationCounter;
using ::pitser::testing::RewriteSignature;
using ::pitser::testing::TlvNode;
using ::pitser::testing::TlvPath;

constexpr std::uint32_t kSeed = 20261115;
constexpr int kMutationsPerFile = 150;

using Random = std::mt19937;

// 0 .. bound - 1; the distribution of the standard library is not the same everywhere.
std::size_t Below(Random& random, std::size_t bound) { return random() % bound; }
std::uint8_t AnyByte(Random& random) { return static_cast<std::uint8_t>(random()); }

// What parsing may take at most, the bytes themselves included.
std::size_t MemoryBound(std::size_t size) { return 4 * size + (std::size_t{64} << 10); }

// The golden vector, and the valid files of the pack where it is at hand.
std::vector<ByteVector> Corpus() {
  std::vector<ByteVector> corpus = {FromHex(testing::kGoldenSignatureHex).value()};
  if (!testing::TestPackDir()) return corpus;
  const std::vector<testing::TestPackRow> rows =
      testing::ReadTestPack(testing::kValidSignatures).value();
  std::set<std::filesystem::path> files;
  for (const testing::TestPackRow& row : rows) files.insert(row.signature);
  for (const auto& file : files) corpus.push_back(testing::ReadFileBytes(file).value());
  return corpus;
}

// Returns whether the bytes were taken for a signature.
bool Check(const ByteVector& bytes) {
  ByteVector input = bytes;
  absl::StatusOr<Signature> signature = absl::UnknownError("not parsed");
  {
    AllocationCounter allocations;
    signature = Signature::Parse(std::move(input));
    EXPECT_LE(bytes.size() + allocations.peak_bytes(), MemoryBound(bytes.size()));
  }
  if (!signature.ok()) {
    EXPECT_EQ(signature.status().code(), absl::StatusCode::kInvalidArgument);
    std::size_t offset = 0;
    const std::string message(signature.status().message());
    EXPECT_EQ(std::sscanf(message.c_str(), "offset %zu, ", &offset), 1) << message;
    EXPECT_LE(offset, bytes.size()) << message;
    return false;
  }
  EXPECT_TRUE(Equal(signature->bytes(), bytes));
  // Everything it tells can be told.
  signature->Identities();
  const auto root = signature->AggregationRoot();
  EXPECT_TRUE(root.ok() || root.status().code() == absl::StatusCode::kFailedPrecondition ||
              root.status().code() == absl::StatusCode::kInvalidArgument);
  if (signature->calendar_chain()) {
    (void)CalendarTimeFromShape(signature->calendar_chain()->publication_time,
                                signature->calendar_chain()->links);
  }
  // Written anew it says the same: writing that again changes nothing.
  const ByteVector once = RewriteSignature(*signature);
  const absl::StatusOr<Signature> again = Signature::Parse(once);
  EXPECT_THAT(again, testing::IsOk()) << ToHex(bytes);
  if (again.ok()) {
    EXPECT_EQ(ToHex(RewriteSignature(*again)), ToHex(once));
    EXPECT_EQ(again->input_hash(), signature->input_hash());
    EXPECT_EQ(again->signing_time(), signature->signing_time());
  }
  return true;
}

void MutateBytes(ByteVector& bytes, Random& random) {
  const auto at = [&](std::size_t i) { return bytes.begin() + static_cast<std::ptrdiff_t>(i); };
  const std::size_t place = Below(random, bytes.size());
  const std::size_t length = 1 + Below(random, std::min<std::size_t>(40, bytes.size() - place));
  switch (Below(random, 6)) {
    case 0:
      bytes[place] ^= static_cast<std::uint8_t>(1u << Below(random, 8));
      break;
    case 1:
      bytes[place] = AnyByte(random);
      break;
    case 2:
      bytes.insert(at(place), AnyByte(random));
      break;
    case 3:
      bytes.erase(at(place), at(place + length));
      break;
    case 4: {
      const ByteVector copy(at(place), at(place + length));
      bytes.insert(at(Below(random, bytes.size())), copy.begin(), copy.end());
      break;
    }
    default:
      bytes.resize(place);
  }
}

// A change that keeps all lengths right, so that it reaches the rules behind the framing.
void MutateTree(TlvNode& root, Random& random) {
  const std::vector<TlvPath> paths = AllPaths(root);
  if (paths.empty()) return;
  const TlvPath& path = paths[Below(random, paths.size())];
  TlvNode& parent = NodeAt(root, std::span(path).first(path.size() - 1));
  TlvNode& node = NodeAt(root, path);
  const auto child = parent.children.begin() + static_cast<std::ptrdiff_t>(path.back());
  switch (Below(random, 7)) {
    case 0:
      parent.children.erase(child);
      break;
    case 1: {
      const TlvNode copy = node;
      parent.children.insert(child, copy);
      break;
    }
    case 2:
      std::swap(node, parent.children[Below(random, parent.children.size())]);
      break;
    case 3:
      node.non_critical = Below(random, 2) != 0;
      node.forward = Below(random, 2) != 0;
      node.force_long_header = Below(random, 2) != 0;
      break;
    case 4:
      node.type = static_cast<std::uint16_t>(Below(random, 0x20));
      break;
    default:
      if (node.rule == nullptr && !node.value.empty()) {
        node.value[Below(random, node.value.size())] = AnyByte(random);
        if (Below(random, 3) == 0) node.value.resize(Below(random, 80));
      }
  }
}

TEST(FormatMutation, BlindMutationsNeverHurt) {
  std::printf("seed %u\n", kSeed);
  Random random(kSeed);
  int taken = 0, refused = 0;
  for (const ByteVector& original : Corpus()) {
    ASSERT_TRUE(Check(original));
    for (int i = 0; i < kMutationsPerFile; ++i) {
      ByteVector bytes = original;
      for (std::size_t n = Below(random, 3) + 1; n > 0 && !bytes.empty(); --n) {
        MutateBytes(bytes, random);
      }
      ++(Check(bytes) ? taken : refused);
    }
  }
  std::printf("%d parsed, %d refused\n", taken, refused);
  EXPECT_GT(taken, 10);
  EXPECT_GT(refused, 10);
}

TEST(FormatMutation, MutationsOfElementsNeverHurt) {
  std::printf("seed %u\n", kSeed);
  Random random(kSeed);
  int taken = 0, refused = 0;
  for (const ByteVector& original : Corpus()) {
    for (int i = 0; i < kMutationsPerFile; ++i) {
      TlvNode root = testing::ParseSignatureTree(original);
      for (std::size_t n = Below(random, 3) + 1; n > 0; --n) MutateTree(root, random);
      ++(Check(EncodeTree(root)) ? taken : refused);
    }
  }
  std::printf("%d parsed, %d refused\n", taken, refused);
  EXPECT_GT(taken, 10);
  EXPECT_GT(refused, 10);
}

TEST(FormatMutation, RandomBytesNeverHurt) {
  std::printf("seed %u\n", kSeed);
  Random random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    ByteVector bytes(Below(random, 64));
    for (std::uint8_t& byte : bytes) byte = AnyByte(random);
    Check(bytes);
    // The same inside a frame that fits.
    const Bytes parts[] = {bytes};
    Check(AssembleSignature(parts).value());
  }
}

// The largest signatures there can be, filled with the smallest elements of each repeated kind.
TEST(FormatMutation, MemoryStaysInProportionAtTheWorst) {
  const TlvNode golden = testing::ParseSignatureTree(FromHex(testing::kGoldenSignatureHex).value());
  TlvNode smallest_link;
  smallest_link.type = 0x07;
  smallest_link.rule = testing::FindRule(*golden.children[0].rule, 0x07)->nested;
  smallest_link.children.resize(1);
  smallest_link.children[0].type = 0x04;
  smallest_link.children[0].value = {0x01, 0x01, 0x00};  // An empty client id.
  TlvNode index;
  index.type = 0x03;
  TlvNode smallest_chain = golden.children[0];
  smallest_chain.children[2].value = ByteVector(21);  // A SHA-1 input hash.
  smallest_chain.children.resize(4);
  smallest_chain.children[0].value.clear();
  smallest_chain.children[1].value.clear();
  smallest_chain.children[3].value.clear();
  smallest_chain.children.push_back(smallest_link);
  TlvNode reference;
  reference.type = 0x09;
  reference.value = {'a', 0};
  TlvNode calendar_link;
  calendar_link.type = 0x07;
  calendar_link.value = ByteVector(21);

  // What is repeated, and in which top-level element (none: in the signature).
  const std::pair<TlvNode, int> fillings[] = {
      {smallest_link, 0}, {index, 0}, {calendar_link, 1}, {reference, 2}, {smallest_chain, -1}};
  for (const auto& [filling, place] : fillings) {
    TlvNode root = golden;
    TlvNode& parent = place < 0 ? root : root.children[static_cast<std::size_t>(place)];
    const std::size_t room = kMaxSignatureSize - EncodeTree(root).size();
    parent.children.insert(parent.children.end(), room / EncodeTree(filling).size(), filling);
    const ByteVector bytes = EncodeTree(root);
    EXPECT_GT(bytes.size(), kMaxSignatureSize - 100);
    // The calendar's links are as many as there are; of the others no signature has so many.
    EXPECT_EQ(Check(bytes), filling.value.size() == 21);
    // As many as are taken, and beside them something that needs no memory.
    TlvNode taken = golden;
    TlvNode& taken_parent = place < 0 ? taken : taken.children[static_cast<std::size_t>(place)];
    taken_parent.children.insert(taken_parent.children.end(), 60, filling);
    EXPECT_TRUE(Check(EncodeTree(taken)));
  }
}

// Each link is a level of one tree, whichever chain it is in.
TEST(FormatMutation, TheLinksOfAllChainsCountTogether) {
  const TlvNode golden = testing::ParseSignatureTree(FromHex(testing::kGoldenSignatureHex).value());
  TlvNode chain = golden.children[0];
  const TlvNode link = chain.children.back();
  chain.children.insert(chain.children.end(), 100 - (chain.children.size() - 4), link);
  TlvNode root = golden;
  root.children.insert(root.children.end(), 2, chain);
  EXPECT_TRUE(Check(EncodeTree(root)));
  root.children.push_back(chain);
  EXPECT_THAT(Signature::Parse(EncodeTree(root)),
              testing::StatusIs(absl::StatusCode::kInvalidArgument, "beyond level 255"));
}

// The hot path: bytes that are moved in, the list of chains, the calendar links, and the text of
// the signature type.
TEST(FormatMutation, ParsingARealSignatureAllocatesLittle) {
  PITSER_NEED_TESTPACK();
  for (const char* file : {"signature-extended.ksig", "signature-element-order-is-changed.ksig",
                           "rfc3161-signature.ksig"}) {
    PITSER_ASSERT_OK_AND_ASSIGN(
        ByteVector bytes,
        testing::ReadFileBytes(*testing::TestPackDir() / "valid-signatures" / file));
    absl::StatusOr<Signature> signature = absl::UnknownError("not parsed");
    AllocationCounter allocations;
    signature = Signature::Parse(std::move(bytes));
    EXPECT_LE(allocations.count(), 5u) << file;
    EXPECT_TRUE(signature.ok());
  }
}

}  // namespace
}  // namespace pitser::ledger
