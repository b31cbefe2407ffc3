// Exponential, logarithm, normal quantile and normal distribution in lanes, from exactly rounded operations alone: the
// twin of compute/functions.py, operation by operation (there are the formulas, the sources and the accuracy).
// It has no include guard because it belongs inside the namespace of each width: include it in an
// .inc file, on x86 after immintrin.h.

namespace functions {

using lanes::Real;
using lanes::Whole;
using lanes::Word;

// Four registers side by side: a chain of operations that wait for each other leaves room for three more. What follows
// is written for one (Real) and for four (Reals) alike.
template <typename L>
struct Four {
  L at[4];
};
typedef Four<Real> Reals;
typedef Four<Word> Words;
typedef Four<Whole> Wholes;

#define TW_FOUR(result, head, one)                                       \
  TW_INLINE result head {                                                \
    result out;                                                          \
    _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++) out.at[i] = one; \
    return out;                                                          \
  }
#define TW_BOTH_WAYS(result, type, number, op)                      \
  TW_FOUR(result, operator op(type a, type b), a.at[i] op b.at[i]) \
  TW_FOUR(result, operator op(type a, number b), a.at[i] op b)     \
  TW_FOUR(result, operator op(number a, type b), a op b.at[i])
TW_BOTH_WAYS(Reals, Reals, double, +)
TW_BOTH_WAYS(Reals, Reals, double, -)
TW_BOTH_WAYS(Reals, Reals, double, *)
TW_BOTH_WAYS(Reals, Reals, double, /)
TW_BOTH_WAYS(Words, Words, uint64_t, +)
TW_BOTH_WAYS(Words, Words, uint64_t, &)
TW_BOTH_WAYS(Words, Words, uint64_t, |)
TW_FOUR(Words, operator<<(Words a, int by), a.at[i] << by)
TW_FOUR(Words, operator>>(Words a, int by), a.at[i] >> by)
TW_FOUR(Wholes, operator~(Wholes a), ~a.at[i])
TW_FOUR(Reals, operator-(Reals a), -a.at[i])

TW_INLINE void put(Real& to, double value) { to = Real{} + value; }
TW_INLINE void put(Reals& to, double value) {
  for (int i = 0; i < 4; i++) to.at[i] = Real{} + value;
}
template <typename V>
TW_INLINE V all(double value) {
  V out;
  put(out, value);
  return out;
}
TW_INLINE Word word(uint64_t value) { return Word{} + value; }
TW_INLINE Word bits_of(Real value) { return (Word)value; }
TW_INLINE Real real_of(Word bits) { return (Real)bits; }
TW_INLINE Real absolute(Real x) { return real_of(bits_of(x) & word(0x7FFFFFFFFFFFFFFF)); }
TW_FOUR(Words, bits_of(Reals value), (Word)value.at[i])
TW_FOUR(Reals, real_of(Words bits), (Real)bits.at[i])

// Comparisons and choices. Where the registers are narrower the compiler would take them lane by lane, which is slow: so
// it gets them in parts of a register's size.
#if TW_WIDTH == 2
#define TW_COMPARISON(name, op) \
  TW_INLINE Whole name(Real a, Real b) { return a op b; }
TW_INLINE Real choose(Whole mask, Real yes, Real no) { return mask ? yes : no; }
#else
constexpr int PART = TW_WIDTH == 1 ? 4 : 2, PARTS = lanes::WIDTH / PART;
typedef double RealPart __attribute__((vector_size(8 * PART)));
typedef int64_t WholePart __attribute__((vector_size(8 * PART)));
union InParts {
  Real real;
  Whole whole;
  RealPart reals[PARTS];
  WholePart wholes[PARTS];
};
#define TW_COMPARISON(name, op)                                                         \
  TW_INLINE Whole name(Real a, Real b) {                                                \
    InParts first = {a}, second = {b}, out;                                             \
    for (int i = 0; i < PARTS; i++) out.wholes[i] = first.reals[i] op second.reals[i];  \
    return out.whole;                                                                   \
  }
TW_INLINE Real choose(Whole mask, Real yes, Real no) {
  return (Real)(((Whole)yes & mask) | ((Whole)no & ~mask));
}
#endif
TW_COMPARISON(less, <)
TW_COMPARISON(at_most, <=)
TW_COMPARISON(equal, ==)
TW_INLINE Whole less(Real a, double b) { return less(a, all<Real>(b)); }
TW_INLINE Whole less(double a, Real b) { return less(all<Real>(a), b); }
TW_INLINE Whole at_most(Real a, double b) { return at_most(a, all<Real>(b)); }
TW_INLINE Whole equal(Real a, double b) { return equal(a, all<Real>(b)); }
TW_FOUR(Wholes, less(Reals a, double b), less(a.at[i], b))
TW_FOUR(Wholes, less(double a, Reals b), less(a, b.at[i]))
TW_FOUR(Wholes, at_most(Reals a, double b), at_most(a.at[i], b))
TW_FOUR(Wholes, equal(Reals a, double b), equal(a.at[i], b))
TW_FOUR(Wholes, known(Reals a), equal(a.at[i], a.at[i]))
TW_FOUR(Reals, choose(Wholes mask, Reals yes, Reals no), choose(mask.at[i], yes.at[i], no.at[i]))
// Whether it is a number at all.
TW_INLINE Whole known(Real a) { return equal(a, a); }

// The square root of the lanes; exactly rounded on every machine.
TW_INLINE Real root(Real x) {
#if TW_WIDTH == 2
  return (Real)_mm512_maskz_sqrt_pd(0xFF, (__m512d)x);
#else
  Real out;
  for (int lane = 0; lane < lanes::WIDTH; lane++) out[lane] = __builtin_sqrt(x[lane]);
  return out;
#endif
}

TW_FOUR(Reals, root(Reals x), root(x.at[i]))

#undef TW_COMPARISON
#undef TW_BOTH_WAYS
#undef TW_FOUR

TW_INLINE bool any(Whole mask) {
  bool found = false;
  for (int lane = 0; lane < lanes::WIDTH; lane++) found |= mask[lane] != 0;
  return found;
}
TW_INLINE bool any(Wholes mask) { return any(mask.at[0] | mask.at[1] | mask.at[2] | mask.at[3]); }

constexpr double LN2_HIGH = 0.6931471805598903, LN2_LOW = 5.497923018708371e-14, PER_LN2 = 1.4426950408889634;
constexpr double ROUNDER = 6755399441055744.0;
constexpr double INFINITE = __builtin_inf(), NONE = __builtin_nan("");

constexpr double EXP[] = {0.5000000000000011,     0.16666666666666413,    0.041666666666530155,   0.00833333333349447,
                          0.0013888888943630361,  0.00019841269506555356, 2.4801493098733352e-05, 2.755758639674158e-06,
                          2.763024842243285e-07,  2.5000053878886233e-08};
constexpr double LOG[] = {0.6666666666666734,  0.3999999999941397,  0.2857142874256125, 0.2222219855385907,
                          0.18183565403799656, 0.15314021199468822, 0.14796260448584733};
constexpr uint64_t HALF_ROOT_BITS = 0x3FE6A09E667F3BCD, ONE_BITS = 0x3FF0000000000000;

constexpr double MIDDLE_ABOVE[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                                   1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                                   3.3430575583588128105e4, 2.5090809287301226727e3};
constexpr double MIDDLE_BELOW[] = {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
                                   2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
                                   5.2264952788528545610e3};
constexpr double TAIL_ABOVE[] = {1.42343711074968357734e0,  4.63033784615654529590e0,  5.76949722146069140550e0,
                                 3.64784832476320460504e0,  1.27045825245236838258e0,  2.41780725177450611770e-1,
                                 2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr double TAIL_BELOW[] = {1.0, 2.05319162663775882187e0,  1.67638483018380384940e0,  6.89767334985100004550e-1,
                                 1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
constexpr double FAR_ABOVE[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                                2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7};
constexpr double FAR_BELOW[] = {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
                                7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
constexpr double MILLS[] = {
    0.7552851304157515,      -0.6078966419718921,    0.38713740074221475,    -0.18652185795965726,
    0.060396574890923246,    -0.007540188966734709,  -0.003479692367092912,  0.001630818457850098,
    0.0001333443089451715,   -0.0002310949388170753, -1.908235413655609e-06, 3.5144713905431517e-05,
    7.165721582273335e-07,   -5.920302082849827e-06, -6.294571084689248e-07, 1.0219302868914948e-06,
    2.71437785999897e-07,    -1.5566442217015408e-07, -8.511656985255184e-08, 1.408325233362358e-08,
    1.9583463219888505e-08,  1.4003249698287027e-09, -2.633288034900942e-09, -5.823309801721471e-10,
    5.79133879485117e-11};

// Horner's rule from the highest power down.
template <typename V, int N>
TW_INLINE V polynomial(const double (&coefficients)[N], V x) {
  V value = all<V>(coefficients[N - 1]);
#pragma GCC unroll 32
  for (int power = N - 2; power >= 0; power--) value = value * x + coefficients[power];
  return value;
}

// One over the other, both by Horner's rule, side by side.
template <typename V, int N>
TW_INLINE V ratio(const double (&above)[N], const double (&below)[N], V x, V times) {
  V up = all<V>(above[N - 1]), down = all<V>(below[N - 1]);
#pragma GCC unroll 32
  for (int power = N - 2; power >= 0; power--) {
    up = up * x + above[power];
    down = down * x + below[power];
  }
  return (times * up) / down;
}

// 2 to the whole number that stands in the lowest bits of a sum with ROUNDER.
template <typename V>
TW_INLINE V power_of_two(V rounded) {
  return real_of((bits_of(rounded) + (uint64_t)1023) << 52);
}

template <typename V>
TW_INLINE V exp(V x) {
  V bound = choose(less(x, -746.0), all<V>(-746.0), choose(less(710.0, x), all<V>(710.0), x));
  V power = (bound * PER_LN2 + ROUNDER) - ROUNDER;
  V high = bound - power * LN2_HIGH;
  V low = power * LN2_LOW;
  V r = high - low;
  V lost = (high - r) - low;
  V value = 1.0 + (r + ((r * r) * polynomial(EXP, r) + lost));
  V half = power * 0.5 + ROUNDER;
  V rest = (power - (half - ROUNDER)) + ROUNDER;
  return choose(known(x), (value * power_of_two(half)) * power_of_two(rest), x);
}

// log(2^k (1 + f)) from the bits that hold k + 1023, and f; `bias` is 1023, or more for what was scaled up.
template <typename V, typename B>
TW_INLINE V log_of_bits(B bits, V bias) {
  B shifted = bits + (ONE_BITS - HALF_ROOT_BITS);
  V power = (real_of((shifted >> 52) | (uint64_t)0x4330000000000000) - 4503599627370496.0) - bias;
  V f = real_of((shifted & (uint64_t)0xFFFFFFFFFFFFF) + HALF_ROOT_BITS) - 1.0;
  V s = f / (2.0 + f);
  V z = s * s;
  V half = 0.5 * f * f;
  V inner = s * (half + z * polynomial(LOG, z)) + power * LN2_LOW;
  return power * LN2_HIGH - ((half - inner) - f);
}

template <typename V>
TW_INLINE V log(V x) {
  auto small = less(x, 0x1p-1022);
  V value = log_of_bits(bits_of(choose(small, x * 0x1p54, x)), choose(small, all<V>(1077.0), all<V>(1023.0)));
  value = choose(equal(x, INFINITE), x, value);
  value = choose(equal(x, 0.0), all<V>(-INFINITE), value);
  return choose(less(x, 0.0), all<V>(NONE), choose(known(x), value, x));
}

TW_INLINE Real log1p(Real x) {
  Real u = 1.0 + x;
  Real lost = (x - (u - 1.0)) / u;
  Real exact = choose(equal(u, INFINITE) | at_most(u, 0.0), all<Real>(0.0), lost);
  return choose(equal(u, 1.0), x, log(u) + exact);
}

// The middle of the quantile, |u - 1/2| <= 0.425; beyond it the result means nothing.
template <typename V>
TW_INLINE V quantile_middle(V u) {
  V q = u - 0.5;
  return ratio(MIDDLE_ABOVE, MIDDLE_BELOW, 0.180625 - q * q, q);
}

template <typename V>
TW_INLINE V quantile_tail(V u) {
  V q = u - 0.5;
  V side = choose(less(q, 0.0), u, 1.0 - u);
  V r = root(-log(side));
  V value = ratio(TAIL_ABOVE, TAIL_BELOW, r - 1.6, all<V>(1.0));
  auto beyond = ~at_most(r, 5.0);
  if (any(beyond)) value = choose(beyond, ratio(FAR_ABOVE, FAR_BELOW, r - 5.0, all<V>(1.0)), value);
  value = choose(equal(side, 0.0), all<V>(INFINITE), value);
  return choose(less(q, 0.0), -value, value);
}

// A function of `count` values from one place to another: four registers at a time where there are so many.
#define TW_EACH(function, from, to, count)                                                          \
  do {                                                                                              \
    int64_t place = 0;                                                                              \
    if (TW_WIDTH == 2)                                                                              \
      for (; place + 4 * lanes::WIDTH <= count; place += 4 * lanes::WIDTH)                          \
        *(functions::Reals*)((to) + place) = function(*(const functions::Reals*)((from) + place));  \
    for (; place < count; place += lanes::WIDTH)                                                    \
      *(lanes::Real*)((to) + place) = function(*(const lanes::Real*)((from) + place));              \
  } while (0)

// The tails that were gathered; `tails` has room for thirty-one more, which are filled up.
TW_INLINE void quantiles_of_tails(double* tails, int found) {
  const int together = TW_WIDTH == 2 ? 4 * lanes::WIDTH : lanes::WIDTH;
  int filled = (found + together - 1) / together * together;
  for (int tail = found; tail < filled; tail++) tails[tail] = 0.01;
  TW_EACH(quantile_tail, tails, tails, filled);
}

// Quantiles of at most 512 draws, a multiple of 8, in place. Three in twenty lie in the tails, so that nearly every
// eight have one; the tails are gathered and done together.
static void quantiles(double* values, int count) {
  alignas(64) double tails[512 + 4 * lanes::WIDTH];
  int found = 0;
#if TW_WIDTH == 2
  uint8_t masks[512 / lanes::WIDTH];
  for (int place = 0; place < count; place += lanes::WIDTH) {
    Real eight = *(Real*)(values + place);
    __mmask8 mask = _mm512_cmp_pd_mask((__m512d)absolute(eight - 0.5), (__m512d)all<Real>(0.425), _CMP_NLE_UQ);
    _mm512_storeu_pd(tails + found, _mm512_maskz_compress_pd(mask, (__m512d)eight));
    masks[place / lanes::WIDTH] = mask;
    found += __builtin_popcount(mask);
  }
  TW_EACH(quantile_middle, values, values, count);
  quantiles_of_tails(tails, found);
  found = 0;
  for (int place = 0; place < count; place += lanes::WIDTH) {
    Real* eight = (Real*)(values + place);
    __mmask8 mask = masks[place / lanes::WIDTH];
    *eight = (Real)_mm512_mask_expand_pd((__m512d)*eight, mask, _mm512_loadu_pd(tails + found));
    found += __builtin_popcount(mask);
  }
#else
  int32_t places[512 + 1];
  for (int place = 0; place < count; place++) {
    places[found] = place;
    found += !(__builtin_fabs(values[place] - 0.5) <= 0.425);
  }
  for (int tail = 0; tail < found; tail++) tails[tail] = values[places[tail]];
  TW_EACH(quantile_middle, values, values, count);
  quantiles_of_tails(tails, found);
  for (int tail = 0; tail < found; tail++) values[places[tail]] = tails[tail];
#endif
}

TW_INLINE Real normal_below(Real z) {
  Real size = absolute(z);
  Real a = choose(less(39.0, size), all<Real>(39.0), size);
  Real coarse = (a * 16.0 + ROUNDER - ROUNDER) * 0.0625;
  Real fine = (a - coarse) * (a + coarse);
  Real fall = exp(coarse * coarse * -0.5) * exp(fine * -0.5);
  Real tail = fall * (polynomial(MILLS, (a - 4.0) / (a + 4.0)) / (a + 4.0));
  return choose(less(0.0, z), 1.0 - tail, choose(known(z), tail, z));
}

}  // namespace functions
