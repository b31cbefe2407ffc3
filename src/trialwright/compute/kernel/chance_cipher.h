// Philox4x32-10 in lanes (compute/chance.py says what it is), and its output as a uniform draw. Like functions.h it
// belongs inside the namespace of each width; on x86, immintrin.h comes before it.

namespace cipher {

using lanes::Real;
using lanes::Word;

// The low halves of two words multiplied, all 64 bits of the product; what stands in the high halves is ignored.
TW_INLINE Word product(Word a, uint64_t by) {
#if TW_WIDTH == 2
  return (Word)_mm512_maskz_mul_epu32(0xFF, (__m512i)a, _mm512_set1_epi64((long long)by));
#elif TW_WIDTH == 1
  union {
    Word whole;
    __m256i half[2];
  } words = {a};
  for (int part = 0; part < 2; part++)
    words.half[part] = _mm256_mul_epu32(words.half[part], _mm256_set1_epi64x((long long)by));
  return words.whole;
#elif defined(__SSE2__)
  union {
    Word whole;
    __m128i quarter[4];
  } words = {a};
  for (int part = 0; part < 4; part++)
    words.quarter[part] = _mm_mul_epu32(words.quarter[part], _mm_set1_epi64x((long long)by));
  return words.whole;
#else
  return (a & 0xFFFFFFFF) * by;
#endif
}

// Where the words of the counters lie, as long as there are draws.
struct Counters {
  const uint64_t *visit, *slot, *trial_low, *trial_high;
};

// The draws of N times eight addresses, side by side: each round of the cipher waits for the one before. The high
// halves of the words hold leftovers of the products all the way: nothing looks at them.
template <int N>
TW_INLINE void uniforms_of(const Counters& from, int64_t place, uint64_t k0, uint64_t k1, double* out) {
  Word c0[N], c1[N], c2[N], c3[N], first[N], second[N];
#pragma GCC unroll 4
  for (int i = 0; i < N; i++) {
    int64_t at = place + i * lanes::WIDTH;
    c0[i] = *(const Word*)(from.visit + at);
    c1[i] = *(const Word*)(from.slot + at);
    c2[i] = *(const Word*)(from.trial_low + at);
    c3[i] = *(const Word*)(from.trial_high + at);
  }
#pragma GCC unroll 10
  for (int round = 0; round < 10; round++) {
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) first[i] = product(c0[i], 0xD2511F53);
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) second[i] = product(c2[i], 0xCD9E8D57);
#pragma GCC unroll 4
    for (int i = 0; i < N; i++) {
      c0[i] = (second[i] >> 32) ^ c1[i] ^ k0;
      c2[i] = (first[i] >> 32) ^ c3[i] ^ k1;
      c1[i] = second[i];
      c3[i] = first[i];
    }
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
#pragma GCC unroll 4
  for (int i = 0; i < N; i++) {
    Word bits = ((c0[i] << 32) | (c1[i] & 0xFFFFFFFF)) >> 12;
    // 1 + k 2^-52, less 1, and half a step: exact, an odd multiple of 2^-53.
    *(Real*)(out + place + i * lanes::WIDTH) = ((Real)(bits | 0x3FF0000000000000) - 1.0) + 0x1p-53;
  }
}

// Draws for `count` addresses; both ends have room for a multiple of eight.
TW_INLINE void uniforms(const Counters& from, const uint64_t* key, double* out, int64_t count) {
  int64_t place = 0;
  if (TW_WIDTH == 2)
    for (; place + 4 * lanes::WIDTH <= count; place += 4 * lanes::WIDTH)
      uniforms_of<4>(from, place, key[0], key[1], out);
  for (; place < count; place += lanes::WIDTH) uniforms_of<1>(from, place, key[0], key[1], out);
}

}  // namespace cipher
