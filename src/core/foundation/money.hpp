#pragma once

#include <compare>
#include <cstdint>

namespace revenue {

/// An exact amount: 1e-6 units of a currency. SQL type numeric(18,6). The bridge raises 22003 for an
/// amount beyond +-9.2e12 units and for one with more than six decimals that rounding cannot carry.
struct Money {
  std::int64_t micros = 0;

  static constexpr double kMicros = 1e6;
  constexpr double value() const { return static_cast<double>(micros) / kMicros; }
  constexpr auto operator<=>(const Money&) const = default;
};

}  // namespace revenue
