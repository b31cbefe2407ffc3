// The door of the batched analysis of covariance. See least_squares.inc.
#include "least_squares.h"

#include <cstdlib>

#include "lengths.h"
#include "mmrm.h"

#define TW_LANES "../../analysis/mmrm/kernel/least_squares.inc"
#include "../../../compute/kernel/widths.h"

// 0, 2 for sizes that the kernel does not serve, 4 without memory.
TW_EXPORT int tw_least_squares(const least_squares::Task* task) {
  const least_squares::Task& t = *task;
  if (t.participants < 1 || t.columns < 1 || t.columns > 64) return 2;
  const size_t size = sizeof(lanes::Real) * size_t(t.participants) * size_t(t.columns + 1);
  void* room = std::aligned_alloc(64, size);
  if (!room) return 4;
  TW_PICK(regress)(t, room);
  std::free(room);
  return 0;
}
