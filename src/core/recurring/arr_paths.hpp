#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/foundation/fields.hpp"
#include "core/foundation/poll.hpp"

namespace revenue::recurring {

/// Where ARR goes from here, by what it did before. Months are from now on, fractions by straight
/// lines between their ends; a quantile of the time is nothing where so few paths get there within
/// 20 years.
struct ArrForecast {
  double probability = 0;            ///< of reaching the target within the given months
  std::optional<double> months_p10;  ///< one path in ten is there by then
  std::optional<double> months_p50;
  std::optional<double> months_p90;
  double arr_p10 = 0;  ///< ARR after the given months
  double arr_p50 = 0;
  double arr_p90 = 0;
};
REVENUE_FIELDS(ArrForecast, probability, months_p10, months_p50, months_p90, arr_p10, arr_p50,
               arr_p90)

/// Draws `draws` paths from past months: what was added from outside (new and returning customers)
/// as it was, what became of the opening (expansion, contraction, churn) as a share of it. Whole
/// blocks of `block` months in a row are drawn, the last month followed by the first, so that what
/// comes together stays together (Politis & Romano 1992). The same seed gives the same paths.
///
/// Throws invalid_argument for fewer than three months, arrays of different lengths, numbers that
/// are not finite, shares below -1 or above 100, `months` outside 0 to 240, `draws` outside 100 to
/// 1,000,000, a block outside 1 to 12.
std::vector<ArrForecast> simulate_arr(double current_arr, double target,
                                      const std::vector<double>& added,
                                      const std::vector<double>& growth, double months,
                                      std::int32_t draws, std::int32_t block, std::int64_t seed,
                                      Poll poll);

}  // namespace revenue::recurring
