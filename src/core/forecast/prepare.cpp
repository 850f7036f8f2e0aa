#include "core/forecast/prepare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/forecast/seasonality.hpp"

namespace revenue::forecast {

namespace {

void interpolate_linearly(std::span<double> values) {
  const std::size_t n = values.size();
  std::size_t known = n;  // the last known place
  for (std::size_t t = 0; t < n; ++t) {
    if (std::isnan(values[t])) continue;
    for (std::size_t gap = known == n ? 0 : known + 1; gap < t; ++gap) {
      if (known == n) values[gap] = values[t];
      else
        values[gap] = values[known] + (values[t] - values[known]) * static_cast<double>(gap - known) /
                                          static_cast<double>(t - known);
    }
    known = t;
  }
  for (std::size_t gap = known + 1; gap < n; ++gap) values[gap] = values[known];
}

}  // namespace

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<double> robust_effects(std::span<const double> values, std::size_t season) {
  const std::size_t n = values.size();
  const std::size_t half = season / 2;
  std::vector<double> rest(n);
  std::vector<double> window;
  for (std::size_t t = 0; t < n; ++t) {
    const std::size_t begin = t < half ? 0 : t - half;
    window.assign(values.begin() + static_cast<std::ptrdiff_t>(begin),
                  values.begin() + static_cast<std::ptrdiff_t>(std::min(n, t + half + 1)));
    rest[t] = values[t] - median(window);
  }
  std::vector<double> effects(season, 0.0);
  for (std::size_t place = 0; place < std::min(season, n); ++place) {
    window.clear();
    for (std::size_t t = place; t < n; t += season) window.push_back(rest[t]);
    effects[place] = median(window);
  }
  return effects;
}

void interpolate(std::span<double> values, std::size_t season) {
  std::vector<std::size_t> gaps;
  for (std::size_t t = 0; t < values.size(); ++t)
    if (std::isnan(values[t])) gaps.push_back(t);
  if (gaps.empty()) return;
  interpolate_linearly(values);
  if (season < 2 || values.size() < 2 * season + 1) return;
  const std::vector<double> effects = shrunk_effects(values, season, false);
  if (effects.empty()) return;
  for (std::size_t t = 0; t < values.size(); ++t) values[t] -= effects[t % season];
  for (const std::size_t t : gaps) values[t] = std::numeric_limits<double>::quiet_NaN();
  interpolate_linearly(values);
  for (std::size_t t = 0; t < values.size(); ++t) values[t] += effects[t % season];
}

namespace {

constexpr double kTooFar = 8;  // usual steps

// The values beside a run of `length` from `begin` on: two before and two after, or three of one side where the other
// has none.
struct Beside {
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
};

Beside beside(std::span<const double> values, std::size_t begin, std::size_t length) {
  constexpr std::size_t kEach = 2;
  constexpr std::size_t kFewest = 3;
  const std::size_t end = begin + length;
  const std::size_t all_after = values.size() - end;
  std::size_t before = std::min(begin, kEach);
  const std::size_t after = std::min(all_after, std::max(kEach, kFewest + (begin > 0 ? 1 : 0) - before));
  before = std::min(begin, std::max(before, kFewest + (after > 0 ? 1 : 0) - after));
  Beside found;
  const auto take = [&found](double value) {
    found.least = std::min(found.least, value);
    found.most = std::max(found.most, value);
  };
  for (std::size_t i = 1; i <= before; ++i) take(values[begin - i]);
  for (std::size_t i = 0; i < after; ++i) take(values[end + i]);
  return found;
}

constexpr std::size_t kShort = 12;  // values; of fewer, steps are known less well

// How far a value may be from those beside it: eight usual steps, or a quarter of the level where most values do not
// move at all; the more the fewer values there are. The lower median, because two of four steps may be those of an
// outlier.
double usual_limit(std::span<const double> values) {
  constexpr double kOfLevel = 0.25;
  const double few = std::max(1.0, static_cast<double>(kShort) / static_cast<double>(values.size()));
  std::vector<double> sizes(values.size() - 1);
  for (std::size_t t = 1; t < values.size(); ++t) sizes[t - 1] = std::fabs(values[t] - values[t - 1]);
  if (sizes.size() % 2 == 0 && values.size() < kShort) sizes.push_back(0);
  const double limit = kTooFar * 1.4826 * few * median(sizes);
  if (limit > 0) return limit;
  sizes.clear();
  for (const double value : values) sizes.push_back(std::fabs(value));
  return kOfLevel * few * median(sizes);
}

// Whether a value that lies outside `least` to `most` has its like a season before or after.
bool comes_again(std::span<const double> values, std::size_t place, std::size_t season, double least, double most) {
  const double value = values[place];
  const double apart = value > most ? value - most : least - value;
  const auto like = [&](double other) { return std::fabs(other - value) <= apart / 2; };
  return (place >= season && like(values[place - season])) || (place + season < values.size() && like(values[place + season]));
}

}  // namespace

std::int64_t draw_in_outliers(std::span<double> values, std::size_t season) {
  constexpr std::size_t kFewest = 5;
  constexpr std::size_t kLongestRun = 2;
  const std::size_t n = values.size();
  if (n < kFewest) return 0;
  std::vector<double> effects(1, 0.0);
  if (season > 1 && n >= 3 * season) effects = robust_effects(values, season);
  std::vector<double> plain(values.begin(), values.end());
  for (std::size_t t = 0; t < n; ++t) plain[t] -= effects[t % effects.size()];
  const double limit = usual_limit(plain);
  std::int64_t outliers = 0;
  for (std::size_t t = 0; t < n; ++t)
    for (std::size_t length = 1; length <= kLongestRun && t + length <= n; ++length) {
      const bool at_end = t + length == n;
      if (at_end && length > 1) break;
      // Of few values two are no exception.
      if (length > 1 && n < kShort) break;
      const auto [least, most] = beside(plain, t, length);
      const double apart = most - least > limit ? kTooFar * (most - least) : limit;
      const auto run = std::span(plain).subspan(t, length);
      if (!std::all_of(run.begin(), run.end(),
                       [apart, low = least, high = most](double value) { return value < low - apart || value > high + apart; }))
        continue;
      // A season that was not taken out is none of them.
      bool again = false;
      if (season > 1 && effects.size() == 1)
        for (std::size_t i = t; i < t + length; ++i) again = again || comes_again(plain, i, season, least, most);
      if (again) continue;
      for (double& value : run) value = at_end ? std::clamp(value, least - apart, most + apart) : (least + most) / 2;
      for (std::size_t i = t; i < t + length; ++i) values[i] = plain[i] + effects[i % effects.size()];
      outliers += static_cast<std::int64_t>(length);
    }
  return outliers;
}

}  // namespace revenue::forecast
