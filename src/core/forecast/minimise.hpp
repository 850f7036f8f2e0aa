#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace revenue::forecast {

/// The point between `low` and `high` where `f` is least: the best of `cells` + 1 points of a grid,
/// then golden sections between its neighbours, until they are `tolerance` apart. For smooth
/// functions that may have a few hollows.
template <class F>
double minimise(double low, double high, int cells, double tolerance, F&& f) {
  double best = low;
  double least = std::numeric_limits<double>::infinity();
  const double width = (high - low) / cells;
  for (int i = 0; i <= cells; ++i) {
    const double x = low + width * i;
    const double value = f(x);
    if (value < least) least = value, best = x;
  }
  constexpr double kGolden = 0.6180339887498949;
  double a = std::max(low, best - width);
  double b = std::min(high, best + width);
  double left = b - kGolden * (b - a);
  double right = a + kGolden * (b - a);
  double at_left = f(left);
  double at_right = f(right);
  while (b - a > tolerance) {
    if (at_left <= at_right) {
      b = right, right = left, at_right = at_left;
      left = b - kGolden * (b - a), at_left = f(left);
    } else {
      a = left, left = right, at_left = at_right;
      right = a + kGolden * (b - a), at_right = f(right);
    }
  }
  const double x = at_left <= at_right ? left : right;
  return std::min(at_left, at_right) <= least ? x : best;
}

/// A simplex search (Nelder & Mead 1965) in up to `Most` dimensions without any allocation. `f`
/// gives infinity outside its domain; `x` must lie inside. It stops when the values of the simplex
/// differ by less than `tolerance`, or after `evaluations`. Returns the least value; `x` is where.
template <std::size_t Most, class F>
double nelder_mead(std::array<double, Most>& x, const std::array<double, Most>& step, std::size_t dimensions,
                   int evaluations, double tolerance, F&& f) {
  using Point = std::array<double, Most>;
  std::array<Point, Most + 1> points;
  std::array<double, Most + 1> values{};
  const std::size_t n = dimensions;
  for (std::size_t i = 0; i <= n; ++i) {
    points[i] = x;
    if (i > 0) points[i][i - 1] += step[i - 1];
    values[i] = f(points[i]);
    if (i > 0 && !(values[i] < std::numeric_limits<double>::infinity())) {
      points[i][i - 1] = x[i - 1] - step[i - 1];
      values[i] = f(points[i]);
    }
  }
  const auto along = [n](const Point& from, const Point& to, double length) {
    Point point = from;
    for (std::size_t i = 0; i < n; ++i) point[i] = from[i] + length * (to[i] - from[i]);
    return point;
  };
  const auto order = [&] {  // by insertion: all but one are in order already
    for (std::size_t i = 1; i <= n; ++i)
      for (std::size_t j = i; j > 0 && values[j] < values[j - 1]; --j) {
        std::swap(values[j], values[j - 1]);
        std::swap(points[j], points[j - 1]);
      }
  };
  order();
  for (int used = static_cast<int>(n) + 1; used < evaluations && values[n] - values[0] > tolerance;) {
    Point centre{};
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) centre[j] += points[i][j] / static_cast<double>(n);
    const auto attempt = [&](double length) {
      const Point point = along(centre, points[n], length);
      return std::pair(f(point), point);
    };
    const auto accept = [&](const std::pair<double, Point>& found) {
      values[n] = found.first;
      points[n] = found.second;
    };
    const auto reflected = attempt(-1);
    ++used;
    if (reflected.first < values[0]) {
      const auto expanded = attempt(-2);
      ++used;
      accept(expanded.first < reflected.first ? expanded : reflected);
    } else if (reflected.first < values[n - 1]) {
      accept(reflected);
    } else {
      const bool outside = reflected.first < values[n];
      const auto contracted = attempt(outside ? -0.5 : 0.5);
      ++used;
      if (contracted.first < std::min(reflected.first, values[n])) {
        accept(contracted);
      } else {
        for (std::size_t i = 1; i <= n; ++i) {
          points[i] = along(points[0], points[i], 0.5);
          values[i] = f(points[i]);
        }
        used += static_cast<int>(n);
      }
    }
    order();
  }
  x = points[0];
  return values[0];
}

}  // namespace revenue::forecast
