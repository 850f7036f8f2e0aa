#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace revenue::pipeline {

/// The calendar's end is nearer.
inline constexpr std::int32_t kMostDays = 4'000'000;

/// 0 for January, April, July and October, 1 and 2 for the months after them. Quarters that begin in
/// other months have the same three classes. `day` counts from 2000-01-01, years -32767 to 32767.
inline std::size_t month_of_quarter(std::int32_t day) {
  using namespace std::chrono;
  const year_month_day date{sys_days{year{2000} / January / 1} + days{day}};
  return (static_cast<unsigned>(date.month()) - 1) % 3;
}

/// How the wins of a quarter are spread over its months.
struct MonthEffect {
  std::array<double, 3> factors{1, 1, 1};  ///< found over expected, drawn towards 1
  double known = 0;                        ///< 0 = the factors are 1, 1 = they are as found
};

/// Squared coefficient of variation of the wins of one, two or three months for what is not known
/// of the effect. It is taken to be that of a quarter of which one month wins as much as both others.
inline double unknown_month_dispersion(double known, std::size_t months) {
  constexpr double kOneMonth = 0.125;  // of 0.75, 0.75 and 1.5
  // Two months are off by half as much as the third one; a whole quarter is not.
  constexpr std::array kShare{1.0, 0.25, 0.0};
  return (1 - known) * (1 - known) * kOneMonth * kShare[months - 1];
}

}  // namespace revenue::pipeline
