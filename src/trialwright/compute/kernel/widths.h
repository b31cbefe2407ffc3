// Compiles one file of lanes three times, for portable, AVX2 and AVX-512 machines; `TW_LANES` names the file. Call what
// it defines as TW_PICK(function)(arguments): the widest that this machine has and that was not forced narrower.
// On other processors there is the portable width alone, whose vectors the compiler maps to what they have (NEON).
#include "lanes.h"

// 0 portable, 1 AVX2, 2 AVX-512; defined in kernel.cpp.
extern int tw_chosen_width;

// What the included file may ask for its own width; the compiler's macros do not follow the pragmas below everywhere.
#define TW_WIDTH 0
namespace portable {
#include TW_LANES
}
#undef TW_WIDTH

#if (defined(__x86_64__) || defined(_M_X64)) && (defined(__GNUC__) || defined(__clang__))
#define TW_HAS_WIDTHS 1

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
#define TW_WIDTH 1
namespace avx2 {
#include TW_LANES
}
#undef TW_WIDTH
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")
#endif
#define TW_WIDTH 2
namespace avx512 {
#include TW_LANES
}
#undef TW_WIDTH
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#define TW_PICK(function) \
  (tw_chosen_width == 2 ? avx512::function : tw_chosen_width == 1 ? avx2::function : portable::function)
#else
#define TW_PICK(function) (portable::function)
#endif
