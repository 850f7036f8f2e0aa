#include "core/recurring/special.hpp"

#include <cmath>
#include <limits>

#include "core/foundation/error.hpp"

namespace revenue::recurring {
namespace {

constexpr double kPrecision = std::numeric_limits<double>::epsilon();
constexpr int kMostTerms = 20'000'000;
constexpr int kPollEvery = 1 << 14;

[[noreturn]] void throw_no_end() {
  throw Error(ErrorCode::out_of_range, "the sum over the future does not come to an end",
              "Pass a shorter horizon or a larger discount.");
}

}  // namespace

double digamma(double x) {
  constexpr double kLarge = 10;
  double shift = 0;
  for (; x < kLarge; ++x) shift -= 1 / x;
  const double square = 1 / (x * x);
  // Stirling's series with the Bernoulli numbers B2 to B14.
  const double series =
      square *
      (1.0 / 12 -
       square * (1.0 / 120 -
                 square * (1.0 / 252 -
                           square * (1.0 / 240 - square * (1.0 / 132 - square * (691.0 / 32760 -
                                                                                 square / 12))))));
  return shift + std::log(x) - 0.5 / x - series;
}

double hypergeometric_1(double b, double c, double z, Poll poll) {
  // Lentz's way through 1 / (1 - k1 z / (1 - k2 z / (1 - ...))).
  const double d = c - 1;
  double value = 1;
  double upper = 1;
  double lower = 0;
  for (int i = 1; i < kMostTerms; ++i) {
    if (i % kPollEvery == 0) poll();
    const double n = i / 2;
    const double k = i % 2 == 1
                         ? (i == 1 ? b / c : (b + n) * (d + n) / ((d + 2 * n) * (d + 2 * n + 1)))
                         : n * (d - b + n) / ((d + 2 * n - 1) * (d + 2 * n));
    lower = 1 / (1 - k * z * lower);
    upper = 1 - k * z / upper;
    value *= upper * lower;
    if (std::fabs(upper * lower - 1) <= kPrecision) return 1 / value;
  }
  throw_no_end();
}

double hypergeometric(double a, double b, double c, double z, Poll poll) {
  double term = 1;
  double sum = 1;
  for (int n = 0; n < kMostTerms; ++n) {
    if (n % kPollEvery == 0) poll();
    const double ratio = (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
    term *= ratio;
    sum += term;
    // What is left is about a geometric series of this ratio.
    if (std::fabs(ratio) < 1 &&
        std::fabs(term) <= kPrecision * std::fabs(sum) * (1 - std::fabs(ratio)))
      return sum;
  }
  throw_no_end();
}

}  // namespace revenue::recurring
