#include "client/leaves_file.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/base/utf8.h"
#include "ledger/tree/calendar_tree.h"

namespace pitser::client {
namespace {

using ledger::Bytes;
using ledger::ByteVector;
using ledger::Imprint;

// Stored; never given another meaning. docs/protocol.md, "A file of leaves".
constexpr std::string_view kMagic = "pitser.leaves/1\n";
constexpr std::string_view kAnyVersion = "pitser.leaves/";
constexpr std::uint8_t kEmptyRecord = 'E';
constexpr std::uint8_t kLeavesRecord = 'L';
constexpr std::uint8_t kHeadRecord = 'H';
constexpr std::uint8_t kEndRecord = 'Z';

constexpr std::size_t kMaxServerSize = 255;
constexpr std::size_t kBufferSize = 256 << 10;
// So many leaves of a record are handed on at once.
constexpr std::size_t kLeavesAtOnce = 4096;

ledger::StreamHasher NewHasher() {
  auto hasher = ledger::StreamHasher::Create(ledger::HashAlgorithm::kSha256);
  PITSER_CHECK(hasher.ok());
  return *std::move(hasher);
}

// A source with a buffer that hashes what is taken from it.
class Input {
 public:
  explicit Input(const ByteSource& source)
      : source_(source), hasher_(NewHasher()), buffer_(kBufferSize) {}

  // The next `size` bytes; valid until the next call.   Precondition: size <= kBufferSize.
  absl::StatusOr<Bytes> Take(std::size_t size) {
    while (end_ - begin_ < size) {
      PITSER_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more) return Malformed("it is cut short");
    }
    const Bytes bytes = Bytes(buffer_).subspan(begin_, size);
    hasher_.Update(bytes);
    begin_ += size;
    offset_ += size;
    return bytes;
  }
  absl::StatusOr<std::uint64_t> TakeBe64() {
    PITSER_ASSIGN_OR_RETURN(const Bytes bytes, Take(8));
    return ledger::ReadBe64(bytes);
  }
  absl::StatusOr<std::uint8_t> TakeByte() {
    PITSER_ASSIGN_OR_RETURN(const Bytes bytes, Take(1));
    return bytes[0];
  }
  absl::StatusOr<Imprint> TakeImprint() {
    PITSER_ASSIGN_OR_RETURN(const std::uint8_t id, TakeByte());
    const auto algorithm = ledger::HashAlgorithmFromId(id);
    if (!algorithm) return Malformed(absl::StrFormat("%d is no hash algorithm", id));
    PITSER_ASSIGN_OR_RETURN(const Bytes digest, Take(ledger::DigestSize(*algorithm)));
    return Imprint::Create(*algorithm, digest);
  }
  absl::StatusOr<bool> AtEnd() {
    if (begin_ < end_) return false;
    PITSER_ASSIGN_OR_RETURN(const bool more, Fill());
    return !more;
  }
  // The hash of all that was taken; once.
  Imprint Digest() { return hasher_.Finish(); }

  absl::Status Malformed(std::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrFormat("malformed file of leaves, at byte %d: %s", offset_, what));
  }

 private:
  absl::StatusOr<bool> Fill() {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    PITSER_ASSIGN_OR_RETURN(const std::size_t got,
                            source_(std::span<std::uint8_t>(buffer_).subspan(end_)));
    end_ += got;
    return got > 0;
  }

  const ByteSource& source_;
  ledger::StreamHasher hasher_;
  ByteVector buffer_;
  std::size_t begin_ = 0, end_ = 0;  // What of the buffer is not taken yet.
  std::uint64_t offset_ = 0;
};

absl::StatusOr<LeavesFileHeader> ReadHeader(Input& input) {
  PITSER_ASSIGN_OR_RETURN(const Bytes magic, input.Take(kMagic.size()));
  const std::string_view text = ledger::AsText(magic);
  if (text != kMagic) {
    return input.Malformed(text.starts_with(kAnyVersion)
                               ? "it is of a version that this program does not know"
                               : "it does not begin like one");
  }
  LeavesFileHeader header;
  PITSER_ASSIGN_OR_RETURN(header.first_time, input.TakeBe64());
  PITSER_ASSIGN_OR_RETURN(header.made_at, input.TakeBe64());
  PITSER_ASSIGN_OR_RETURN(const std::uint8_t size, input.TakeByte());
  PITSER_ASSIGN_OR_RETURN(const Bytes server, input.Take(size));
  if (!ledger::IsUtf8(server)) return input.Malformed("the server's name is no UTF-8");
  header.server = ledger::ToString(server);
  if (header.first_time > ledger::kMaxCalendarTime) {
    return input.Malformed("it begins beyond the calendar's end");
  }
  return header;
}

// Reads the records one after the other.
class Records {
 public:
  Records(Input& input, std::uint64_t first_time, const LeafVisitor& visit)
      : input_(input), visit_(visit) {
    end_.next = first_time;
  }

  absl::StatusOr<LeavesFileEnd> ReadAll() {
    for (;;) {
      PITSER_ASSIGN_OR_RETURN(const std::uint8_t kind, input_.TakeByte());
      if (kind == kEndRecord) return ReadEnd();
      if (end_.head) return input_.Malformed("the head is not the last before the end");
      PITSER_RETURN_IF_ERROR(ReadRecord(kind));
    }
  }

 private:
  absl::Status ReadRecord(std::uint8_t kind) {
    if (kind == kEmptyRecord) return ReadEmpty();
    if (kind == kLeavesRecord) return ReadLeaves();
    if (kind == kHeadRecord) return ReadHead();
    return input_.Malformed(absl::StrFormat("%d is no record", kind));
  }

  absl::Status ReadEmpty() {
    PITSER_ASSIGN_OR_RETURN(const std::uint64_t seconds, CountedSeconds());
    return Visit({.first_time = end_.next, .seconds = seconds, .leaves = {}});
  }

  absl::Status ReadLeaves() {
    PITSER_ASSIGN_OR_RETURN(std::uint64_t left, CountedSeconds());
    while (left > 0) {
      leaves_.clear();
      const std::uint64_t count = std::min<std::uint64_t>(left, kLeavesAtOnce);
      while (leaves_.size() < count) {
        PITSER_ASSIGN_OR_RETURN(const Imprint leaf, input_.TakeImprint());
        leaves_.push_back(leaf);
      }
      PITSER_RETURN_IF_ERROR(Visit({.first_time = end_.next, .seconds = count, .leaves = leaves_}));
      left -= count;
    }
    return absl::OkStatus();
  }

  // How many seconds a record has: at least one, none beyond the calendar's end.
  absl::StatusOr<std::uint64_t> CountedSeconds() {
    PITSER_ASSIGN_OR_RETURN(const std::uint64_t seconds, input_.TakeBe64());
    if (seconds == 0 || seconds > ledger::kMaxCalendarTime + 1 - end_.next) {
      return input_.Malformed(absl::StrFormat("a record has %d seconds", seconds));
    }
    return seconds;
  }

  absl::Status Visit(const LeafRun& run) {
    PITSER_RETURN_IF_ERROR(visit_(run));
    end_.next += run.seconds;
    return absl::OkStatus();
  }

  absl::Status ReadHead() {
    PITSER_ASSIGN_OR_RETURN(const std::uint64_t time, input_.TakeBe64());
    PITSER_ASSIGN_OR_RETURN(const Imprint root, input_.TakeImprint());
    if (time + 1 != end_.next) return input_.Malformed("the head is not the file's last second");
    end_.head = ledger::PublicationData{.time = time, .hash = root};
    return absl::OkStatus();
  }

  absl::StatusOr<LeavesFileEnd> ReadEnd() {
    const Imprint expected = input_.Digest();
    PITSER_ASSIGN_OR_RETURN(const Bytes checksum, input_.Take(expected.digest().size()));
    if (!ledger::Equal(checksum, expected.digest())) {
      return input_.Malformed("the checksum is wrong: the file was damaged");
    }
    PITSER_ASSIGN_OR_RETURN(const bool at_end, input_.AtEnd());
    if (!at_end) return input_.Malformed("there are bytes after the end");
    return end_;
  }

  Input& input_;
  const LeafVisitor& visit_;
  LeavesFileEnd end_;
  std::vector<Imprint> leaves_;
};

}  // namespace

LeavesFileWriter::LeavesFileWriter(ByteSink sink) : sink_(std::move(sink)), hasher_(NewHasher()) {}

absl::Status LeavesFileWriter::Flush() {
  hasher_.Update(buffer_);
  PITSER_RETURN_IF_ERROR(sink_(buffer_));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status LeavesFileWriter::Begin(const LeavesFileHeader& header) {
  PITSER_CHECK(header.server.size() <= kMaxServerSize);
  ledger::Append(buffer_, ledger::AsBytes(kMagic));
  ledger::AppendBe64(buffer_, header.first_time);
  ledger::AppendBe64(buffer_, header.made_at);
  buffer_.push_back(static_cast<std::uint8_t>(header.server.size()));
  ledger::Append(buffer_, ledger::AsBytes(header.server));
  return Flush();
}

absl::Status LeavesFileWriter::Add(const LeafRun& run) {
  buffer_.push_back(run.leaves.empty() ? kEmptyRecord : kLeavesRecord);
  ledger::AppendBe64(buffer_, run.seconds);
  for (const Imprint& leaf : run.leaves) ledger::Append(buffer_, leaf.bytes());
  return buffer_.size() < kBufferSize ? absl::OkStatus() : Flush();
}

absl::Status LeavesFileWriter::Finish(const std::optional<ledger::PublicationData>& head) {
  if (head) {
    buffer_.push_back(kHeadRecord);
    ledger::AppendBe64(buffer_, head->time);
    ledger::Append(buffer_, head->hash.bytes());
  }
  buffer_.push_back(kEndRecord);
  PITSER_RETURN_IF_ERROR(Flush());
  return sink_(hasher_.Finish().digest());
}

absl::StatusOr<LeavesFileEnd> ReadLeavesFile(
    const ByteSource& source, const std::function<absl::Status(const LeavesFileHeader&)>& begin,
    const LeafVisitor& visit) {
  Input input(source);
  PITSER_ASSIGN_OR_RETURN(const LeavesFileHeader header, ReadHeader(input));
  PITSER_RETURN_IF_ERROR(begin(header));
  return Records(input, header.first_time, visit).ReadAll();
}

}  // namespace pitser::client
