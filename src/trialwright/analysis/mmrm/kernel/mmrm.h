// What the parts of the compiled mixed model hand to each other. Mathematics and names: see mmrm.inc.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace mmrm {

// What became of a trial; `native.py` holds the same numbers and the sentences.
enum Status {
  PENDING = -1,          // the quick course did not arrive; the careful one follows
  CONVERGED = 0,
  NOT_FINITE = 1,        // an outcome or covariate is infinite or too large
  TOO_FEW = 2,           // no more rows than coefficients
  SINGULAR = 3,          // the columns of the design depend on each other on the observed rows
  VISIT_UNSEEN = 4,      // a visit without a single outcome
  PAIR_UNSEEN = 5,       // two visits never observed in one participant: their covariance is not in the likelihood
  NO_ERROR = 6,          // the model fits every row exactly
  DEGENERATE = 7,        // the likelihood grows without bound as the covariance becomes singular
  TOO_MANY = 8,          // too many iterations
  NOT_A_MAXIMUM = 9,     // the information is not positive definite where the score vanishes
};

// What is asked: `outcome` (trials, n, m) with nan where missing, `covariates` (trials, n, q) (a participant with nan is
// left out), `cells` (m q, p) and `contrasts` (c, p). `out` has one record per trial, see `record_length`.
struct Task {
  int64_t trials;
  int32_t participants, visits, covariates, coefficients, contrasts, restricted, most, whole;
  double tolerance;
  const double* outcome;
  const double* covariate;
  const double* cells;
  const double* contrast;
  double* out;
};

// One term of a sum: out += factor * in[place].
struct Term {
  int32_t place;
  double factor;
};

// The design in a basis of our own. X_i = (I (x) x_i') R with R = reduced * pivot, where `reduced` (m q, p) holds an
// identity in its pivot rows and so is as sparse as it can be.
struct Model {
  int m, q, p, c, k, qq, pp, most;
  bool restricted, whole;
  double tolerance, log_determinant;
  std::vector<int32_t> row, column;  // the entries of `reduced`
  std::vector<double> value;
  std::vector<double> pivot;     // (p, p) the pivot rows of R: ours = pivot * coefficients
  std::vector<double> back;      // (p, p) inverse of the pivot rows of R: coefficients = back * ours
  std::vector<double> contrast;  // (c, p) in our basis
  std::vector<uint8_t> closed;   // (q) whether covariate c may be centred without leaving the column space
  std::vector<double> closing;   // (q, p, p) what centring does to the coefficients
  bool has_level;
  std::vector<double> level;     // (p) the coefficients of the constant 1
  // N[t] = sum over begin[t] <= s < begin[t + 1] of term[s]: the congruence R' G R of a symmetric matrix of cells that
  // is kept as G[tri(u, v) qq + tri(c, d)].
  std::vector<int32_t> begin;
  std::vector<Term> term;
  std::vector<Term> spread;      // the same list turned round: cells from a symmetric (p, p) matrix
  std::vector<int32_t> four;     // (k (k + 1) / 2, 4) places in a (k, k) tensor, k k for "nothing"
};

inline int tri(int a, int b) { return a >= b ? a * (a + 1) / 2 + b : b * (b + 1) / 2 + a; }

inline int record_length(int p, int k, int c, bool whole) {
  return 6 + p + k + 4 * c + (whole ? 2 * p * p + k * k + k * p * p : 0);
}

}  // namespace mmrm
