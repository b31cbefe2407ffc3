// Functions over arrays and addressed draws at the width of this machine: what compute/functions.py and
// compute/chance.py call.
#include <cstring>
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

#define TW_LANES "chance.inc"
#include "widths.h"

// out[i] = function(values[i]); `function` is its place in `functions.KERNELS`.
TW_EXPORT void tw_function(int function, const double* values, double* out, int64_t count) {
  TW_PICK(apply)(function, values, out, count);
}

// out[v, i] = the uniform draw of variable v (its two key words in `keys`) at address i. An address is trial, slot and
// visit, the three arrays of `words`, whose `strides` (word after word, one for each axis, counted in elements) lead
// through the common shape `sizes` of at most 8 axes.
TW_EXPORT void tw_uniforms(const uint64_t* keys, int64_t variables, int axes, const int64_t* sizes,
                           const uint64_t* const* words, const int64_t* strides, double* out) {
  TW_PICK(draw)(keys, variables, axes, sizes, words, strides, out);
}
