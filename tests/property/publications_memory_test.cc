// Memory for parsing a publications file stays in proportion to it, whatever it is made of.

#include <cstdio>
#include <random>

#include "gtest/gtest.h"
#include "ledger/format/publications_file.h"
#include "ledger/format/tlv.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/signature_maker.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_trust.h"

namespace pitser::testing {
namespace {

using ledger::ByteVector;
using ledger::PublicationsFile;

constexpr std::uint32_t kSeed = 20261124;

// Returns whether the bytes were taken for a publications file.
bool Check(const ByteVector& bytes) {
  ByteVector input = bytes;
  absl::StatusOr<PublicationsFile> file = absl::UnknownError("not parsed");
  std::size_t peak = 0;
  {
    AllocationCounter allocations;
    file = PublicationsFile::Parse(std::move(input));
    peak = allocations.peak_bytes();
  }
  // The bytes themselves included; a real file of ours takes 4 times its size.
  EXPECT_LE(bytes.size() + peak, 6 * bytes.size() + (std::size_t{128} << 10)) << bytes.size();
  if (!file.ok()) {
    EXPECT_THAT(file, StatusIs(absl::StatusCode::kInvalidArgument));
  }
  return file.ok();
}

void Nest(ByteVector& out, std::uint16_t type, const ByteVector& value) {
  ledger::WriteElement(out, type, value);
}

// A record of a publication with these texts; second 0 is the shortest.
ByteVector Record(ledger::HashAlgorithm algorithm, std::size_t texts, const std::string& text,
                  std::uint64_t time = 0) {
  ByteVector data, children, record;
  ledger::WriteInt(data, 0x02, time);
  ledger::WriteImprint(data, 0x04, SomeImprint("published", algorithm));
  Nest(children, 0x10, data);
  for (std::size_t i = 0; i < texts; ++i) {
    ledger::WriteText(children, i % 2 == 0 ? 0x09 : 0x0A, text);
  }
  Nest(record, 0x703, children);
  return record;
}

ByteVector CertificateRecordOf(std::size_t size) {
  ByteVector children, record;
  Nest(children, 0x01, {});
  Nest(children, 0x02, ByteVector(size));
  Nest(record, 0x702, children);
  return record;
}

// A file of `size` bytes or a little more, filled with one element again and again.
ByteVector FileOf(const ByteVector& element, std::size_t size) {
  ByteVector bytes = ledger::ToVector(ledger::AsBytes("KSIPUBLF"));
  ByteVector header;
  ledger::WriteInt(header, 0x01, 1);
  ledger::WriteInt(header, 0x02, kTestTime);
  Nest(bytes, 0x701, header);
  while (bytes.size() < size) ledger::Append(bytes, element);
  Nest(bytes, 0x704, {});
  return bytes;
}

TEST(PublicationsMemory, OfTheSmallestElementsThereMayBe) {
  const ByteVector elements[] = {Record(ledger::HashAlgorithm::kSha1, 0, ""),
                                 Record(ledger::HashAlgorithm::kSha1, 1, "a"),
                                 Record(ledger::HashAlgorithm::kSha1, 512, "a"),
                                 Record(ledger::HashAlgorithm::kSha512, 0, ""),
                                 Record(ledger::HashAlgorithm::kSha256, 3, "text"),
                                 CertificateRecordOf(0),
                                 CertificateRecordOf(100)};
  for (const ByteVector& element : elements) {
    for (const std::size_t size :
         {std::size_t{100}, std::size_t{5} << 10, std::size_t{64} << 10, std::size_t{1} << 20}) {
      Check(FileOf(element, size));
    }
  }
}

TEST(PublicationsMemory, WhatWouldTakeMoreIsRefused) {
  const std::size_t size = std::size_t{1} << 20;
  EXPECT_FALSE(Check(FileOf(Record(ledger::HashAlgorithm::kSha1, 0, ""), size)));
  EXPECT_FALSE(Check(FileOf(CertificateRecordOf(0), size)));
  EXPECT_TRUE(Check(FileOf(Record(ledger::HashAlgorithm::kSha1, 512, "a"), 1000)));
  EXPECT_FALSE(Check(FileOf(Record(ledger::HashAlgorithm::kSha1, 1026, "a"), 1000)));
}

// What a real ledger publishes is taken at any size: a bound that refused it would be worthless.
TEST(PublicationsMemory, RealPublicationsAreTaken) {
  for (const std::size_t texts : {std::size_t{0}, std::size_t{1}, std::size_t{8}}) {
    const ByteVector record = Record(ledger::HashAlgorithm::kSha256, texts,
                                     "Financial Times, ISSN: 0307-1766, 2026-11-24", kTestTime);
    EXPECT_TRUE(Check(FileOf(record, std::size_t{4} << 20))) << texts;
  }
  // The smallest that anybody can publish.
  EXPECT_TRUE(
      Check(FileOf(Record(ledger::HashAlgorithm::kSha1, 0, "", kTestTime), std::size_t{4} << 20)));
  EXPECT_TRUE(Check(FileOf(CertificateRecordOf(900), std::size_t{1} << 20)));
}

TEST(PublicationsMemory, OfMutatedFiles) {
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  const ledger::PublicationData data{.time = kTestTime, .hash = SomeImprint("published")};
  const ByteVector original = ledger::ToVector(
      MakePublicationsFile({TestTrust::Get().calendar_record()}, {{data, {"Daily Seal"}, {}}})
          .bytes());
  int taken = 0;
  for (int i = 0; i < 3000; ++i) {
    ByteVector bytes = original;
    for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t place = random() % bytes.size();
      if (random() % 3 == 0) {  // A piece again.
        const ByteVector piece(bytes.begin() + static_cast<std::ptrdiff_t>(place),
                               bytes.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                   bytes.size(), place + 1 + random() % 60)));
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(place), piece.begin(),
                     piece.end());
      } else {
        bytes[place] = static_cast<std::uint8_t>(random());
      }
    }
    if (Check(bytes)) ++taken;
  }
  EXPECT_GT(taken, 100);
}

}  // namespace
}  // namespace pitser::testing
