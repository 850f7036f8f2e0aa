#include "core/forecast/series_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/foundation/error.hpp"
#include "core/forecast/calibration.hpp"
#include "core/forecast/intervals.hpp"
#include "core/forecast/lumpy.hpp"
#include "core/forecast/options.hpp"
#include "core/forecast/prepare.hpp"
#include "core/forecast/seasonality.hpp"

namespace revenue::forecast {

namespace {

constexpr std::size_t kMostFitted = 2000;

// A power of two, so that dividing by it changes no digit.
double unit_of(std::span<const double> values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::fabs(value));
  if (!(most > 0)) return 1;
  return std::ldexp(1.0, std::clamp(std::ilogb(most), -1000, 1000));
}

// What an error so many steps ahead is measured in, beside the scale.
double growth_of(const Mixture& mixture, double drift, std::int64_t step) {
  const std::optional<double> alpha = mixture.smoothing();
  return (alpha ? level_growth(step, *alpha) : 1) * drift_growth(step, drift);
}

std::size_t held_back(Period period, std::size_t n) {
  constexpr std::size_t kHorizons[] = {28, 20, 13, 18, 8, 6};  // by period
  return std::min(kHorizons[static_cast<std::size_t>(period)], n / 3);
}

// Absolute errors at steps 1, 2, ... of a fit to all but the last values, over the base scale of that fit.
// Nothing where too little would be left.
std::vector<double> held_back_errors(std::span<const double> values, std::int32_t season, Period period,
                                     Method method, Poll poll) {
  const std::size_t n = values.size();
  const std::size_t horizon = held_back(period, n);
  constexpr std::size_t kFewest = 4;
  if (horizon < 1 || n - horizon < kFewest) return {};
  const std::span<const double> known = values.first(n - horizon);
  std::vector<Note> notes;
  std::vector<double> fitted;
  const Mixture mixture = fit_mixture(known, season, method, notes, fitted, poll);
  const double scale = base_scale(known, fitted, static_cast<std::size_t>(season));
  const double drift = drift_of(known, static_cast<std::size_t>(season));
  if (!(scale > 0)) return {};
  std::vector<double> errors(horizon);
  mixture.forecast(errors);
  for (std::size_t h = 0; h < horizon; ++h)
    errors[h] = std::fabs(values[n - horizon + h] - errors[h]) / scale /
                growth_of(mixture, drift, static_cast<std::int64_t>(h) + 1);
  return errors;
}

void fill_gaps(Series& series, const SeriesOptions& options, std::vector<double>& values) {
  const auto gaps = std::count_if(values.begin(), values.end(), [](double value) { return std::isnan(value); });
  if (gaps == 0) return;
  // Few gaps are rows that got lost; many are periods in which nothing happened. Of a level nothing is lost.
  constexpr double kMany = 0.2;
  constexpr std::ptrdiff_t kSome = 4;
  const bool events = std::any_of(series.notes.begin(), series.notes.end(),
                                  [](const Note& note) { return note.remark == Remark::irregular; });
  const bool zero = options.gaps == Gaps::zero ||
                    (options.gaps == Gaps::automatic && options.gather == Gather::sum &&
                     (events || (gaps >= kSome && static_cast<double>(gaps) > kMany * static_cast<double>(values.size()))));
  if (zero) std::replace_if(values.begin(), values.end(), [](double value) { return std::isnan(value); }, 0.0);
  else interpolate(values, static_cast<std::size_t>(series.season));
  series.notes.push_back({zero ? Remark::zeros_filled : Remark::interpolated, gaps});
}

double workdays_of(const Calendar& calendar, std::int64_t index) {
  return static_cast<double>(
      std::max<std::int64_t>(1, workdays_between(calendar.first_day(index), calendar.first_day(index + 1))));
}

bool takes_workdays(Period period) { return period >= Period::week; }

void require_level(double level) {
  if (level > 0 && level < 1) return;
  throw Error(ErrorCode::invalid_argument, "a level of an interval lies between 0 and 1",
              "Pass levels such as {0.7,0.85,0.95}.");
}

}  // namespace

double SeriesModel::stretch(std::int64_t index) const {
  const double factor = effects.multiplicative && !effects.empty() ? effects.at(calendar, index) : 1;
  return per_workday ? factor * workdays_of(calendar, index) : factor;
}

double SeriesModel::seen(double modelled, std::int64_t index) const {
  const double value = effects.empty() ? modelled : effects.with(modelled, effects.at(calendar, index));
  return value * unit * (per_workday ? workdays_of(calendar, index) : 1);
}

namespace {

// Where the fit begins: after leading zeros, and not longer ago than kMostFitted periods.
std::size_t first_fitted(std::span<const double> values, std::vector<Note>& notes) {
  constexpr std::size_t kEnough = 3;
  std::size_t begin = 0;
  const auto zeros = static_cast<std::size_t>(
      std::find_if(values.begin(), values.end(), [](double value) { return value != 0; }) - values.begin());
  if (zeros > 0 && zeros + kEnough <= values.size()) {
    begin = zeros;
    notes.push_back({Remark::leading_zeros, static_cast<std::int64_t>(zeros)});
  }
  if (values.size() - begin > kMostFitted) {
    begin = values.size() - kMostFitted;
    notes.push_back({Remark::shortened, static_cast<std::int64_t>(kMostFitted)});
  }
  return begin;
}

// Frees days of the effects of the calendar, and draws outliers in.
void free_of_effects(std::span<double> values, std::int64_t first, SeriesModel& model, std::vector<Note>& notes) {
  if (mean_interval(values) > kLumpy) return;
  if (model.calendar.period == Period::day || model.calendar.period == Period::workday) {
    model.effects = day_effects(values, first, model.calendar);
    if (!model.effects.ends.empty()) notes.push_back({Remark::month_end_effect, 0});
    if (!model.effects.months.empty()) notes.push_back({Remark::year_effect, 0});
  }
  if (!model.effects.empty())
    for (std::size_t t = 0; t < values.size(); ++t) {
      const double effect = model.effects.at(model.calendar, first + static_cast<std::int64_t>(t));
      values[t] = model.effects.without(values[t], effect);
    }
  const std::int64_t outliers = draw_in_outliers(values, static_cast<std::size_t>(model.season));
  if (outliers == 0) return;
  notes.push_back({Remark::outliers, outliers});
  // What stood apart is no measure of the others.
  const double unit = unit_of(values);
  for (double& value : values) value /= unit;
  if (!model.effects.multiplicative)
    for (auto* effects : {&model.effects.ends, &model.effects.months})
      for (double& effect : *effects) effect /= unit;
  model.unit *= unit;
}

// The scale of the intervals, and the scores they are calibrated on.
void measure_errors(std::span<const double> values, std::span<const double> fitted, SeriesModel& model, Poll poll) {
  const Period period = model.calendar.period;
  // A series' own record is that of the fast recipe.
  const auto fast_errors = [&](std::span<const double> known) {
    return held_back_errors(known, model.season, period, Method::fast, poll);
  };
  const auto scores_of = [&](std::span<const double> known, const std::vector<double>& fast) {
    return model.method == Method::fast ? fast : held_back_errors(known, model.season, period, model.method, poll);
  };
  const std::vector<double> fast = fast_errors(values);
  model.drift = drift_of(values, static_cast<std::size_t>(model.season));
  model.record = own_factor(period, fast);
  model.scale = base_scale(values, fitted, static_cast<std::size_t>(model.season)) * model.record * model.unit;
  model.scores = scores_of(values, fast);
  if (model.scores.empty()) return;
  const std::size_t horizon = model.scores.size();
  const std::span<const double> before = values.first(values.size() - horizon);
  const std::vector<double> fast_before = fast_errors(before);
  model.record_before = own_factor(period, fast_before);
  const auto of_now = [&](std::vector<double>& scores, std::size_t known, double record) {
    // The fit to the whole series knows more than the one held back; how much that is worth, on M1 and M3.
    constexpr double kMoreHistory = 0.06;
    const double more = std::pow(static_cast<double>(known) / static_cast<double>(values.size()), kMoreHistory);
    for (double& score : scores) score *= more / record;
  };
  of_now(model.scores, before.size(), model.record_before);
  // The last few periods may have been calmer than most, for all series together: those before are heard too.
  if (held_back(period, before.size()) < horizon) return;
  model.earlier_scores = scores_of(before, fast_before);
  const std::size_t known = before.size() - model.earlier_scores.size();
  of_now(model.earlier_scores, known, own_factor(period, fast_errors(before.first(known))));
}

}  // namespace

SeriesModel fit_series(Series series, const SeriesOptions& options, Poll poll) {
  SeriesModel model;
  model.calendar = series.calendar;
  model.first = series.first;
  model.season = series.season;
  model.method = options.method;
  model.values = series.values;
  model.per_workday = options.workdays && takes_workdays(series.calendar.period);

  std::vector<double> values = std::move(series.values);
  fill_gaps(series, options, values);
  model.non_negative = std::all_of(values.begin(), values.end(), [](double value) { return value >= 0; });
  const std::size_t begin = first_fitted(values, series.notes);
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(begin));
  const std::int64_t first = model.first + static_cast<std::int64_t>(begin);
  if (model.per_workday) {
    for (std::size_t t = 0; t < values.size(); ++t)
      values[t] /= workdays_of(model.calendar, first + static_cast<std::int64_t>(t));
    series.notes.push_back({Remark::per_workday, 0});
  }
  model.unit = unit_of(values);
  for (double& value : values) value /= model.unit;
  // A long season that was not seen twice is none yet.
  constexpr std::int32_t kLongSeason = 24;
  if (model.season > kLongSeason && values.size() < 2 * static_cast<std::size_t>(model.season)) {
    model.season = 1;
    series.notes.push_back({Remark::short_history, 0});
  }
  free_of_effects(values, first, model, series.notes);

  std::vector<double> fitted;
  model.mixture = fit_mixture(values, model.season, options.method, series.notes, fitted, poll);
  measure_errors(values, fitted, model, poll);
  model.fitted.assign(begin, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t t = 0; t < fitted.size(); ++t)
    model.fitted.push_back(model.seen(fitted[t], first + static_cast<std::int64_t>(t)));
  model.notes = std::move(series.notes);
  return model;
}

std::vector<ForecastPoint> forecast(const SeriesModel& model, std::int32_t horizon, const std::vector<double>& levels,
                                    const std::optional<Calibration>& calibration, Poll poll) {
  if (horizon < 1 || horizon > kMostHorizon)
    throw Error(ErrorCode::invalid_argument, "horizon must be from 1 to " + std::to_string(kMostHorizon),
                "Say how many periods ahead to forecast.", "It is " + std::to_string(horizon) + ".");
  for (const double level : levels) require_level(level);
  std::vector<double> means(static_cast<std::size_t>(horizon));
  model.mixture.forecast(means);
  std::vector<ForecastPoint> points(means.size());
  const std::int64_t last = model.first + static_cast<std::int64_t>(model.values.size()) - 1;
  for (std::size_t h = 0; h < points.size(); ++h) {
    if (h % 64 == 0) poll();
    ForecastPoint& point = points[h];
    point.step = static_cast<std::int32_t>(h + 1);
    point.ts = model.calendar.time_of(last + point.step);
    double mean = model.seen(means[h], last + point.step);
    if (!std::isfinite(mean))
      throw Error(ErrorCode::out_of_range, "the forecast leaves the range of double precision",
                  "Ask for a shorter horizon, or scale the values down.");
    if (model.non_negative) mean = std::max(mean, 0.0);
    point.mean = mean;
    const double scale = model.scale * model.stretch(last + point.step) * growth_of(model.mixture, model.drift, point.step);
    for (const double level : levels) {
      const Period period = model.calendar.period;
      const double multiplier = calibration ? calibration->multiplier(period, point.step, level)
                                            : usual_multiplier(period, point.step, level);
      const double half = multiplier * scale;
      constexpr double kMost = std::numeric_limits<double>::max();
      point.lower.push_back(std::max(mean - half, model.non_negative ? 0.0 : -kMost));
      point.upper.push_back(std::min(mean + half, kMost));
    }
  }
  return points;
}

}  // namespace revenue::forecast
