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
