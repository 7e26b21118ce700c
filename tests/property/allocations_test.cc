#include "gtest/gtest.h"
#include "ledger/verify/verifier.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/testpack.h"

// How often a verifier of many signatures asks for memory.
namespace pitser::ledger {
namespace {

struct Allocations {
  std::size_t parsing;
  std::size_t verifying;
};

// Of parsing and internally verifying a valid signature, the bytes themselves not counted.
Allocations Count(ByteVector bytes, const char* name) {
  Allocations allocations{};
  const Imprint document = Signature::Parse(bytes).value().input_hash();
  absl::StatusOr<Signature> signature = absl::UnknownError("not parsed");
  {
    const testing::AllocationCounter counter;
    signature = Signature::Parse(std::move(bytes));
    allocations.parsing = counter.count();
  }
  const VerificationContext context{.signature = signature.value(), .document_hash = document};
  // What a process allocates once is no part of a signature's cost.
  EXPECT_TRUE(Verify(Policy::kInternal, context).ok());
  {
    const testing::AllocationCounter counter;
    const absl::StatusOr<VerificationResult> result = Verify(Policy::kInternal, context);
    allocations.verifying = counter.count();
    EXPECT_EQ(result.value().outcome, Outcome::kOk) << name;
  }
  ::testing::Test::RecordProperty(
      name, std::to_string(allocations.parsing) + " + " + std::to_string(allocations.verifying));
  return allocations;
}

// The list of chains, the calendar links and the signature type; the list of verdicts.
TEST(Allocations, OurSignatureTakesAHandful) {
  const Allocations allocations =
      Count(ToVector(testing::MakeSignature(testing::SingleNodeRecipe()).bytes()), "single_node");
  EXPECT_LE(allocations.parsing, 3u);
  EXPECT_LE(allocations.verifying, 1u);
}

TEST(Allocations, ARealSignatureTakesAHandful) {
  PITSER_NEED_TESTPACK();
  for (const char* file : {"signature-extended.ksig", "signature-element-order-is-changed.ksig"}) {
    PITSER_ASSERT_OK_AND_ASSIGN(
        ByteVector bytes,
        testing::ReadFileBytes(*testing::TestPackDir() / "valid-signatures" / file));
    const Allocations allocations = Count(std::move(bytes), file);
    EXPECT_LE(allocations.parsing, 4u) << file;
    EXPECT_LE(allocations.verifying, 1u) << file;
  }
}

}  // namespace
}  // namespace pitser::ledger
