#include "core/forecast/prepare.hpp"

#include <algorithm>
#include <array>
#include <cmath>

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

std::int64_t draw_in_outliers(std::span<double> values, std::size_t season) {
  constexpr std::size_t kFewest = 12;
  constexpr double kTooFar = 8;
  const std::size_t n = values.size();
  if (n < kFewest) return 0;
  std::vector<double> effects(1, 0.0);
  if (season > 1 && n >= 3 * season) effects = robust_effects(values, season);
  const auto plain = [&](std::size_t t) { return values[t] - effects[t % effects.size()]; };
  std::vector<double> steps(n - 1);
  for (std::size_t t = 1; t < n; ++t) steps[t - 1] = std::fabs(plain(t) - plain(t - 1));
  const double limit = kTooFar * 1.4826 * median(steps);
  if (!(limit > 0)) return 0;
  std::int64_t outliers = 0;
  for (std::size_t t = 2; t < n; ++t) {
    // Apart from the two before and the two after, which agree with each other; the last one from three before.
    std::array<double, 4> around{plain(t - 1), plain(t - 2), 0, 0};
    std::size_t count = 2;
    if (t + 1 < n) around[count++] = plain(t + 1);
    if (t + 2 < n) around[count++] = plain(t + 2);
    else if (t >= 3) around[count++] = plain(t - 3);
    const auto [least, most] = std::minmax_element(around.begin(), around.begin() + static_cast<std::ptrdiff_t>(count));
    if (*most - *least > limit) continue;
    const double value = plain(t);
    const double bound = std::clamp(value, *least - limit, *most + limit);
    if (value == bound) continue;
    const bool at_end = t + 1 == n;
    values[t] += (at_end ? bound : (*least + *most) / 2) - value;
    ++outliers;
  }
  return outliers;
}

}  // namespace revenue::forecast
