#include <algorithm>
#include <cmath>

#include "core/forecast/intervals.hpp"
#include "core/forecast/prepare.hpp"
#include "core/forecast/seasonality.hpp"
#include "core/forecast/series_model.hpp"

namespace revenue::forecast {

namespace {

std::string date_text(LocalTime time) {
  const Civil civil = civil_of(day_of(time));
  const auto padded = [](std::int64_t number, std::size_t width) {
    std::string digits = std::to_string(number);
    return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
  };
  const std::string year = civil.year > 0 ? padded(civil.year, 4) : padded(1 - civil.year, 4) + " BC";
  return year.substr(0, year.find(' ')) + "-" + padded(civil.month, 2) + "-" + padded(civil.day, 2) +
         (civil.year > 0 ? "" : " BC");
}

}  // namespace

SeriesDescription describe(const SeriesModel& model) {
  SeriesDescription description;
  description.method = name_of(model.method);
  for (const Part& part : model.mixture.parts) description.parts.push_back({describe_part(part), part.weight, parameters_of(part, model.unit)});
  description.n = static_cast<std::int64_t>(model.values.size());
  description.period = name_of(model.calendar.period);
  description.season = model.season;
  description.first = date_text(model.calendar.time_of(model.first));
  description.last = date_text(model.calendar.time_of(model.first + description.n - 1));
  description.scale = model.scale;
  double absolute = 0, signed_sum = 0, count = 0;
  std::vector<double> known;
  for (std::size_t t = 0; t < model.values.size(); ++t) {
    if (!std::isnan(model.values[t])) known.push_back(model.values[t]);
    if (t == 0 || std::isnan(model.values[t]) || std::isnan(model.fitted[t]) || std::isnan(model.fitted[t - 1])) continue;
    absolute += std::fabs(model.fitted[t] - model.values[t]);
    signed_sum += model.fitted[t] - model.values[t];
    count += 1;
  }
  if (count > 0) {
    description.mae = absolute / count;
    description.bias = signed_sum / count;
    const double difference = seasonal_difference(known, static_cast<std::size_t>(model.season));
    if (difference > 0) description.mase = *description.mae / difference;
  }
  for (const Note& note : model.notes) description.reasons.push_back(text_of(note, model.calendar.period));
  return description;
}

std::vector<DecomposedPoint> decompose(const SeriesModel& model) {
  const std::size_t n = model.values.size();
  std::vector<double> values = model.values;
  auto season = static_cast<std::size_t>(model.season);
  interpolate(values, season);
  if (n < 2 * season) season = 1;
  std::vector<double> seasonal(n, 0.0);
  std::vector<double> trend = values;
  // Trend over what the season leaves, season over what the trend leaves.
  const std::size_t window = season > 1 ? season : std::min<std::size_t>(5, n);
  for (int round = 0; round < 2; ++round) {
    std::vector<double> rest(n);
    for (std::size_t t = 0; t < n; ++t) rest[t] = values[t] - seasonal[t];
    trend = moving_average(rest, window);
    // The ends go on along the line through the half season beside them.
    const std::size_t half = window / 2;
    for (const bool end : {false, true}) {
      if (half == 0) break;
      const std::size_t k = std::min(n, 2 * half + 1);
      double mean = 0, moment = 0;
      for (std::size_t i = 0; i < k; ++i) {
        const double value = rest[end ? n - 1 - i : i];
        mean += value / static_cast<double>(k);
        moment += value * (static_cast<double>(i) - static_cast<double>(k - 1) / 2);
      }
      const auto count = static_cast<double>(k);
      const double slope = k < 2 ? 0 : moment / (count * (count * count - 1) / 12);
      for (std::size_t i = 0; i < std::min(half, n); ++i)
        if (std::isnan(trend[end ? n - 1 - i : i]))
          trend[end ? n - 1 - i : i] = mean + slope * (static_cast<double>(i) - (count - 1) / 2);
    }
    if (season == 1) break;
    std::vector<double> sums(season, 0.0), counts(season, 0.0);
    for (std::size_t t = 0; t < n; ++t) sums[t % season] += values[t] - trend[t], counts[t % season] += 1;
    double mean = 0;
    for (std::size_t i = 0; i < season; ++i) sums[i] /= counts[i], mean += sums[i] / static_cast<double>(season);
    for (std::size_t t = 0; t < n; ++t) seasonal[t] = sums[t % season] - mean;
  }
  std::vector<DecomposedPoint> points(n);
  for (std::size_t t = 0; t < n; ++t) {
    points[t].ts = model.calendar.time_of(model.first + static_cast<std::int64_t>(t));
    points[t].trend = trend[t];
    points[t].season = seasonal[t];
    if (std::isnan(model.values[t])) continue;
    points[t].value = model.values[t];
    points[t].remainder = model.values[t] - trend[t] - seasonal[t];
  }
  return points;
}

}  // namespace revenue::forecast
