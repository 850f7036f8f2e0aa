#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/foundation/fields.hpp"

namespace revenue::forecast {

/// One way to forecast a figure: what it says now and what it would have said at past origins.
struct Predictor {
  std::string name;
  std::optional<double> estimate;
  std::optional<double> deviation;  ///< standard deviation by its own account
  std::string reason;               ///< why there is no estimate
  std::vector<double> past;         ///< by origin; NaN where it could say nothing
};

/// What followed the past origins, in the order of time, and how large a usual error there would
/// be.
struct Past {
  std::vector<double> actual;
  std::vector<double> scale;  ///< above 0
  int months = 1;             ///< how far each origin looks ahead, so that so many overlap
};

struct ComponentShare {
  std::string component;
  std::optional<double> estimate;
  double correction = 1;  ///< factor for what it said too much or too little at past origins
  double weight = 0;
  double contribution = 0;  ///< weight x correction x estimate; they add up to the forecast
  int origins = 0;          ///< past origins it was judged at
  std::optional<double> wape;
  std::optional<double> bias;
  std::optional<std::string> reason;  ///< why it has no weight
};
REVENUE_FIELDS(ComponentShare, component, estimate, correction, weight, contribution, origins, wape,
               bias, reason)

struct ForecastInterval {
  double level = 0;
  double lower = 0;
  double upper = 0;
};
REVENUE_FIELDS(ForecastInterval, level, lower, upper)

struct ForecastQuantile {
  double probability = 0;
  double value = 0;
};
REVENUE_FIELDS(ForecastQuantile, probability, value)

struct EnsembleForecast {
  double expected = 0;
  double scale = 0;  ///< of a usual error
  std::vector<ComponentShare> components;
  std::vector<ForecastInterval> intervals;
  std::vector<ForecastQuantile> quantiles;  ///< 0.05 to 0.95
  std::string weights_from;                 ///< rolling origins, equal or single
  std::string interval_from;                ///< conformal, errors and components, or components
  int origins = 0;
  std::optional<double> wape;  ///< of the combination at the past origins, with the weights of then
  std::optional<double> bias;
  std::vector<double> errors;  ///< actual - forecast of then, by origin, 0 where there is none
};
REVENUE_FIELDS(EnsembleForecast, expected, scale, components, intervals, quantiles, weights_from,
               interval_from, origins, wape, bias, errors)

struct EnsembleOptions {
  double scale = 1;                 ///< of a usual error now
  double certain = 0;               ///< added to every estimate without error
  double widen = 1;                 ///< factor on the past errors
  bool non_negative = true;         ///< the uncertain part is not below 0
  bool little_history = false;      ///< components alone, and wide
  std::string method = "ensemble";  ///< or the name of one component
  std::vector<double> levels{0.70, 0.85, 0.95};
};

/// Corrects each component by the ratio of what followed to what it said at the past origins, and
/// weighs them by the inverse of their mean squared error there (Bates & Granger 1969); both drawn
/// towards none while there are few origins. Gives the intervals of the combination:
/// split-conformal from what the combination itself would have erred at the origins, each with the
/// corrections and weights known then, where there are kEnoughOrigins; below, errors and the
/// components' own deviations and disagreement together, with the tails of few data.
/// Throws invalid_argument for levels outside 0 to 1 and an unknown method.
EnsembleForecast combine(const std::vector<Predictor>& components, const Past& past,
                         const EnsembleOptions& options);

/// Quantile of Student's t; 2 degrees of freedom at least. Cornish & Fisher, to 0.2 % from 3 on.
double student_quantile(double probability, double degrees_of_freedom);

inline constexpr int kEnoughOrigins = 20;

}  // namespace revenue::forecast
