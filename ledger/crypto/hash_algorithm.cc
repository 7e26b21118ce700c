#include "ledger/crypto/hash_algorithm.h"

#include <array>
#include <cctype>
#include <string>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"

namespace pitser::ledger {
namespace {

struct Entry {
  HashAlgorithm algorithm;
  std::string_view name;
  std::uint8_t block_size;
};

constexpr std::array kEntries = {
    Entry{HashAlgorithm::kSha1, "SHA-1", 64},
    Entry{HashAlgorithm::kSha256, "SHA-256", 64},
    Entry{HashAlgorithm::kRipemd160, "RIPEMD-160", 64},
    Entry{HashAlgorithm::kSha384, "SHA-384", 128},
    Entry{HashAlgorithm::kSha512, "SHA-512", 128},
    Entry{HashAlgorithm::kSha3_224, "SHA3-224", 144},
    Entry{HashAlgorithm::kSha3_256, "SHA3-256", 136},
    Entry{HashAlgorithm::kSha3_384, "SHA3-384", 104},
    Entry{HashAlgorithm::kSha3_512, "SHA3-512", 72},
    Entry{HashAlgorithm::kSm3, "SM-3", 64},
};

struct Alias {
  std::string_view name;  // Upper case, '-' for '_'.
  HashAlgorithm algorithm;
};

constexpr std::array kAliases = {
    Alias{"SHA1", HashAlgorithm::kSha1},           Alias{"SHA2-256", HashAlgorithm::kSha256},
    Alias{"SHA-2", HashAlgorithm::kSha256},        Alias{"SHA2", HashAlgorithm::kSha256},
    Alias{"SHA256", HashAlgorithm::kSha256},       Alias{"DEFAULT", HashAlgorithm::kSha256},
    Alias{"RIPEMD160", HashAlgorithm::kRipemd160}, Alias{"SHA384", HashAlgorithm::kSha384},
    Alias{"SHA2-384", HashAlgorithm::kSha384},     Alias{"SHA512", HashAlgorithm::kSha512},
    Alias{"SHA2-512", HashAlgorithm::kSha512},     Alias{"SM3", HashAlgorithm::kSm3},
};

constexpr std::array kAll = [] {
  std::array<HashAlgorithm, kEntries.size()> all{};
  for (std::size_t i = 0; i < kEntries.size(); ++i) all[i] = kEntries[i].algorithm;
  return all;
}();

// One slot for each id byte that can be registered, so that look-ups on hot paths are an index.
constexpr std::array kById = [] {
  std::array<const Entry*, 16> by_id{};
  for (const Entry& entry : kEntries) by_id[static_cast<std::size_t>(entry.algorithm)] = &entry;
  return by_id;
}();

const Entry& Find(HashAlgorithm algorithm) {
  const auto id = static_cast<std::size_t>(algorithm);
  PITSER_CHECK(id < kById.size() && kById[id] != nullptr);
  return *kById[id];
}

}  // namespace

std::span<const HashAlgorithm> AllHashAlgorithms() { return kAll; }

std::optional<HashAlgorithm> HashAlgorithmFromId(std::uint64_t id) {
  if (id >= kById.size() || kById[id] == nullptr) return std::nullopt;
  return kById[id]->algorithm;
}

absl::StatusOr<HashAlgorithm> HashAlgorithmFromName(std::string_view name) {
  std::string normal;
  normal.reserve(name.size());
  for (char c : name) {
    normal.push_back(c == '_' ? '-'
                              : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  for (const Entry& entry : kEntries) {
    if (entry.name == normal) return entry.algorithm;
  }
  for (const Alias& alias : kAliases) {
    if (alias.name == normal) return alias.algorithm;
  }
  return absl::InvalidArgumentError(absl::StrFormat("unknown hash algorithm '%s'", name));
}

std::string_view HashAlgorithmName(HashAlgorithm algorithm) { return Find(algorithm).name; }

std::size_t BlockSize(HashAlgorithm algorithm) { return Find(algorithm).block_size; }

const AlgorithmPolicy& AlgorithmPolicy::Default() {
  // 2016-07-01T00:00:00Z.
  static const auto* const kPolicy = new AlgorithmPolicy(
      {{HashAlgorithm::kSha1, {.deprecated_since = 1467331200, .obsolete_since = std::nullopt}}});
  return *kPolicy;
}

}  // namespace pitser::ledger
