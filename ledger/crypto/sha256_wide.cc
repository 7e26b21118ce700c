#include "ledger/crypto/sha256_wide.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "ledger/crypto/sha256_constants.h"

namespace pitser::ledger::internal {
namespace {

constexpr std::size_t kBlock = 64;

// The big-endian words of memory as numbers.
inline __m512i BigEndianWords() {
  return _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

// Rows become columns: row i holds the sixteen words of message i, then word i of all messages.
inline void Transpose(__m512i (&rows)[16]) {
  __m512i pairs[16];
  for (int i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  // Now by fours: quads[4 k + j] holds words j, 4 + j, 8 + j, 12 + j of messages 4 k to 4 k + 3.
  __m512i quads[16];
  for (int i = 0; i < 16; i += 4) {
    quads[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
    quads[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
    quads[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    quads[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
  for (int j = 0; j < 4; ++j) {
    const __m512i low01 = _mm512_shuffle_i32x4(quads[j], quads[4 + j], 0x44);
    const __m512i high01 = _mm512_shuffle_i32x4(quads[j], quads[4 + j], 0xee);
    const __m512i low23 = _mm512_shuffle_i32x4(quads[8 + j], quads[12 + j], 0x44);
    const __m512i high23 = _mm512_shuffle_i32x4(quads[8 + j], quads[12 + j], 0xee);
    rows[j] = _mm512_shuffle_i32x4(low01, low23, 0x88);
    rows[4 + j] = _mm512_shuffle_i32x4(low01, low23, 0xdd);
    rows[8 + j] = _mm512_shuffle_i32x4(high01, high23, 0x88);
    rows[12 + j] = _mm512_shuffle_i32x4(high01, high23, 0xdd);
  }
}

inline __m512i Xor3(__m512i a, __m512i b, __m512i c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

// FIPS 180-4, 6.2.2. `v` are the working variables, which change places instead of moving: round t
// finds variable k at v[(k - t) mod 8].
template <int kRound>
[[gnu::always_inline]] inline void OneRound(__m512i (&v)[8], __m512i (&w)[16]) {
  constexpr auto at = [](int k) { return (k - kRound % 8 + 8) % 8; };
  const __m512i a = v[at(0)], b = v[at(1)], c = v[at(2)], e = v[at(4)], f = v[at(5)], g = v[at(6)];
  __m512i& now = w[kRound % 16];
  if constexpr (kRound >= 16) {
    const __m512i fifteen = w[(kRound + 1) % 16], two = w[(kRound + 14) % 16];
    const __m512i sigma0 = Xor3(_mm512_ror_epi32(fifteen, 7), _mm512_ror_epi32(fifteen, 18),
                                _mm512_srli_epi32(fifteen, 3));
    const __m512i sigma1 =
        Xor3(_mm512_ror_epi32(two, 17), _mm512_ror_epi32(two, 19), _mm512_srli_epi32(two, 10));
    now = _mm512_add_epi32(_mm512_add_epi32(now, w[(kRound + 9) % 16]),
                           _mm512_add_epi32(sigma0, sigma1));
  }
  const __m512i sum1 =
      Xor3(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
  const __m512i choice = _mm512_ternarylogic_epi32(e, f, g, 0xca);
  const __m512i constant = _mm512_set1_epi32(static_cast<int>(kSha256RoundConstants[kRound]));
  const __m512i one = _mm512_add_epi32(_mm512_add_epi32(_mm512_add_epi32(v[at(7)], sum1), choice),
                                       _mm512_add_epi32(constant, now));
  const __m512i sum0 =
      Xor3(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
  const __m512i majority = _mm512_ternarylogic_epi32(a, b, c, 0xe8);
  v[at(3)] = _mm512_add_epi32(v[at(3)], one);
  v[at(7)] = _mm512_add_epi32(one, _mm512_add_epi32(sum0, majority));
}

template <int kRound>
[[gnu::always_inline]] inline void Rounds(__m512i (&v)[8], __m512i (&w)[16]) {
  OneRound<kRound>(v, w);
  if constexpr (kRound < 63) Rounds<kRound + 1>(v, w);
}

}  // namespace

void Sha256BlocksOfSixteen(const std::uint8_t* messages, std::size_t count, std::uint8_t* digests,
                           std::size_t digest_stride) {
  __m512i state[8];
  for (int i = 0; i < 8; ++i) {
    state[i] = _mm512_set1_epi32(static_cast<int>(kSha256InitialState[i]));
  }
  for (std::size_t block = 0; block < count; ++block) {
    __m512i w[16];
    for (std::size_t i = 0; i < kWideLanes; ++i) {
      w[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(messages + (i * count + block) * kBlock),
                                 BigEndianWords());
    }
    Transpose(w);
    __m512i v[8];
    for (int i = 0; i < 8; ++i) v[i] = state[i];
    Rounds<0>(v, w);
    for (int i = 0; i < 8; ++i) state[i] = _mm512_add_epi32(state[i], v[i]);
  }
  __m512i rows[16];
  for (int i = 0; i < 8; ++i) {
    rows[i] = state[i];
    rows[8 + i] = _mm512_setzero_si512();
  }
  Transpose(rows);
  for (std::size_t i = 0; i < kWideLanes; ++i) {
    const __m512i row = _mm512_shuffle_epi8(rows[i], BigEndianWords());
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(digests + i * digest_stride),
                        _mm512_castsi512_si256(row));
  }
}

}  // namespace pitser::ledger::internal

#endif
