#pragma once

#include <array>
#include <span>
#include <vector>

#include "core/foundation/poll.hpp"
#include "core/pipeline/common_factor.hpp"
#include "core/pipeline/month_of_quarter.hpp"
#include "core/pipeline/spell.hpp"

namespace revenue::pipeline {

/// Past origins are so many days apart, and the horizons one, two and three times that.
inline constexpr std::size_t kPeriod = 30;
inline constexpr std::size_t kPeriods = 24;
inline constexpr std::size_t kHorizons = 3;

/// What the forecast would have said at each origin, `kPeriod` to `kPeriod` x `kPeriods` days
/// before the end, of the deals that were open then, knowing only what was so by then; and what
/// came. By horizon, oldest first. `stages` are the numbers that Spell::stage points to, and
/// `months[n]` is what was known n periods before the end; `last_day` is the end's.
std::array<std::vector<PastForecast>, kHorizons> backtest(std::span<const Spell> spells,
                                                          std::span<const std::int32_t> stages,
                                                          std::span<const MonthEffect> months,
                                                          std::int32_t last_day, Poll poll);

}  // namespace revenue::pipeline
