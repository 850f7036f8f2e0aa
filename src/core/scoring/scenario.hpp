#pragma once

#include <optional>
#include <string>

#include "core/foundation/fields.hpp"
#include "core/foundation/money.hpp"

namespace revenue::scoring {

/// A what-if. Increases are relative, 0.10 is +10 %, from -1 to 1e6; unknown is no change.
struct ScenarioAssumptions {
  Money pipeline;       ///< 0 or more
  double win_rate = 0;  ///< 0 to 1
  std::optional<double> win_rate_increase;
  std::optional<double> deal_size_increase;
  std::optional<double> pipeline_growth;
};
REVENUE_FIELDS(ScenarioAssumptions, pipeline, win_rate, win_rate_increase, deal_size_increase,
               pipeline_growth)

struct ScenarioBaseline {
  Money pipeline;
  double win_rate = 0;
  Money forecast;  ///< pipeline x win_rate
};
REVENUE_FIELDS(ScenarioBaseline, pipeline, win_rate, forecast)

struct ScenarioProjection {
  Money pipeline;                ///< baseline x (1 + pipeline_growth)
  double win_rate = 0;           ///< baseline x (1 + win_rate_increase), at most 1
  std::string deal_size_change;  ///< such as '+5.0%'
  Money forecast;                ///< pipeline x (1 + deal_size_increase) x win_rate
};
REVENUE_FIELDS(ScenarioProjection, pipeline, win_rate, deal_size_change, forecast)

struct ScenarioDelta {
  Money value;                    ///< projected forecast - baseline forecast
  std::optional<double> percent;  ///< of the baseline forecast; nothing where that is 0
};
REVENUE_FIELDS(ScenarioDelta, value, percent)

struct Scenario {
  ScenarioBaseline baseline;
  ScenarioProjection projected;
  ScenarioDelta delta;
};
REVENUE_FIELDS(Scenario, baseline, projected, delta)

/// Throws invalid_argument for a value that cannot be, out_of_range where an amount does not fit.
Scenario scenario(const ScenarioAssumptions& assumptions);

/// The projected forecast alone.
Money scenario_forecast(const ScenarioAssumptions& assumptions);

}  // namespace revenue::scoring
