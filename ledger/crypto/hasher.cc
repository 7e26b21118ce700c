#include "ledger/crypto/hasher.h"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "ledger/base/check.h"
#include "ledger/base/status.h"
#include "ledger/crypto/openssl_internal.h"
#include "ledger/crypto/sha256_short.h"

namespace pitser::ledger {

const char* internal::OpensslName(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha1:
      return "SHA1";
    case HashAlgorithm::kSha256:
      return "SHA256";
    case HashAlgorithm::kRipemd160:
      return "RIPEMD160";
    case HashAlgorithm::kSha384:
      return "SHA384";
    case HashAlgorithm::kSha512:
      return "SHA512";
    case HashAlgorithm::kSha3_224:
      return "SHA3-224";
    case HashAlgorithm::kSha3_256:
      return "SHA3-256";
    case HashAlgorithm::kSha3_384:
      return "SHA3-384";
    case HashAlgorithm::kSha3_512:
      return "SHA3-512";
    case HashAlgorithm::kSm3:
      return "SM3";
  }
  return nullptr;
}

namespace {

// OpenSSL 3 looks a digest up under a global lock whenever it is named, which costs three times the
// hash and does not scale: so each is fetched once a process.
const EVP_MD* Fetched(HashAlgorithm algorithm) {
  static const auto* const kFetched = [] {
    auto* table = new std::array<const EVP_MD*, 16>{};
    for (HashAlgorithm each : AllHashAlgorithms()) {
      (*table)[static_cast<std::size_t>(each)] =
          EVP_MD_fetch(nullptr, internal::OpensslName(each), nullptr);
    }
    return table;
  }();
  return (*kFetched)[static_cast<std::size_t>(algorithm)];
}

absl::Status Unavailable(HashAlgorithm algorithm) {
  return absl::UnimplementedError(
      absl::StrFormat("this build's OpenSSL cannot compute %s", HashAlgorithmName(algorithm)));
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

// A context per thread and algorithm: reinitialising one with the digest it already has is the
// cheapest path through EVP.
EVP_MD_CTX* ThreadContext(HashAlgorithm algorithm) {
  thread_local std::array<Context, 16> contexts;
  Context& context = contexts[static_cast<std::size_t>(algorithm)];
  if (context == nullptr) {
    context.reset(EVP_MD_CTX_new());
    PITSER_CHECK(context != nullptr);
  }
  return context.get();
}

// Whether a message is one for the processor's own instructions, the fastest way there is.
bool IsShortSha256(HashAlgorithm algorithm, std::size_t size) {
  return algorithm == HashAlgorithm::kSha256 && size <= internal::kMaxShortMessage &&
         internal::HasSha256Instructions();
}

std::size_t JoinedSize(std::span<const Bytes> parts) {
  std::size_t size = 0;
  for (Bytes part : parts) size += part.size();
  return size;
}

bool IsShortSha256(const HashInput& input) {
  return IsShortSha256(input.algorithm, JoinedSize(input.parts));
}

// Writes the digest of the joined parts, which are read before: they may view into its place.
// Precondition: HashAvailable(algorithm).
void HashTo(HashAlgorithm algorithm, std::span<const Bytes> parts, std::span<std::uint8_t> out) {
  if (IsShortSha256(algorithm, JoinedSize(parts))) {
    return internal::Sha256Short(parts, out.data());
  }
  EVP_MD_CTX* context = ThreadContext(algorithm);
  PITSER_CHECK(EVP_DigestInit_ex2(context, Fetched(algorithm), nullptr) == 1);
  for (Bytes part : parts) {
    PITSER_CHECK(EVP_DigestUpdate(context, part.data(), part.size()) == 1);
  }
  PITSER_CHECK(EVP_DigestFinal_ex(context, out.data(), nullptr) == 1);
}

}  // namespace

bool HashAvailable(HashAlgorithm algorithm) { return Fetched(algorithm) != nullptr; }

absl::StatusOr<Imprint> Hash(HashAlgorithm algorithm, std::initializer_list<Bytes> parts) {
  if (!HashAvailable(algorithm)) return Unavailable(algorithm);
  return Imprint::Make(algorithm, [&](std::span<std::uint8_t> out) {
    HashTo(algorithm, {parts.begin(), parts.size()}, out);
  });
}

absl::Status HashOne(const HashInput& input, Imprint& node) {
  if (!HashAvailable(input.algorithm)) return Unavailable(input.algorithm);
  const auto fill = [&](std::span<std::uint8_t> out) { HashTo(input.algorithm, input.parts, out); };
  if (node.algorithm() == input.algorithm) {
    node.Remake(fill);
  } else {
    node = Imprint::Make(input.algorithm, fill);
  }
  return absl::OkStatus();
}

absl::Status HashTwo(const HashInput& one, const HashInput& other, Imprint& one_node,
                     Imprint& other_node) {
  if (!IsShortSha256(one) || !IsShortSha256(other)) {
    Imprint first = one_node;  // The other's parts may view into it.
    PITSER_RETURN_IF_ERROR(HashOne(one, first));
    PITSER_RETURN_IF_ERROR(HashOne(other, other_node));
    one_node = first;
    return absl::OkStatus();
  }
  if (one_node.algorithm() == HashAlgorithm::kSha256 &&
      other_node.algorithm() == HashAlgorithm::kSha256) {
    one_node.Remake([&](std::span<std::uint8_t> out_of_one) {
      other_node.Remake([&](std::span<std::uint8_t> out_of_other) {
        internal::Sha256ShortTwo(one.parts, other.parts, out_of_one.data(), out_of_other.data());
      });
    });
    return absl::OkStatus();
  }
  Imprint second = Imprint::Zero(HashAlgorithm::kSha256);
  one_node = Imprint::Make(HashAlgorithm::kSha256, [&](std::span<std::uint8_t> out_of_one) {
    second = Imprint::Make(HashAlgorithm::kSha256, [&](std::span<std::uint8_t> out_of_other) {
      internal::Sha256ShortTwo(one.parts, other.parts, out_of_one.data(), out_of_other.data());
    });
  });
  other_node = second;
  return absl::OkStatus();
}

struct StreamHasher::State {
  HashAlgorithm algorithm;
  Context context;

  void Start() const {
    PITSER_CHECK(EVP_DigestInit_ex2(context.get(), Fetched(algorithm), nullptr) == 1);
  }
};

StreamHasher::StreamHasher(std::unique_ptr<State> state) : state_(std::move(state)) {}
StreamHasher::StreamHasher(StreamHasher&&) noexcept = default;
StreamHasher& StreamHasher::operator=(StreamHasher&&) noexcept = default;
StreamHasher::~StreamHasher() = default;

absl::StatusOr<StreamHasher> StreamHasher::Create(HashAlgorithm algorithm) {
  if (!HashAvailable(algorithm)) return Unavailable(algorithm);
  auto state = std::make_unique<State>();
  state->algorithm = algorithm;
  state->context.reset(EVP_MD_CTX_new());
  PITSER_CHECK(state->context != nullptr);
  state->Start();
  return StreamHasher(std::move(state));
}

void StreamHasher::Update(Bytes piece) {
  PITSER_CHECK(EVP_DigestUpdate(state_->context.get(), piece.data(), piece.size()) == 1);
}

Imprint StreamHasher::Finish() {
  Imprint imprint = Imprint::Make(state_->algorithm, [&](std::span<std::uint8_t> out) {
    PITSER_CHECK(EVP_DigestFinal_ex(state_->context.get(), out.data(), nullptr) == 1);
  });
  state_->Start();
  return imprint;
}

absl::StatusOr<HashBatch> HashBatch::Create(HashAlgorithm algorithm, std::size_t message_size,
                                            std::size_t capacity) {
  if (!HashAvailable(algorithm)) return Unavailable(algorithm);
  if (!IsShortSha256(algorithm, message_size)) {
    return HashBatch(algorithm, message_size, message_size, capacity, /*padded=*/false);
  }
  HashBatch batch(algorithm, message_size,
                  internal::Sha256PaddedBlocks(message_size) * internal::kSha256Block, capacity,
                  /*padded=*/true);
  for (std::size_t i = 0; i < capacity; ++i) {
    internal::WriteSha256Padding(batch.messages_.data() + i * batch.stride_, message_size);
  }
  return batch;
}

void HashBatch::Finish(std::uint8_t* digests, std::size_t digest_stride) {
  const std::size_t count = std::exchange(count_, 0);
  if (padded_) {
    return internal::Sha256Padded({messages_.data(), stride_ / internal::kSha256Block, count},
                                  digests, digest_stride);
  }
  EVP_MD_CTX* const context = ThreadContext(algorithm_);
  const EVP_MD* const digest = Fetched(algorithm_);
  for (std::size_t i = 0; i < count; ++i) {
    PITSER_CHECK(EVP_DigestInit_ex2(context, digest, nullptr) == 1 &&
                 EVP_DigestUpdate(context, messages_.data() + i * stride_, message_size_) == 1 &&
                 EVP_DigestFinal_ex(context, digests + i * digest_stride, nullptr) == 1);
  }
}

}  // namespace pitser::ledger
