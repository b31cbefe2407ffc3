// The Total Improvement Score, compiled. Whole numbers are held in doubles, whose products are exact below 2^53; the
// caller (measures/tis_steps.py) makes sure of it. The specification is measures/tis.py.
#include <cstdint>

constexpr int TIS_SCALES = 5;
constexpr int TIS_ENZYMES = 5;

// Whole numbers x `shift` are in a unit that the compared columns share; `present` is 1 where a value is known.
struct TisColumn {
  const int32_t* units;
  const uint8_t* present;
  int64_t by_person, by_visit;                  // how far the next value lies, in elements
  int64_t present_by_person, present_by_visit;  // the same of `present`
  double shift;
};

struct TisRow {
  double cuts[4];
  int64_t steps[5];
};

// One scale: improvement is a fall, or a rise (`rising`, muscle strength), against `span` in the shared unit.
struct TisScale {
  TisColumn first, second;
  TisRow row;
  double span;
  int64_t rising, has_span;
};

// One enzyme: its range is numerator / denominator upper limits of normal.
struct TisEnzyme {
  TisColumn first, second, upper;
  double numerator, denominator;
};

struct TisTask {
  int64_t persons, visits, enzymes, lenient, by_range;
  TisScale scale[TIS_SCALES];
  TisEnzyme enzyme[TIS_ENZYMES];
  TisRow enzyme_row;
  int64_t enzyme_index[TIS_ENZYMES];
  int8_t* steps;
  uint8_t* computable;
  int8_t* enzyme_chosen;
  uint8_t* enzyme_known;
};

#define TW_LANES "tis.inc"
#include "widths.h"

TW_EXPORT void tw_tis(const TisTask* task) { TW_PICK(tis_range)(*task, 0, task->persons); }
