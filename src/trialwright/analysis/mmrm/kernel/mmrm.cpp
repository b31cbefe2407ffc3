// The doors of the compiled mixed model, and the design in a sparse basis. See mmrm.inc for the mathematics.
#include "lengths.h"
#include "mmrm.h"

// The loops here run over a handful of vectors; a call that copies or clears memory costs more than they do.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

#define TW_LANES "../../analysis/mmrm/kernel/mmrm.inc"
#include "../../../compute/kernel/widths.h"

namespace mmrm {
namespace {

// Column operations that leave an identity in p rows of the cells (complete pivoting). Gives false for lacking rank.
bool reduce(std::vector<double>& cells, int rows, int p, std::vector<double>& back, std::vector<int>& pivot_row, double& log_determinant) {
  back.assign(size_t(p) * p, 0.0);
  for (int t = 0; t < p; t++) back[t * p + t] = 1.0;
  pivot_row.assign(p, -1);
  std::vector<char> used(rows, 0);
  double largest = 0.0;
  for (double x : cells) largest = std::max(largest, std::fabs(x));
  log_determinant = 0.0;
  for (int step = 0; step < p; step++) {
    int at_row = -1, at_column = -1;
    double best = 0.0;
    for (int r = 0; r < rows; r++)
      if (!used[r])
        for (int c = 0; c < p; c++)
          if (pivot_row[c] < 0 && std::fabs(cells[size_t(r) * p + c]) > best * (1.0 + 1e-9)) {
            best = std::fabs(cells[size_t(r) * p + c]);
            at_row = r;
            at_column = c;
          }
    if (!(best > 1e-10 * largest)) return false;
    const double pivot = cells[size_t(at_row) * p + at_column];
    log_determinant += std::log(std::fabs(pivot));
    used[at_row] = 1;
    pivot_row[at_column] = at_row;
    auto sweep = [&](std::vector<double>& x, int tall) {
      for (int r = 0; r < tall; r++) x[size_t(r) * p + at_column] /= pivot;
    };
    sweep(cells, rows);
    sweep(back, p);
    for (int c = 0; c < p; c++) {
      const double factor = cells[size_t(at_row) * p + c];
      if (c == at_column || factor == 0.0) continue;
      for (int r = 0; r < rows; r++) cells[size_t(r) * p + c] -= factor * cells[size_t(r) * p + at_column];
      for (int r = 0; r < p; r++) back[size_t(r) * p + c] -= factor * back[size_t(r) * p + at_column];
    }
  }
  for (double& x : cells) {
    const double whole = std::nearbyint(x);
    if (std::fabs(x - whole) < 1e-13) x = whole;
  }
  return true;
}

// Coefficients that give the cells `wanted` (mq), if there are any.
bool given_by(const std::vector<double>& cells, int rows, int p, const std::vector<int>& pivot_row,
              const std::vector<double>& wanted, double* out) {
  for (int c = 0; c < p; c++) out[c] = wanted[pivot_row[c]];
  for (int r = 0; r < rows; r++) {
    double sum = 0.0;
    for (int c = 0; c < p; c++) sum += cells[size_t(r) * p + c] * out[c];
    if (std::fabs(sum - wanted[r]) > 1e-12) return false;
  }
  return true;
}

void list_terms(Model& w) {
  const int entries = int(w.row.size());
  std::vector<std::vector<int>> of(w.p);
  for (int e = 0; e < entries; e++) of[w.column[e]].push_back(e);
  for (int s = 0; s < w.p; s++)
    for (int t = 0; t <= s; t++) {
      w.begin.push_back(int32_t(w.term.size()));
      for (int a : of[s])
        for (int b : of[t]) {
          const int u = w.row[a] / w.q, c = w.row[a] % w.q, v = w.row[b] / w.q, d = w.row[b] % w.q;
          const double factor = w.value[a] * w.value[b];
          w.term.push_back({tri(u, v) * w.qq + tri(c, d), factor});
          w.spread.push_back({0, factor * (s == t ? 1.0 : 2.0) / (u == v ? 1.0 : 2.0)});
        }
    }
  w.begin.push_back(int32_t(w.term.size()));
}

void list_places(Model& w) {
  const int k = w.k;
  std::vector<int> high, low;
  for (int a = 0; a < w.m; a++)
    for (int b = 0; b <= a; b++) {
      high.push_back(a);
      low.push_back(b);
    }
  for (int j = 0; j < k; j++)
    for (int l = 0; l <= j; l++) {
      const int a = high[j], b = low[j], c = high[l], d = low[l];
      w.four.push_back(tri(b, c) * k + tri(d, a));
      w.four.push_back(a != b ? tri(a, c) * k + tri(d, b) : k * k);
      w.four.push_back(c != d ? tri(b, d) * k + tri(c, a) : k * k);
      w.four.push_back(a != b && c != d ? tri(a, d) * k + tri(c, b) : k * k);
    }
}

bool model_of(const Task& t, Model& w) {
  w.m = t.visits;
  w.q = t.covariates;
  w.p = t.coefficients;
  w.c = t.contrasts;
  w.k = w.m * (w.m + 1) / 2;
  w.qq = w.q * (w.q + 1) / 2;
  w.pp = w.p * (w.p + 1) / 2;
  w.most = t.most;
  w.restricted = t.restricted != 0;
  w.whole = t.whole != 0;
  w.tolerance = t.tolerance;
  const int rows = w.m * w.q, p = w.p;
  std::vector<double> cells(t.cells, t.cells + size_t(rows) * p);
  std::vector<int> pivot_row;
  if (!reduce(cells, rows, p, w.back, pivot_row, w.log_determinant)) return false;
  for (int row : pivot_row) w.pivot.insert(w.pivot.end(), t.cells + size_t(row) * p, t.cells + size_t(row + 1) * p);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < p; c++)
      if (cells[size_t(r) * p + c] != 0.0) {
        w.row.push_back(r);
        w.column.push_back(c);
        w.value.push_back(cells[size_t(r) * p + c]);
      }
  w.contrast.assign(size_t(w.c) * p, 0.0);
  for (int s = 0; s < w.c; s++)
    for (int r = 0; r < p; r++)
      for (int c = 0; c < p; c++) w.contrast[size_t(s) * p + c] += t.contrast[size_t(s) * p + r] * w.back[size_t(r) * p + c];
  std::vector<double> wanted(rows, 0.0), found(p);
  for (int v = 0; v < w.m; v++) wanted[v * w.q] = 1.0;
  w.level.assign(p, 0.0);
  w.has_level = given_by(cells, rows, p, pivot_row, wanted, w.level.data());
  w.closed.assign(w.q, 0);
  w.closing.assign(size_t(w.q) * p * p, 0.0);
  for (int c = 1; c < w.q; c++) {
    bool closed = true;
    for (int j = 0; j < p && closed; j++) {
      std::fill(wanted.begin(), wanted.end(), 0.0);
      for (int v = 0; v < w.m; v++) wanted[v * w.q] = cells[size_t(v * w.q + c) * p + j];
      closed = given_by(cells, rows, p, pivot_row, wanted, found.data());
      for (int r = 0; r < p; r++) w.closing[(size_t(c) * p + r) * p + j] = found[r];
    }
    w.closed[c] = closed;
  }
  list_terms(w);
  list_places(w);
  return true;
}

}  // namespace
}  // namespace mmrm

// Fits every trial of the task and writes a record for each; 0, or 1 where the cells themselves lack rank, 2 where a size
// is beyond what the kernel serves, 4 without memory.
TW_EXPORT int tw_mmrm(const mmrm::Task* task) {
  const mmrm::Task& t = *task;
  if (t.visits < 1 || t.visits > 12 || t.covariates < 1 || t.visits * t.covariates > 256 || t.coefficients < 1 ||
      t.coefficients > 128)
    return 2;
  mmrm::Model w;
  if (!mmrm::model_of(t, w)) return 1;
  return TW_PICK(course)(t, w);
}

// One data set in long form: the rows of participants 0 to n - 1, participant by participant. The outcome and design are
// brought into the form of a task with as few covariates x_i as the design lets: a column of the design at one visit is
// a multiple of one of them. `most` bounds their number. Gives the result of tw_mmrm, or 3 where they are too many.
TW_EXPORT int tw_mmrm_long(mmrm::Task* task, int64_t rows, const double* outcome, const double* design,
                           const int64_t* participant, const int64_t* visit, int32_t most) {
  mmrm::Task& t = *task;
  const int n = t.participants, m = t.visits, p = t.coefficients;
  if (m < 1 || m > 12 || p < 1 || p > 128 || n < 1) return 2;
  std::vector<int64_t> row(size_t(m) * n, -1);
  std::vector<double> grid(size_t(n) * m, __builtin_nan(""));
  for (int64_t r = 0; r < rows; r++) {
    if (participant[r] < 0 || participant[r] >= n || visit[r] < 0 || visit[r] >= m) return 2;
    row[size_t(visit[r]) * n + participant[r]] = r;
    grid[size_t(participant[r]) * m + visit[r]] = outcome[r];
  }
  struct Multiple {
    int visit, base, column;
    double factor;
  };
  const double nan = __builtin_nan("");
  std::vector<std::vector<double>> bases(1, std::vector<double>(n, 1.0));
  std::vector<Multiple> multiples;
  std::vector<double> here(n);
  for (int v = 0; v < m; v++)
    for (int c = 0; c < p; c++) {
      bool zero = true;
      for (int i = 0; i < n; i++) {
        const int64_t r = row[size_t(v) * n + i];
        here[i] = r < 0 ? nan : design[size_t(r) * p + c];
        zero &= r < 0 || here[i] == 0.0;
      }
      if (zero) continue;
      size_t base = 0;
      double factor = 0.0;
      for (; base < bases.size(); base++) {
        const std::vector<double>& b = bases[base];
        factor = 0.0;
        bool same = true;
        for (int i = 0; i < n && same; i++) {
          if (here[i] != here[i] || b[i] != b[i]) continue;
          if (factor == 0.0 && b[i] != 0.0) factor = here[i] / b[i];
          same = b[i] == 0.0 ? here[i] == 0.0 : factor != 0.0 && std::fabs(here[i] - factor * b[i]) <= 1e-15 * std::fabs(here[i]);
        }
        if (same && factor != 0.0) break;
      }
      if (base == bases.size()) {
        if (int(base) >= most) return 3;
        bases.push_back(here);
        factor = 1.0;
      } else {
        for (int i = 0; i < n; i++)
          if (bases[base][i] != bases[base][i] && here[i] == here[i]) bases[base][i] = here[i] / factor;
      }
      multiples.push_back({v, int(base), c, factor});
    }
  const int q = int(bases.size());
  if (m * q > 256) return 3;
  std::vector<double> covariate(size_t(n) * q), cells(size_t(m) * q * p, 0.0);
  for (int i = 0; i < n; i++)
    for (int c = 0; c < q; c++) covariate[size_t(i) * q + c] = bases[c][i] == bases[c][i] ? bases[c][i] : 0.0;
  for (const Multiple& x : multiples) cells[(size_t(x.visit) * q + x.base) * p + x.column] = x.factor;
  t.trials = 1;
  t.covariates = q;
  t.outcome = grid.data();
  t.covariate = covariate.data();
  t.cells = cells.data();
  return tw_mmrm(&t);
}
