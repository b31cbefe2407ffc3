// What the whole library shares: its version, and the width that is used.
#include "lanes.h"

#include <cstring>

int tw_chosen_width = 0;

namespace {

int widest() {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return 2;
  if (__builtin_cpu_supports("avx2")) return 1;
#endif
  return 0;
}

}  // namespace

// Raised with every change of the interface; `compute/native.py` refuses a library of another number.
TW_EXPORT int tw_version() { return 2; }

// Takes "portable", "avx2", "avx512" or "" (the widest); gives the width in use, -1 for one that is unknown or lacking.
TW_EXPORT int tw_width(const char* wanted) {
  static const char* const names[] = {"portable", "avx2", "avx512"};
  int width = -1;
  if (!*wanted) width = widest();
  for (int place = 0; place < 3; place++)
    if (!std::strcmp(wanted, names[place]) && place <= widest()) width = place;
  if (width >= 0) tw_chosen_width = width;
  return width;
}
