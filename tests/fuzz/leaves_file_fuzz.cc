#include <algorithm>
#include <vector>

#include "client/leaves_file.h"
#include "ledger/base/check.h"
#include "ledger/crypto/hasher.h"
#include "tests/fuzz/target.h"

namespace pitser::fuzz {
namespace {

using client::LeafRun;
using ledger::Bytes;
using ledger::ByteVector;

// What is read, with copies of the leaves.
struct Content {
  client::LeavesFileHeader header;
  std::vector<LeafRun> runs;  // Without leaves.
  std::vector<std::vector<ledger::Imprint>> leaves;
  client::LeavesFileEnd end;
};

absl::StatusOr<Content> Read(Bytes bytes) {
  Content content;
  // In pieces, so that records are cut in two.
  const client::ByteSource source =
      [rest = bytes](std::span<std::uint8_t> out) mutable -> absl::StatusOr<std::size_t> {
    const std::size_t size = std::min({rest.size(), out.size(), std::size_t{101}});
    std::copy_n(rest.begin(), size, out.begin());
    rest = rest.subspan(size);
    return size;
  };
  const auto end = client::ReadLeavesFile(
      source,
      [&](const client::LeavesFileHeader& header) {
        content.header = header;
        return absl::OkStatus();
      },
      [&](const LeafRun& run) {
        PITSER_CHECK(run.seconds > 0);
        PITSER_CHECK(run.leaves.empty() || run.leaves.size() == run.seconds);
        const std::uint64_t next =
            content.runs.empty() ? content.header.first_time : content.runs.back().last_time() + 1;
        PITSER_CHECK(run.first_time == next && run.last_time() >= run.first_time);
        content.runs.push_back({run.first_time, run.seconds, {}});
        content.leaves.emplace_back(run.leaves.begin(), run.leaves.end());
        return absl::OkStatus();
      });
  if (!end.ok()) return end.status();
  content.end = *end;
  return content;
}

ByteVector Write(const Content& content) {
  ByteVector bytes;
  client::LeavesFileWriter writer([&](Bytes piece) {
    ledger::Append(bytes, piece);
    return absl::OkStatus();
  });
  PITSER_CHECK(writer.Begin(content.header).ok());
  for (std::size_t i = 0; i < content.runs.size(); ++i) {
    PITSER_CHECK(
        writer.Add({content.runs[i].first_time, content.runs[i].seconds, content.leaves[i]}).ok());
  }
  PITSER_CHECK(writer.Finish(content.end.head).ok());
  return bytes;
}

void Check(Bytes bytes) {
  const auto content = Read(bytes);
  if (!content.ok()) {
    PITSER_CHECK(content.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  if (!content->runs.empty())
    PITSER_CHECK(content->end.next == content->runs.back().last_time() + 1);
  const ByteVector written = Write(*content);
  const auto again = Read(written);
  PITSER_CHECK(again.ok() && Write(*again) == written);
  PITSER_CHECK(again->leaves == content->leaves && again->end.head == content->end.head);
}

}  // namespace

PITSER_FUZZ_TARGET(leaves_file) {
  Check(input);
  // The same with an end that fits: the mark, and the hash of all up to it.
  ByteVector ended = ledger::ToVector(input);
  ended.push_back('Z');
  const auto hash = ledger::Hash(ledger::HashAlgorithm::kSha256, {Bytes(ended)});
  PITSER_CHECK(hash.ok());
  ledger::Append(ended, hash->digest());
  Check(ended);
}

}  // namespace pitser::fuzz
