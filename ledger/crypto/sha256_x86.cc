#include "ledger/crypto/sha256_x86.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "ledger/crypto/sha256_constants.h"

namespace pitser::ledger::internal {
namespace {

// The state as the instructions want it: words A B E F and C D G H, the first one highest.
struct State {
  __m128i abef;
  __m128i cdgh;
};

inline State InitialState() {
  const auto word = [](int i) { return static_cast<int>(kSha256InitialState[i]); };
  return {_mm_set_epi32(word(0), word(1), word(4), word(5)),
          _mm_set_epi32(word(2), word(3), word(6), word(7))};
}

inline __m128i BigEndianWords() { return _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203); }

// Four rounds: kGroup is which four of the 64. w[i] holds four words of the message schedule, those
// of group i modulo 4.
template <int kGroup>
[[gnu::always_inline]] inline void FourRounds(State& state, __m128i (&w)[4],
                                              const std::uint8_t* block) {
  __m128i& now = w[kGroup % 4];
  const __m128i before = w[(kGroup + 3) % 4];
  if constexpr (kGroup < 4) {
    now = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + kGroup),
                           BigEndianWords());
  } else {
    const __m128i sigma0 = _mm_sha256msg1_epu32(now, w[(kGroup + 1) % 4]);
    const __m128i seven_back = _mm_alignr_epi8(before, w[(kGroup + 2) % 4], 4);
    now = _mm_sha256msg2_epu32(_mm_add_epi32(sigma0, seven_back), before);
  }
  const __m128i words = _mm_add_epi32(
      now, _mm_load_si128(reinterpret_cast<const __m128i*>(kSha256RoundConstants) + kGroup));
  state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, words);
  state.abef = _mm_sha256rnds2_epu32(state.abef, state.cdgh, _mm_shuffle_epi32(words, 0x0e));
}

// Group after group, each for every message, so that the messages' instructions lie side by side.
template <int kGroup, int kMessages>
[[gnu::always_inline]] inline void Rounds(State (&states)[kMessages], __m128i (&w)[kMessages][4],
                                          const std::uint8_t* const (&blocks)[kMessages]) {
  for (int i = 0; i < kMessages; ++i) FourRounds<kGroup>(states[i], w[i], blocks[i]);
  if constexpr (kGroup < 15) Rounds<kGroup + 1>(states, w, blocks);
}

inline void Store(const State& state, std::uint8_t* digest) {
  // B A F E and D C H G, lowest first, are to become A B C D and E F G H.
  const __m128i feba = _mm_shuffle_epi32(state.abef, 0x1b);  // A B E F, lowest first.
  const __m128i hgdc = _mm_shuffle_epi32(state.cdgh, 0x1b);  // C D G H.
  const __m128i abcd = _mm_unpacklo_epi64(feba, hgdc);
  const __m128i efgh = _mm_unpackhi_epi64(feba, hgdc);
  auto* const to = reinterpret_cast<__m128i*>(digest);
  _mm_storeu_si128(to, _mm_shuffle_epi8(abcd, BigEndianWords()));
  _mm_storeu_si128(to + 1, _mm_shuffle_epi8(efgh, BigEndianWords()));
}

template <int kMessages>
[[gnu::always_inline]] inline void HashBlocks(const std::uint8_t* const (&messages)[kMessages],
                                              std::size_t count,
                                              std::uint8_t* const (&digests)[kMessages]) {
  State states[kMessages];
  const std::uint8_t* blocks[kMessages];
  for (int i = 0; i < kMessages; ++i) {
    states[i] = InitialState();
    blocks[i] = messages[i];
  }
  for (std::size_t block = 0; block < count; ++block) {
    State before[kMessages];
    __m128i w[kMessages][4];
    for (int i = 0; i < kMessages; ++i) before[i] = states[i];
    Rounds<0, kMessages>(states, w, blocks);
    for (int i = 0; i < kMessages; ++i) {
      states[i].abef = _mm_add_epi32(states[i].abef, before[i].abef);
      states[i].cdgh = _mm_add_epi32(states[i].cdgh, before[i].cdgh);
      blocks[i] += 64;
    }
  }
  for (int i = 0; i < kMessages; ++i) Store(states[i], digests[i]);
}

}  // namespace

void Sha256Blocks(const std::uint8_t* blocks, std::size_t count, std::uint8_t* digest) {
  HashBlocks<1>({blocks}, count, {digest});
}

void Sha256BlocksOfTwo(const std::uint8_t* one, const std::uint8_t* other, std::size_t count,
                       std::uint8_t* digest_of_one, std::uint8_t* digest_of_other) {
  HashBlocks<2>({one, other}, count, {digest_of_one, digest_of_other});
}

}  // namespace pitser::ledger::internal

#endif
