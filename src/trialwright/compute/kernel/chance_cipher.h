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

struct Counter {
  Word visit, slot, trial_low, trial_high;
};

// The high halves of the words hold leftovers of the products all the way: nothing looks at them.
TW_INLINE Real uniform(Counter counter, uint64_t k0, uint64_t k1) {
  Word c0 = counter.visit, c1 = counter.slot, c2 = counter.trial_low, c3 = counter.trial_high;
#pragma GCC unroll 10
  for (int round = 0; round < 10; round++) {
    Word first = product(c0, 0xD2511F53), second = product(c2, 0xCD9E8D57);
    c0 = (second >> 32) ^ c1 ^ k0;
    c2 = (first >> 32) ^ c3 ^ k1;
    c1 = second;
    c3 = first;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  Word bits = ((c0 << 32) | (c1 & 0xFFFFFFFF)) >> 12;
  // 1 + k 2^-52, less 1, and half a step: exact, an odd multiple of 2^-53.
  return ((Real)(bits | 0x3FF0000000000000) - 1.0) + 0x1p-53;
}

}  // namespace cipher
