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

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostFitted = 2000;

// A power of two, so that dividing by it changes no digit.
double unit_of(std::span<const double> values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::fabs(value));
  if (!(most > 0)) return 1;
  return std::ldexp(1.0, std::clamp(std::ilogb(most), -1000, 1000));
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
  if (!(scale > 0)) return {};
  std::vector<double> errors(horizon);
  mixture.forecast(errors);
  for (std::size_t h = 0; h < horizon; ++h) errors[h] = std::fabs(values[n - horizon + h] - errors[h]) / scale;
  return errors;
}

// The factor of the scale that a series' own record makes, from errors of the fast recipe.
double own_factor_of(std::span<const double> values, std::int32_t season, Period period, Poll poll) {
  return own_factor(period, held_back_errors(values, season, period, Method::fast, poll));
}

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
  std::size_t begin = 0;
  const auto first_value = static_cast<std::size_t>(
      std::find_if(values.begin(), values.end(), [](double value) { return value != 0; }) - values.begin());
  if (first_value > 0 && first_value + 3 <= values.size()) {
    begin = first_value;
    series.notes.push_back({Remark::leading_zeros, static_cast<std::int64_t>(begin)});
  }
  if (values.size() - begin > kMostFitted) {
    begin = values.size() - kMostFitted;
    series.notes.push_back({Remark::shortened, static_cast<std::int64_t>(kMostFitted)});
  }
  std::vector<double> recent(values.begin() + static_cast<std::ptrdiff_t>(begin), values.end());
  const auto index = [&](std::size_t t) { return model.first + static_cast<std::int64_t>(begin + t); };
  if (model.per_workday) {
    for (std::size_t t = 0; t < recent.size(); ++t) recent[t] /= workdays_of(model.calendar, index(t));
    series.notes.push_back({Remark::per_workday, 0});
  }
  model.unit = unit_of(recent);
  for (double& value : recent) value /= model.unit;
  // A long season that was not seen twice is none yet.
  constexpr std::int32_t kLongSeason = 24;
  if (model.season > kLongSeason && recent.size() < 2 * static_cast<std::size_t>(model.season)) {
    model.season = 1;
    series.notes.push_back({Remark::short_history, 0});
  }
  const auto season = static_cast<std::size_t>(model.season);
  const bool lumpy = mean_interval(recent) > kLumpy;
  if (!lumpy && (model.calendar.period == Period::day || model.calendar.period == Period::workday)) {
    model.effects = day_effects(recent, index(0), model.calendar);
    if (!model.effects.ends.empty()) series.notes.push_back({Remark::month_end_effect, 0});
    if (!model.effects.months.empty()) series.notes.push_back({Remark::year_effect, 0});
    if (!model.effects.empty())
      for (std::size_t t = 0; t < recent.size(); ++t)
        recent[t] = model.effects.without(recent[t], model.effects.at(model.calendar, index(t)));
  }
  if (!lumpy)
    if (const std::int64_t outliers = draw_in_outliers(recent, season); outliers > 0)
      series.notes.push_back({Remark::outliers, outliers});

  std::vector<double> fitted;
  model.mixture = fit_mixture(recent, model.season, options.method, series.notes, fitted, poll);
  const Period period = model.calendar.period;
  model.record = own_factor_of(recent, model.season, period, poll);
  model.scale = base_scale(recent, fitted, season) * model.record * model.unit;
  model.scores = held_back_errors(recent, model.season, period, options.method, poll);
  const std::span<const double> before = std::span<const double>(recent).first(recent.size() - model.scores.size());
  if (!model.scores.empty()) model.record_before = own_factor_of(before, model.season, period, poll);
  // The fit to the whole series knows more than the one held back; how much that is worth, on M1 and M3.
  constexpr double kMoreHistory = 0.08;
  const double more = std::pow(static_cast<double>(before.size()) / static_cast<double>(recent.size()), kMoreHistory);
  for (double& score : model.scores) score *= more / model.record_before;
  model.fitted.assign(values.size(), kNaN);
  for (std::size_t t = 0; t < recent.size(); ++t)
    model.fitted[begin + t] = model.seen(fitted[t], index(t));
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
    for (const double level : levels) {
      const Period period = model.calendar.period;
      const double multiplier = calibration ? calibration->multiplier(period, point.step, level)
                                            : usual_multiplier(period, point.step, level);
      const double half = multiplier * model.scale * model.stretch(last + point.step);
      constexpr double kMost = std::numeric_limits<double>::max();
      point.lower.push_back(std::max(mean - half, model.non_negative ? 0.0 : -kMost));
      point.upper.push_back(std::min(mean + half, kMost));
    }
  }
  return points;
}

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

// Stored form -----------------------------------------------------------------------------------

namespace {

void put_calendar(Writer& writer, const Calendar& calendar) {
  writer.put(static_cast<std::uint8_t>(calendar.period));
  writer.put(calendar.phase);
  writer.put(calendar.position);
  writer.put(calendar.time);
}

Calendar get_calendar(Reader& reader) {
  constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
  Calendar calendar;
  const auto period = reader.get<std::uint8_t>();
  if (period > static_cast<std::uint8_t>(Period::year)) Reader::malformed();
  calendar.period = static_cast<Period>(period);
  calendar.phase = reader.get<std::int32_t>();
  calendar.position = reader.get<std::int32_t>();
  calendar.time = reader.get<std::int64_t>();
  if (calendar.phase < 0 || calendar.phase > 11 || calendar.position < 0 || calendar.position > Calendar::kLastDay ||
      calendar.time < 0 || calendar.time >= kMicrosPerDay)
    Reader::malformed();
  return calendar;
}

bool get_flag(Reader& reader) {
  const auto flag = reader.get<std::uint8_t>();
  if (flag > 1) Reader::malformed();
  return flag == 1;
}

constexpr std::int32_t kMostSeasonLength = 1000;

}  // namespace

void SeriesModel::serialize(Writer& writer) const {
  put_calendar(writer, calendar);
  writer.put(first);
  writer.put(season);
  writer.put(static_cast<std::uint8_t>(per_workday));
  writer.put(static_cast<std::uint8_t>(method));
  writer.put(static_cast<std::uint32_t>(values.size()));
  writer.put_all(std::span(values));
  writer.put_all(std::span(fitted));
  effects.serialize(writer);
  mixture.serialize(writer);
  writer.put(unit);
  writer.put(scale);
  writer.put(static_cast<std::uint8_t>(non_negative));
  writer.put(record);
  writer.put(record_before);
  writer.put(static_cast<std::uint8_t>(scores.size()));
  writer.put_all(std::span(scores));
  writer.put(static_cast<std::uint8_t>(notes.size()));
  for (const Note& note : notes) {
    writer.put(static_cast<std::uint8_t>(note.remark));
    writer.put(note.count);
  }
}

SeriesModel SeriesModel::deserialize(Reader& reader) {
  SeriesModel model;
  model.calendar = get_calendar(reader);
  model.first = reader.get<std::int64_t>();
  model.season = reader.get<std::int32_t>();
  model.per_workday = get_flag(reader);
  const auto method = reader.get<std::uint8_t>();
  const auto count = reader.get<std::uint32_t>();
  constexpr std::int64_t kFarthest = 200'000'000;  // days, or more, from 2000
  if (model.first < -kFarthest || model.first > kFarthest || model.season < 1 || model.season > kMostSeasonLength ||
      method > static_cast<std::uint8_t>(Method::adida) || count < 1 || count > kMostPeriods)
    Reader::malformed();
  model.method = static_cast<Method>(method);
  model.values = reader.get_all<double>(count);
  model.fitted = reader.get_all<double>(count);
  model.effects = DayEffects::deserialize(reader);
  model.mixture = Mixture::deserialize(reader);
  model.unit = reader.get<double>();
  model.scale = reader.get<double>();
  model.non_negative = get_flag(reader);
  model.record = reader.get<double>();
  model.record_before = reader.get<double>();
  model.scores = reader.get_all<double>(reader.get<std::uint8_t>());
  const auto notes = reader.get<std::uint8_t>();
  for (std::size_t i = 0; i < notes; ++i) {
    const auto remark = reader.get<std::uint8_t>();
    if (remark > static_cast<std::uint8_t>(Remark::per_workday)) Reader::malformed();
    model.notes.push_back({static_cast<Remark>(remark), reader.get<std::int64_t>()});
  }
  const auto known = [](double value) { return std::isfinite(value); };
  const auto known_or_missing = [](double value) { return !std::isinf(value); };
  if (!(model.unit > 0) || !known(model.unit) || !(model.record > 0) || !known(model.record) ||
      !(model.record_before > 0) || !known(model.record_before) || !(model.scale >= 0) || !known(model.scale) ||
      !std::all_of(model.values.begin(), model.values.end(), known_or_missing) ||
      !std::any_of(model.values.begin(), model.values.end(), known) ||
      !std::all_of(model.fitted.begin(), model.fitted.end(), known_or_missing) ||
      !std::all_of(model.scores.begin(), model.scores.end(), [&](double score) { return known(score) && score >= 0; }))
    Reader::malformed();
  return model;
}

// Aggregate states ------------------------------------------------------------------------------

void SeriesState::add(LocalTime ts, double value) {
  if (!ts.finite())
    throw Error(ErrorCode::invalid_argument, "a series has finite dates",
                "Leave rows without a date out: fit_series(...) FILTER (WHERE isfinite(ts)).",
                "One of them is infinity or -infinity.");
  if (!std::isfinite(value))
    throw Error(ErrorCode::invalid_argument, "a series has finite values",
                "Leave such rows out, or make them NULL, which counts as not known.",
                "One of them is NaN or infinite.");
  observations_.push_back({ts, value});
}

void SeriesState::merge(const SeriesState& other) {
  observations_.insert(observations_.end(), other.observations_.begin(), other.observations_.end());
}

void SeriesState::serialize(Writer& writer) const {
  writer.put(observations_.size());
  writer.put_all(std::span<const Observation>(observations_));
}

void SeriesState::deserialize(Reader& reader) {
  const std::vector<Observation> read = reader.get_all<Observation>(reader.get<std::size_t>());
  for (const Observation& one : read)
    if (!one.at.finite() || !std::isfinite(one.value)) Reader::malformed();
  observations_.assign(read.begin(), read.end());
}

SeriesModel SeriesState::fit(const SeriesOptions& options, Poll poll) const {
  if (observations_.empty()) Reader::malformed();
  std::vector<Observation> observations(observations_.begin(), observations_.end());
  return fit_series(regular_series(observations, options), options, poll);
}

void SeriesStateWithOptions::add(LocalTime ts, double value, const SeriesOptions& options) {
  if (known_ && !(options == options_))
    throw Error(ErrorCode::invalid_argument, "the options differ between the rows of a series",
                "Pass the same options for every row of a group.");
  options_ = options;
  known_ = true;
  SeriesState::add(ts, value);
}

void SeriesStateWithOptions::merge(const SeriesStateWithOptions& other) {
  if (!known_) options_ = other.options_, known_ = other.known_;
  SeriesState::merge(other);
}

void SeriesStateWithOptions::serialize(Writer& writer) const {
  write_options(writer, options_);
  writer.put(static_cast<std::uint8_t>(known_));
  SeriesState::serialize(writer);
}

void SeriesStateWithOptions::deserialize(Reader& reader) {
  options_ = read_options(reader);
  known_ = get_flag(reader);
  SeriesState::deserialize(reader);
}

}  // namespace revenue::forecast
