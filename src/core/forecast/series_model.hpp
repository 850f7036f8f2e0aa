#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/poll.hpp"
#include "core/foundation/table.hpp"
#include "core/forecast/day_effects.hpp"
#include "core/forecast/intervals.hpp"
#include "core/forecast/parts.hpp"
#include "core/forecast/series.hpp"

namespace revenue::forecast {

/// A fitted series: what was seen, what was fitted, and how far off it was.
struct SeriesModel {
  static constexpr const char* kSqlName = "revenue.series_model";

  Calendar calendar;
  std::int64_t first = 0;        ///< number of the first period of `values`
  std::int32_t season = 1;       ///< that was fitted
  bool per_workday = false;
  Method method = Method::automatic;
  std::vector<double> values;    ///< as seen; NaN where there was no row
  std::vector<double> fitted;    ///< one-step forecasts; NaN where a period was not fitted
  DayEffects effects;            ///< that the mixture was fitted without, in its unit
  Mixture mixture;
  double unit = 1;               ///< the mixture's numbers are in this unit, a power of two
  double scale = 0;              ///< of the intervals
  bool non_negative = false;
  std::vector<double> scores;    ///< absolute errors at steps 1, 2, ... of a fit to all but the last, over its scale
  std::vector<double> earlier_scores;  ///< the same of a fit to all but twice as many
  double drift = kUsualDrift;    ///< as drift_of() gives it of what was fitted
  double record = 1;             ///< factor of the scale that the series' own errors make
  double record_before = 1;      ///< the same when the scores were made
  std::vector<Note> notes;

  /// A number of the mixture as it shows in the series, in the period of that number.
  double seen(double modelled, std::int64_t index) const;
  /// How much wider than elsewhere the intervals of that period are.
  double stretch(std::int64_t index) const;

  void serialize(Writer& writer) const;
  static SeriesModel deserialize(Reader& reader);
};

/// Fits a series. Throws what regular_series() throws.
SeriesModel fit_series(Series series, const SeriesOptions& options, Poll poll);

struct ForecastPoint {
  std::int32_t step = 0;  ///< periods ahead
  LocalTime ts;
  double mean = 0;
  std::vector<double> lower;  ///< in the order of the levels
  std::vector<double> upper;
};
REVENUE_FIELDS(ForecastPoint, step, ts, mean, lower, upper)

struct Calibration;

/// The next `horizon` periods with intervals of these levels, each above 0 and below 1, as wide as the calibration
/// says, or as is usual. Throws invalid_argument for another level or a horizon outside 1 to kMostHorizon, out_of_range for a forecast that
/// is no number.
std::vector<ForecastPoint> forecast(const SeriesModel& model, std::int32_t horizon, const std::vector<double>& levels,
                                    const std::optional<Calibration>& calibration, Poll poll);
inline constexpr std::int32_t kMostHorizon = 10'000;

struct PartDescription {
  std::string method;
  double weight = 0;
  Table parameters;
};
REVENUE_FIELDS(PartDescription, method, weight, parameters)

struct SeriesDescription {
  std::string method;
  std::vector<PartDescription> parts;
  std::int64_t n = 0;
  std::string period;
  std::int32_t season = 0;
  std::string first;
  std::string last;
  double scale = 0;
  std::optional<double> mae;   ///< of the one-step forecasts
  std::optional<double> mase;  ///< over the mean absolute seasonal difference
  std::optional<double> bias;  ///< mean of forecast less value
  std::vector<std::string> reasons;
};
REVENUE_FIELDS(SeriesDescription, method, parts, n, period, season, first, last, scale, mae, mase, bias, reasons)

SeriesDescription describe(const SeriesModel& model);

struct DecomposedPoint {
  LocalTime ts;
  std::optional<double> value;
  double trend = 0;
  double season = 0;
  std::optional<double> remainder;  ///< value = trend + season + remainder
};
REVENUE_FIELDS(DecomposedPoint, ts, value, trend, season, remainder)

std::vector<DecomposedPoint> decompose(const SeriesModel& model);

}  // namespace revenue::forecast
