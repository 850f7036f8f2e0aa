#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace revenue::pipeline {

/// 0 for January, April, July and October, 1 and 2 for the months after them. Quarters that begin in
/// other months have the same three classes. `day` counts from 2000-01-01, years -32767 to 32767.
inline std::size_t month_of_quarter(std::int32_t day) {
  using namespace std::chrono;
  const year_month_day date{sys_days{year{2000} / January / 1} + days{day}};
  return (static_cast<unsigned>(date.month()) - 1) % 3;
}

}  // namespace revenue::pipeline
