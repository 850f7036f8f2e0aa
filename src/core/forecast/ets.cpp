#include "core/forecast/ets.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "core/forecast/minimise.hpp"
#include "core/forecast/seasonality.hpp"

namespace revenue::forecast {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostSeason = 24;

struct State {
  double level = 0;
  double slope = 0;
  std::array<double, kMostSeason> season{};
};

struct Smoothing {
  double alpha = 0;
  double beta = 0;
  double gamma = 0;
  double phi = 1;
};

// Runs the filter over the values, leaves the final state and gives -2 log likelihood, up to a
// constant, with the variance concentrated out. The seasonal effects are a ring, so that nothing
// moves; `state` is the only memory. `fitted`, where there is any, receives what was expected.
template <Component Error, Component Trend, Component Season>
double run(std::span<const double> values, std::size_t season, const Smoothing& p, State& state, double* fitted) {
  double squares = 0;
  double logs = 0;
  double product = 1;
  double level = state.level;
  double slope = state.slope;
  std::size_t place = 0;
  unsigned pending = 0;
  for (const double value : values) {
    double base = level;
    if constexpr (Trend == Component::additive) base += slope;
    if constexpr (Trend == Component::damped) base += slope *= p.phi;
    double expected = base;
    if constexpr (Season == Component::additive) expected += state.season[place];
    if constexpr (Season == Component::multiplicative) expected *= state.season[place];
    if (fitted != nullptr) *fitted++ = expected;
    const double error = value - expected;
    if constexpr (Error == Component::multiplicative) {
      if (!(expected > 0)) return kInfinity;
      const double relative = error / expected;
      squares += relative * relative;
      product *= expected;
      if (++pending == 8) logs += std::log(product), product = 1, pending = 0;
    } else {
      squares += error * error;
    }
    double step = error;
    if constexpr (Season == Component::multiplicative) {
      if (!(base > 0) || !(state.season[place] > 0)) return kInfinity;
      step = error / state.season[place];
      state.season[place] += p.gamma * error / base;
    }
    level = base + p.alpha * step;
    if constexpr (Trend != Component::none) slope += p.beta * step;
    if constexpr (Season == Component::additive) state.season[place] += p.gamma * error;
    if constexpr (Season != Component::none) place = place + 1 == season ? 0 : place + 1;
  }
  state.level = level;
  state.slope = slope;
  if constexpr (Season != Component::none)
    std::rotate(state.season.begin(), state.season.begin() + static_cast<std::ptrdiff_t>(place),
                state.season.begin() + static_cast<std::ptrdiff_t>(season));
  const auto n = static_cast<double>(values.size());
  double loss = n * std::log(std::max(squares, 1e-300));
  if constexpr (Error == Component::multiplicative) loss += 2 * (logs + std::log(product));
  return std::isfinite(loss) ? loss : kInfinity;
}

using Run = double (*)(std::span<const double>, std::size_t, const Smoothing&, State&, double*);

template <Component Error, Component Trend>
Run choose_season(Component season) {
  if (season == Component::none) return &run<Error, Trend, Component::none>;
  if (season == Component::additive) return &run<Error, Trend, Component::additive>;
  return &run<Error, Trend, Component::multiplicative>;
}

template <Component Error>
Run choose_trend(const EtsForm& form) {
  if (form.trend == Component::none) return choose_season<Error, Component::none>(form.season);
  if (form.trend == Component::additive) return choose_season<Error, Component::additive>(form.season);
  return choose_season<Error, Component::damped>(form.season);
}

Run choose(const EtsForm& form) {
  return form.error == Component::additive ? choose_trend<Component::additive>(form)
                                           : choose_trend<Component::multiplicative>(form);
}

// Where the search starts: effects of the whole series, and a straight line through the first values
// without them (Hyndman et al. 2008, 2.6.1).
struct Start {
  State state;
  double line_level = 0;
  double line_slope = 0;
};

Start start_of(std::span<const double> values, std::size_t season, Component kind) {
  const std::size_t n = values.size();
  Start start;
  std::vector<double> effects;
  const bool multiplicative = kind == Component::multiplicative;
  if (kind != Component::none) {
    effects = seasonal_effects(values, season, multiplicative);
    std::copy(effects.begin(), effects.end(), start.state.season.begin());
    if (multiplicative)
      for (double& effect : start.state.season) effect = std::max(effect, 0.01);
  }
  const std::size_t most = std::min(n, std::max<std::size_t>(10, kind == Component::none ? 0 : 2 * season));
  double sum = 0, moment = 0;
  for (std::size_t t = 0; t < most; ++t) {
    double value = values[t];
    if (kind == Component::additive) value -= effects[t % season];
    if (multiplicative) value /= std::max(effects[t % season], 0.01);
    sum += value;
    moment += value * static_cast<double>(t + 1);
  }
  const auto k = static_cast<double>(most);
  const double mean = sum / k;
  const double slope = most < 2 ? 0 : (moment - mean * k * (k + 1) / 2) / (k * (k * k - 1) / 12);
  start.line_slope = slope;
  start.line_level = mean - slope * (k + 1) / 2;
  start.state.level = mean;
  return start;
}

constexpr int kEvaluations = 600;
constexpr double kTolerance = 1e-2;  // of -2 log likelihood; AICc is not told apart by less
constexpr double kLeast = 1e-4;
constexpr double kMost = 1 - 1e-4;
constexpr double kLeastPhi = 0.8;
constexpr double kMostPhi = 0.98;

// alpha, beta / alpha, gamma / (1 - alpha), phi, level, slope: those that the form has, in this order.
struct Search {
  std::array<double, 6> x{};
  std::array<double, 6> step{};
  std::size_t dimensions = 0;

  void add(double value, double width) {
    x[dimensions] = value;
    step[dimensions] = width;
    ++dimensions;
  }
};

struct Point {
  Smoothing smoothing;
  double level = 0;
  double slope = 0;
};

std::optional<Point> point_of(const EtsForm& form, const std::array<double, 6>& x) {
  const auto inside = [](double value, double low, double high) { return value >= low && value <= high; };
  Point point;
  std::size_t i = 0;
  point.smoothing.alpha = x[i++];
  if (!inside(point.smoothing.alpha, kLeast, kMost)) return std::nullopt;
  if (form.trend != Component::none) {
    if (!inside(x[i], kLeast, kMost)) return std::nullopt;
    point.smoothing.beta = x[i++] * point.smoothing.alpha;
  }
  if (form.season != Component::none) {
    if (!inside(x[i], kLeast, kMost)) return std::nullopt;
    point.smoothing.gamma = x[i++] * (1 - point.smoothing.alpha);
  }
  if (form.trend == Component::damped) {
    if (!inside(x[i], kLeastPhi, kMostPhi)) return std::nullopt;
    point.smoothing.phi = x[i++];
  }
  point.level = x[i++];
  if (form.trend != Component::none) point.slope = x[i++];
  return point;
}

double parameters_of(const EtsForm& form, std::size_t season) {
  double count = 3;  // alpha, the first level, the variance
  if (form.trend != Component::none) count += 2;
  if (form.trend == Component::damped) count += 1;
  if (form.season != Component::none) count += static_cast<double>(season);  // gamma and m - 1 effects
  return count;
}

double corrected(double loss, double parameters, double n) {
  if (n - parameters - 1 <= 0) return kInfinity;
  return loss + 2 * parameters * n / (n - parameters - 1);
}

EtsModel fit(std::span<const double> values, std::size_t season, const EtsForm& form, const Start& start,
             std::span<double> fitted) {
  const bool trend = form.trend != Component::none;
  const auto m = form.season == Component::none ? 1.0 : static_cast<double>(season);
  const double spread = std::fabs(start.line_slope) + 0.1 * std::fabs(start.state.level) + 1e-12;
  Search search;
  search.add(0.3, 0.2);
  if (trend) search.add(0.1, 0.1);
  if (form.season != Component::none) search.add(0.05 + 0 * m, 0.1);
  if (form.trend == Component::damped) search.add(0.95, -0.05);
  search.add(trend ? start.line_level : start.state.level, spread);
  if (trend) search.add(start.line_slope, std::fabs(start.line_slope) * 0.5 + 0.01 * spread);

  const Run filter = choose(form);
  State state = start.state;
  const auto loss_at = [&](const std::array<double, 6>& x, double* expected) {
    const std::optional<Point> point = point_of(form, x);
    if (!point) return kInfinity;
    state.level = point->level;
    state.slope = point->slope;
    if (form.season != Component::none) state.season = start.state.season;
    return filter(values, season, point->smoothing, state, expected);
  };
  const auto loss = [&](const std::array<double, 6>& x) { return loss_at(x, nullptr); };
  const double least = nelder_mead<6>(search.x, search.step, search.dimensions, kEvaluations, kTolerance, loss);

  EtsModel model;
  model.form = form;
  model.information = corrected(least, parameters_of(form, season), static_cast<double>(values.size()));
  loss_at(search.x, fitted.empty() ? nullptr : fitted.data());
  const Point point = *point_of(form, search.x);
  model.alpha = point.smoothing.alpha;
  model.beta = point.smoothing.beta;
  model.gamma = point.smoothing.gamma;
  model.phi = point.smoothing.phi;
  model.level = state.level;
  model.slope = state.slope;
  if (form.season != Component::none)
    model.season.assign(state.season.begin(), state.season.begin() + static_cast<std::ptrdiff_t>(season));
  return model;
}

}  // namespace

std::string name_of(const EtsForm& form) {
  const auto letters = [](Component part) -> std::string {
    switch (part) {
      case Component::none: return "N";
      case Component::additive: return "A";
      case Component::damped: return "Ad";
      default: return "M";
    }
  };
  return "ETS(" + letters(form.error) + "," + letters(form.trend) + "," + letters(form.season) + ")";
}

EtsModel fit_ets_form(std::span<const double> values, std::size_t season, const EtsForm& form,
                      std::span<double> fitted) {
  return fit(values, season, form, start_of(values, season, form.season), fitted);
}

EtsModel fit_ets(std::span<const double> values, std::size_t season, Poll poll, std::span<double> fitted) {
  std::vector<double> candidate(fitted.size());
  const bool positive = *std::min_element(values.begin(), values.end()) > 0;
  const bool seasonal = season > 1 && season <= kMostSeason && values.size() >= 2 * season;
  EtsModel best;
  best.information = kInfinity;
  bool first = true;
  for (const Component part : {Component::none, Component::additive, Component::multiplicative}) {
    if (part != Component::none && !seasonal) continue;
    if (part == Component::multiplicative && !positive) continue;
    const Start start = start_of(values, season, part);
    for (const Component trend : {Component::none, Component::additive, Component::damped})
      for (const Component error : {Component::additive, Component::multiplicative}) {
        if (error == Component::multiplicative && !positive) continue;
        if (error == Component::additive && part == Component::multiplicative) continue;
        poll();
        EtsModel model = fit(values, season, {error, trend, part}, start, candidate);
        if (first || model.information < best.information) {
          best = std::move(model);
          std::copy(candidate.begin(), candidate.end(), fitted.begin());
        }
        first = false;
      }
  }
  return best;
}

void forecast_ets(const EtsModel& model, std::span<double> into) {
  double level = model.level;
  double slope = model.slope;
  for (std::size_t h = 0; h < into.size(); ++h) {
    if (model.form.trend == Component::damped) slope *= model.phi;
    if (model.form.trend != Component::none) level += slope;
    into[h] = level;
    if (model.form.season == Component::none) continue;
    const double effect = model.season[h % model.season.size()];
    if (model.form.season == Component::additive) into[h] += effect;
    else into[h] *= effect;
  }
}

}  // namespace revenue::forecast
