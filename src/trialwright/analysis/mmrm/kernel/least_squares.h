// What is asked of the batched least squares: `outcome` (trials, n) with nan where missing, `design` (trials, n, k), or
// (n, k) for all where `shared`. `out` gets five numbers a trial: status (see mmrm.h), estimate, standard error and
// degrees of freedom of the last column, residual variance.
#pragma once

#include <cstdint>

namespace least_squares {

struct Task {
  int64_t trials;
  int32_t participants, columns, shared;
  const double* outcome;
  const double* design;
  double* out;
};

}  // namespace least_squares
