// Eight doubles that are computed together. On a machine with narrower vectors the compiler splits them; every
// operation works lane by lane and none is contracted (-ffp-contract=off), so the bits are the same at every width.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lanes {

constexpr int WIDTH = 8;
typedef double Real __attribute__((vector_size(8 * WIDTH)));
typedef int64_t Whole __attribute__((vector_size(8 * WIDTH)));  // also the type of a comparison: 0 or -1 in each lane
typedef uint64_t Word __attribute__((vector_size(8 * WIDTH)));

}  // namespace lanes

#if defined(__GNUC__) || defined(__clang__)
#define TW_INLINE static inline __attribute__((always_inline))
#define TW_EXPORT extern "C" __attribute__((visibility("default")))
#endif
