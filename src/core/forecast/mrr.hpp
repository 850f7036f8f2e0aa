#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/forecast/ensemble.hpp"
#include "core/foundation/fields.hpp"

namespace revenue::forecast {

/// What moved in MRR in each closed month, the oldest first; what is lost is negative.
struct MrrHistory {
  std::vector<double> closing;
  std::vector<double> gained;  ///< new
  std::vector<double> reactivated;
  std::vector<double> expanded;
  std::vector<double> contracted;
  std::vector<double> churned;
  /// New MRR that the pipeline at the beginning of each of the months let expect within the window,
  /// and then of the running one; NaN where it was not looked at.
  std::vector<double> pipeline;
};
REVENUE_FIELDS(MrrHistory, closing, gained, reactivated, expanded, contracted, churned, pipeline)

/// From now to the end of the month that is `last` - 1 after the running one, of which the share
/// `remaining` is still to come.
struct MrrWindow {
  std::int32_t last = 1;
  double remaining = 1;
  double current = 0;           ///< MRR now
  double churn_signal = 1;      ///< what churn risks make of what is lost
  double expansion_signal = 1;  ///< what expansion scores make of what is gained from customers
};
REVENUE_FIELDS(MrrWindow, last, remaining, current, churn_signal, expansion_signal)

/// What a component expects of each kind of movement; they add up to its estimate.
struct MrrMovements {
  double gained = 0;
  double reactivated = 0;
  double expanded = 0;
  double contracted = 0;
  double churned = 0;
};
REVENUE_FIELDS(MrrMovements, gained, reactivated, expanded, contracted, churned)

struct MrrForecast {
  EnsembleForecast forecast;
  MrrMovements movements;  ///< of the component of that name
};
REVENUE_FIELDS(MrrForecast, forecast, movements)

/// MRR at the end of the window: what it is now and a combination of what components expect to
/// move:
///   movements    each kind as before: new and reactivated as amounts, the others as shares of MRR
///   pipeline     the same with the new MRR that open deals let expect
///   run_rate     the series of closing MRR
///   net_new      the series of what moved
///   seasonality  what moved in the same months a year before, in proportion to MRR
/// Means over the past count half every six months. Throws invalid_argument for vectors that do not
/// go together, values that are not finite and a window out of range.
MrrForecast mrr_forecast(const MrrHistory& history, const MrrWindow& window,
                         const std::string& method, const std::vector<double>& levels);

}  // namespace revenue::forecast
