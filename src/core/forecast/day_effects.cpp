#include "core/forecast/day_effects.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/forecast/prepare.hpp"
#include "core/forecast/seasonality.hpp"

namespace revenue::forecast {

namespace {

constexpr std::size_t kNoPlace = DayEffects::kPlaces;
constexpr std::size_t kQuarterEnd = DayEffects::kPlaces - 1;

std::int64_t month_of(const Calendar& calendar, std::int64_t index) {
  const Civil civil = civil_of(calendar.first_day(index));
  return civil.year * 12 + civil.month - 1;
}

// Counted in periods, so that the last workday is the last place whatever its date is.
std::size_t place_of(const Calendar& calendar, std::int64_t index) {
  const std::int64_t month = month_of(calendar, index);
  for (std::int64_t i = 0; i < 3; ++i)
    if (month_of(calendar, index + i + 1) != month) return static_cast<std::size_t>(i);
  for (std::int64_t i = 0; i < 3; ++i)
    if (month_of(calendar, index - i - 1) != month) return static_cast<std::size_t>(3 + i);
  return kNoPlace;
}

bool ends_quarter(const Calendar& calendar, std::int64_t index) {
  const std::int64_t month = month_of(calendar, index);
  return month % 3 == 2 && month_of(calendar, index + 1) != month;
}

// A mean drawn towards nothing by as much as chance makes it; nothing below 2.5 standard errors.
double shrunk_mean(const std::vector<double>& values) {
  constexpr std::size_t kFewest = 3;
  constexpr double kStandsOut = 2.5;
  if (values.size() < kFewest) return 0;
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double variance = squares / (n - 1) / n;
  return mean * mean > kStandsOut * kStandsOut * variance ? mean * (1 - variance / (mean * mean)) : 0;
}

}  // namespace

double DayEffects::at(const Calendar& calendar, std::int64_t index) const {
  double effect = multiplicative ? 1 : 0;
  const auto take = [&](double one) { effect = multiplicative ? effect * one : effect + one; };
  if (!ends.empty()) {
    if (const std::size_t place = place_of(calendar, index); place != kNoPlace) take(ends[place]);
    if (ends_quarter(calendar, index)) take(ends[kQuarterEnd]);
  }
  if (!months.empty()) {
    // Straight from the middle of one month to the middle of the next.
    const Civil civil = civil_of(calendar.first_day(index));
    const double day = (civil.day - 0.5) / days_in_month(civil.year, civil.month) - 0.5;
    const auto month = static_cast<std::size_t>(civil.month - 1);
    const double beside = months[day < 0 ? (month + 11) % 12 : (month + 1) % 12];
    take(months[month] + std::fabs(day) * (beside - months[month]));
  }
  return effect;
}

DayEffects day_effects(std::span<const double> values, std::int64_t first, const Calendar& calendar) {
  const std::size_t n = values.size();
  const auto season = static_cast<std::size_t>(season_of(calendar.period));
  const std::size_t month = calendar.period == Period::workday ? 21 : 30;
  DayEffects effects;
  if (n < 3 * month) return effects;
  effects.multiplicative = *std::min_element(values.begin(), values.end()) > 0;
  std::vector<double> plain(values.begin(), values.end());
  if (effects.multiplicative)
    for (double& value : plain) value = std::log(value);
  const std::vector<double> weekdays = robust_effects(plain, season);
  for (std::size_t t = 0; t < n; ++t) plain[t] -= weekdays[t % season];

  // What remains beside the median of the fortnight around.
  std::array<std::vector<double>, DayEffects::kPlaces> found;
  const std::size_t half = season;
  std::vector<double> window;
  std::vector<double> rest(n);
  for (std::size_t t = 0; t < n; ++t) {
    const std::size_t begin = t < half ? 0 : t - half;
    window.assign(plain.begin() + static_cast<std::ptrdiff_t>(begin),
                  plain.begin() + static_cast<std::ptrdiff_t>(std::min(n, t + half + 1)));
    rest[t] = plain[t] - median(window);
    const std::size_t place = place_of(calendar, first + static_cast<std::int64_t>(t));
    if (place != kNoPlace) found[place].push_back(rest[t]);
  }
  std::vector<double> ends(DayEffects::kPlaces, 0.0);
  for (std::size_t place = 0; place < kQuarterEnd; ++place) ends[place] = shrunk_mean(found[place]);
  for (std::size_t t = 0; t < n; ++t)
    if (ends_quarter(calendar, first + static_cast<std::int64_t>(t))) found[kQuarterEnd].push_back(rest[t] - ends[0]);
  ends[kQuarterEnd] = shrunk_mean(found[kQuarterEnd]);
  if (std::any_of(ends.begin(), ends.end(), [](double effect) { return effect != 0; })) {
    effects.ends = ends;
    if (effects.multiplicative)
      for (double& effect : effects.ends) effect = std::exp(effect);
  }

  // Means of whole months, in which weekdays and ends hardly differ.
  std::map<std::int64_t, std::pair<double, std::size_t>> by_month;
  for (std::size_t t = 0; t < n; ++t) {
    auto& [sum, count] = by_month[month_of(calendar, first + static_cast<std::int64_t>(t))];
    sum += values[t];
    ++count;
  }
  std::vector<double> means;
  std::int64_t january = 0;  // place of the first whole month
  for (const auto& [number, sum] : by_month) {
    if (sum.second + 3 < month) continue;  // cut off at an end
    if (means.empty()) january = number % 12;
    means.push_back(sum.first / static_cast<double>(sum.second));
  }
  const std::vector<double> months = shrunk_effects(means, 12, effects.multiplicative);
  if (!months.empty()) {
    effects.months.resize(12);
    for (std::size_t i = 0; i < 12; ++i)
      effects.months[(static_cast<std::size_t>(january) + i) % 12] =
          effects.multiplicative ? std::max(months[i], 0.01) : months[i];
  }
  return effects;
}

void DayEffects::serialize(Writer& writer) const {
  writer.put(static_cast<std::uint8_t>(multiplicative));
  for (const auto* list : {&ends, &months}) {
    writer.put(static_cast<std::uint8_t>(list->size()));
    writer.put_all(std::span<const double>(*list));
  }
}

DayEffects DayEffects::deserialize(Reader& reader) {
  DayEffects effects;
  const auto flag = reader.get<std::uint8_t>();
  if (flag > 1) Reader::malformed();
  effects.multiplicative = flag == 1;
  for (auto* list : {&effects.ends, &effects.months}) {
    const auto count = reader.get<std::uint8_t>();
    if (count != 0 && count != (list == &effects.ends ? kPlaces : 12)) Reader::malformed();
    *list = reader.get_all<double>(count);
    for (const double value : *list)
      if (!std::isfinite(value) || (effects.multiplicative && !(value > 0))) Reader::malformed();
  }
  return effects;
}

}  // namespace revenue::forecast
