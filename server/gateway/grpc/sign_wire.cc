#include "server/gateway/grpc/sign_wire.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/retry_hint.h"
#include "ledger/base/status.h"

namespace pitser::server {
namespace {

using ledger::Bytes;

// Wire types of protobuf's encoding.
enum WireType : std::uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kLength = 2,
  kGroupBegin = 3,
  kGroupEnd = 4,
  kFixed32 = 5,
};

// Nested as deep as generated code follows them.
constexpr int kMaxGroups = 100;

absl::Status Malformed() { return absl::InvalidArgumentError("the message is malformed"); }

// Of at most `size` bytes: 10 for a number, 5 for tags and lengths, as generated code has it.
absl::StatusOr<std::uint64_t> TakeVarint(Bytes& rest, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < std::min(rest.size(), size); ++i) {
    value |= std::uint64_t{rest[i] & 0x7FU} << (7 * i);
    if (rest[i] < 0x80) {
      rest = rest.subspan(i + 1);
      return value;
    }
  }
  return Malformed();
}

absl::StatusOr<Bytes> TakeBytes(Bytes& rest, std::uint64_t size) {
  if (size > rest.size()) return Malformed();
  const Bytes taken = rest.first(static_cast<std::size_t>(size));
  rest = rest.subspan(taken.size());
  return taken;
}

// A field without its value, or with it if that is of a type we have fields of.
struct Field {
  std::uint32_t number;
  std::uint32_t type;
  std::uint64_t value;  // Of a varint.
  Bytes bytes;          // Of a length-delimited one.
};

absl::StatusOr<Field> TakeField(Bytes& rest) {
  // Bits beyond the 32nd are dropped: generated code does.
  PITSER_ASSIGN_OR_RETURN(const std::uint64_t long_tag, TakeVarint(rest, 5));
  const auto tag = static_cast<std::uint32_t>(long_tag);
  if (tag < 8) return Malformed();
  Field field{tag >> 3, tag & 7, 0, {}};
  switch (field.type) {
    case kVarint: {
      PITSER_ASSIGN_OR_RETURN(field.value, TakeVarint(rest, 10));
      return field;
    }
    case kFixed64:
      PITSER_RETURN_IF_ERROR(TakeBytes(rest, 8).status());
      return field;
    case kLength: {
      PITSER_ASSIGN_OR_RETURN(const std::uint64_t size, TakeVarint(rest, 5));
      PITSER_ASSIGN_OR_RETURN(field.bytes, TakeBytes(rest, size));
      return field;
    }
    case kGroupBegin:
    case kGroupEnd:
      return field;
    case kFixed32:
      PITSER_RETURN_IF_ERROR(TakeBytes(rest, 4).status());
      return field;
    default:
      return Malformed();
  }
}

// Skips what follows the beginning of group `number`, up to its end.
absl::Status SkipGroup(Bytes& rest, std::uint32_t number) {
  std::uint32_t open[kMaxGroups] = {number};
  int depth = 1;
  while (depth > 0) {
    PITSER_ASSIGN_OR_RETURN(const Field field, TakeField(rest));
    if (field.type == kGroupBegin) {
      if (depth == kMaxGroups) return Malformed();
      open[depth++] = field.number;
    } else if (field.type == kGroupEnd) {
      if (open[--depth] != field.number) return Malformed();
    }
  }
  return absl::OkStatus();
}

// The next field of a message that is not a group; groups, which none of ours is, are skipped.
absl::StatusOr<std::optional<Field>> NextField(Bytes& rest) {
  while (!rest.empty()) {
    PITSER_ASSIGN_OR_RETURN(const Field field, TakeField(rest));
    if (field.type == kGroupEnd) return Malformed();
    if (field.type != kGroupBegin) return std::optional<Field>(field);
    PITSER_RETURN_IF_ERROR(SkipGroup(rest, field.number));
  }
  return std::optional<Field>();
}

absl::StatusOr<WireItem> ReadItem(Bytes message) {
  WireItem item;
  for (;;) {
    PITSER_ASSIGN_OR_RETURN(const std::optional<Field> field, NextField(message));
    if (!field.has_value()) return item;
    if (field->number == 1 && field->type == kVarint) item.id = field->value;
    if (field->number == 2 && field->type == kLength) item.imprint = field->bytes;
    if (field->number == 3 && field->type == kVarint) {
      item.level = static_cast<std::uint32_t>(field->value);
    }
  }
}

void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::size_t VarintSize(std::uint64_t value) {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

void AppendTag(std::string& out, std::uint32_t number, WireType type) {
  AppendVarint(out, number << 3 | type);
}

// A number; as it is told, also when it is 0.
void AppendNumber(std::string& out, std::uint32_t number, std::uint64_t value) {
  AppendTag(out, number, kVarint);
  AppendVarint(out, value);
}

void AppendText(std::string& out, std::uint32_t number, std::string_view value) {
  AppendTag(out, number, kLength);
  AppendVarint(out, value.size());
  out.append(value);
}

// SignStreamResponse.answers, with a SignItemAnswer of an id and an outcome.
void AppendAnswer(std::string& out, std::uint64_t id, std::uint32_t outcome,
                  std::string_view value) {
  const std::size_t id_size = id == 0 ? 0 : 1 + VarintSize(id);
  AppendTag(out, 1, kLength);
  AppendVarint(out, id_size + 1 + VarintSize(value.size()) + value.size());
  if (id != 0) AppendNumber(out, 1, id);
  AppendText(out, outcome, value);
}

void AppendShared(std::string& out, const WireShared& shared, const std::uint32_t (&numbers)[3]) {
  AppendText(out, numbers[0], ledger::AsText(shared.tail));
  AppendNumber(out, numbers[1], shared.seal.aggregation_time);
  for (const std::string& client : shared.seal.clients) AppendText(out, numbers[2], client);
  AppendText(out, numbers[2], shared.account);
}

}  // namespace

absl::Status CheckMessageBytes(std::size_t size, std::uint64_t max) {
  if (size <= max) return absl::OkStatus();
  return base::WithLimit(
      absl::InvalidArgumentError(absl::StrCat("a message of ", size, " bytes: at most ", max,
                                              " (limit max_message_bytes)")),
      "max_message_bytes");
}

absl::StatusOr<ledger::LeveledImprint> ReadHash(Bytes imprint, std::uint32_t level) {
  const auto hash = ledger::Imprint::Parse(imprint);
  if (!hash.ok()) return ledger::Annotate(hash.status(), "imprint");
  if (level > 254) {
    return absl::InvalidArgumentError(absl::StrCat("level: at most 254, got ", level));
  }
  return ledger::LeveledImprint{*hash, static_cast<ledger::Level>(level)};
}

absl::StatusOr<std::optional<WireItem>> WireItemReader::Next() {
  for (;;) {
    PITSER_ASSIGN_OR_RETURN(const std::optional<Field> field, NextField(rest_));
    if (!field.has_value()) return std::optional<WireItem>();
    if (field->number != 1 || field->type != kLength) continue;
    PITSER_ASSIGN_OR_RETURN(const WireItem item, ReadItem(field->bytes));
    return std::optional<WireItem>(item);
  }
}

absl::StatusOr<WireBatch> ReadBatchRequest(Bytes message) {
  WireBatch batch;
  for (;;) {
    PITSER_ASSIGN_OR_RETURN(const std::optional<Field> field, NextField(message));
    if (!field.has_value()) return batch;
    if (field->number == 1 && field->type == kVarint) {
      batch.algorithm = static_cast<std::uint32_t>(field->value);
    }
    if (field->number == 2 && field->type == kLength) batch.digests = field->bytes;
  }
}

void AppendSignature(std::string& message, std::uint64_t id, Bytes part) {
  AppendAnswer(message, id, 2, ledger::AsText(part));
}

void AppendError(std::string& message, std::uint64_t id, std::string_view error) {
  AppendAnswer(message, id, 3, error);
}

std::string EncodeItemError(const absl::Status& status) {
  std::string error;
  AppendNumber(error, 1, static_cast<std::uint64_t>(status.code()));
  AppendText(error, 2, ledger::ToStd(status.message()));
  if (const auto delay = base::RetryAfterOf(status)) {
    const std::int64_t ms = absl::ToInt64Milliseconds(*delay);
    constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
    AppendNumber(error, 3, static_cast<std::uint64_t>(std::clamp<std::int64_t>(ms, 0, kMax)));
  }
  if (const std::string limit = base::LimitOf(status); !limit.empty()) AppendText(error, 4, limit);
  return error;
}

void AppendPart(std::string& message, Bytes part) { AppendText(message, 2, ledger::AsText(part)); }

void AppendStreamShared(std::string& message, const WireShared& shared) {
  AppendShared(message, shared, {2, 3, 4});
}

void AppendBatchShared(std::string& message, const WireShared& shared) {
  AppendShared(message, shared, {1, 3, 4});
}

}  // namespace pitser::server
