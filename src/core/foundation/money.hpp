#pragma once

#include <compare>
#include <cstdint>

namespace revenue {

/// An exact amount: 1e-6 units of a currency. SQL type numeric(18,6). The bridge raises 22003 for
/// an amount beyond +-9.2e12 units and for one with more than six decimals that rounding cannot
/// carry.
struct Money {
  std::int64_t micros = 0;

  static constexpr double kMicros = 1e6;
  constexpr double value() const { return static_cast<double>(micros) / kMicros; }
  constexpr auto operator<=>(const Money&) const = default;
};

/// amount x numerator / denominator in integers, rounded half away from zero to 1e-6.
/// The denominator is positive. Throws out_of_range where the result does not fit.
Money multiply_ratio(Money amount, std::int64_t numerator, std::int64_t denominator = 1);

/// amount x factor, rounded half away from zero to 1e-6. A factor within rounding error of a
/// decimal of twelve places is that decimal, so that 14,790 x 1.2 is 17,748 to the last digit
/// although no double is 1.2. Throws invalid_argument for a factor that is not finite, out_of_range
/// where the result does not fit.
Money multiply(Money amount, double factor);

/// The sum; throws out_of_range where it does not fit.
Money add(Money a, Money b);

/// The decimal of twelve places that `factor` is within rounding error of, else `factor` itself:
/// 0.3 x 1.1 gives 0.33.
double nearest_decimal(double factor);

}  // namespace revenue
