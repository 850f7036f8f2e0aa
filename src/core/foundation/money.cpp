#include "core/foundation/money.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "core/foundation/error.hpp"

namespace revenue {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kDecimalScale = 1'000'000'000'000;
constexpr double kRoundingError = 4 * std::numeric_limits<double>::epsilon();

[[noreturn]] void throw_too_large() {
  throw Error(ErrorCode::out_of_range, "amount is out of range",
              "Amounts go up to 9,200,000,000,000 units of a currency.");
}

Money divide(Wide numerator, Wide denominator) {
  Wide quotient = numerator / denominator;
  const Wide rest = numerator % denominator;
  const Wide size = rest < 0 ? -rest : rest;
  if (size >= denominator - size) quotient += numerator < 0 ? -1 : 1;
  if (quotient > std::numeric_limits<std::int64_t>::max() ||
      quotient < std::numeric_limits<std::int64_t>::min())
    throw_too_large();
  return {static_cast<std::int64_t>(quotient)};
}

// The factor in units of 1e-12, where it is a decimal of that many places.
std::optional<std::int64_t> decimal_units(double factor) {
  constexpr double kExactIntegers = 9e15;
  const double scaled = factor * static_cast<double>(kDecimalScale);
  if (!(std::fabs(scaled) <= kExactIntegers)) return std::nullopt;
  const double nearest = std::nearbyint(scaled);
  if (std::fabs(scaled - nearest) > kRoundingError * std::fabs(scaled)) return std::nullopt;
  return static_cast<std::int64_t>(nearest);
}

}  // namespace

Money multiply_ratio(Money amount, std::int64_t numerator, std::int64_t denominator) {
  return divide(static_cast<Wide>(amount.micros) * numerator, denominator);
}

Money multiply(Money amount, double factor) {
  if (!std::isfinite(factor))
    throw Error(ErrorCode::invalid_argument, "factor of an amount is not a finite number",
                "Pass a finite number.");
  if (const auto units = decimal_units(factor))
    return multiply_ratio(amount, *units, kDecimalScale);
  const long double product =
      std::round(static_cast<long double>(amount.micros) * static_cast<long double>(factor));
  if (!(std::fabs(product) < 9.223372036854775807e18L)) throw_too_large();
  return {static_cast<std::int64_t>(product)};
}

Money add(Money a, Money b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.micros, b.micros, &sum)) throw_too_large();
  return {sum};
}

double nearest_decimal(double factor) {
  const auto units = decimal_units(factor);
  return units ? static_cast<double>(*units) / static_cast<double>(kDecimalScale) : factor;
}

}  // namespace revenue
