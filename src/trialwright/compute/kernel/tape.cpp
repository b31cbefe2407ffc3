// Tapes: the variables of a scenario as a small program over blocks of participants (simulate/tape.py).
//
// A register holds the values of one block: place after place, `width` participants each; one that is the same at all
// places holds `width` values. A line of code is LINE numbers: operation, places, where the result lies and its step
// from place to place, three operands (constant?, where, step from place to place, whether the lanes differ), and two
// numbers that the operation understands. Nothing is global: as many threads as wanted play at a time.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace {

constexpr int LINE = 18, MOST_PEOPLE = 512;

// In the order of `OPERATIONS` in simulate/tape.py.
enum Operation {
  LOAD, STORE, UNIFORM, NORMAL,
  COPY, NEGATE, NOT, ABSOLUTE, FLOOR, CEILING, TRUNCATE, ROOT, EXP, LOG, LOG1P, BELOW, MISSING,
  ADD, SUBTRACT, MULTIPLY, DIVIDE, LESS, LESS_EQUAL, EQUAL, UNEQUAL, AND, OR, LEAST, MOST, FINE_STEPS, COARSE_STEPS,
  IF, CLIP, ADD_PRODUCT
};
enum Kind { REAL, WHOLE, TRUTH, SHORT };
enum Where { AT_ZERO, AT_PLACES, AT_OWN };

// An array outside: its steps in bytes.
struct TapeArray {
  char* at;
  int64_t by_person, by_place, kind;
};

// `places_at` are the places' numbers, or with `place_by` the participants' own. `width` is a multiple of 8.
struct TapeTask {
  const int64_t* code;
  int64_t lines;
  const double* constants;
  const uint64_t* keys;
  const TapeArray* inputs;
  const TapeArray* outputs;
  const uint64_t* trial;
  int64_t trial_by;
  const int64_t* slot;
  int64_t slot_by;
  const int64_t* places_at;
  int64_t place_by;
  int64_t people, width, registers;
};

}  // namespace

#define TW_LANES "tape.inc"
#include "widths.h"

// Plays a tape for all participants; 0, or 1 where there is no memory for its registers (`registers` doubles).
TW_EXPORT int tw_tape(const TapeTask* task) {
  size_t size = (task->registers * sizeof(double) + 63) / 64 * 64;
  double* registers = (double*)std::aligned_alloc(64, size ? size : 64);
  if (!registers) return 1;
  std::memset(registers, 0, size);
  TW_PICK(play)(*task, registers);
  std::free(registers);
  return 0;
}
