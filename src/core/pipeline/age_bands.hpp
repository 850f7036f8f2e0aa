#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace revenue::pipeline {

/// First days of the bands of age in a stage within which the rates of leaving it are taken as
/// constant; the last band has no end. Days where most is decided, months where little is known.
inline constexpr std::array<double, 22> kAgeBands{0,  1,  2,  3,  4,   5,   6,   7,   10,  14,  21,
                                                  28, 42, 56, 84, 112, 140, 182, 273, 365, 547, 730};

/// The band of an age in days, 0 or more.
inline std::size_t band_of(double age) {
  const auto* const after = std::upper_bound(kAgeBands.begin() + 1, kAgeBands.end(), age);
  return static_cast<std::size_t>(after - kAgeBands.begin()) - 1;
}

/// Calls visit(band, first_age, last_age) for each part of the ages [0, age) that is in one band.
template <class Visitor>
void each_band(double age, Visitor&& visit) {
  for (std::size_t band = 0; band < kAgeBands.size() && kAgeBands[band] < age; ++band) {
    const double end = band + 1 < kAgeBands.size() ? std::min(age, kAgeBands[band + 1]) : age;
    visit(band, kAgeBands[band], end);
  }
}

}  // namespace revenue::pipeline
