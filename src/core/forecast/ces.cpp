#include "core/forecast/ces.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/forecast/minimise.hpp"
#include "core/forecast/seasonality.hpp"

namespace revenue::forecast {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostSeason = 24;
constexpr int kEvaluations = 400;
constexpr double kTolerance = 1e-3;  // of -2 log likelihood

using Ring = std::array<double, kMostSeason>;

struct State {
  Ring level{};
  Ring potential{};
  Ring seasonal{};
  Ring seasonal_potential{};
};

struct Parameters {
  double a0 = 1.3;
  double a1 = 1;
  double b0 = 1.3;
  double b1 = 1;
};

// One pass over the values, forwards or backwards; rings are in the order of the pass, and are left
// with the next place first only where the length is a multiple of the season, so `place` is carried.
template <CesSeason Season, bool Forward>
double pass(std::span<const double> values, std::size_t season, const Parameters& p, State& state, std::size_t& place,
            double* fitted = nullptr) {
  double squares = 0;
  const std::size_t n = values.size();
  for (std::size_t i = 0; i < n; ++i) {
    if constexpr (!Forward) place = place == 0 ? season - 1 : place - 1;
    const double value = values[Forward ? i : n - 1 - i];
    const std::size_t at = Season == CesSeason::simple ? place : 0;
    const double level = state.level[at];
    const double potential = state.potential[at];
    double expected = level;
    if constexpr (Season == CesSeason::partial || Season == CesSeason::full) expected += state.seasonal[place];
    if (fitted != nullptr) *fitted++ = expected;
    const double error = value - expected;
    squares += error * error;
    state.level[at] = level - (1 - p.a1) * potential + (p.a0 - p.a1) * error;
    state.potential[at] = level + (1 - p.a0) * potential + (p.a0 + p.a1) * error;
    if constexpr (Season == CesSeason::partial) state.seasonal[place] += p.b0 * error;
    if constexpr (Season == CesSeason::full) {
      const double effect = state.seasonal[place];
      const double other = state.seasonal_potential[place];
      state.seasonal[place] = effect - (1 - p.b1) * other + (p.b0 - p.b1) * error;
      state.seasonal_potential[place] = effect + (1 - p.b0) * other + (p.b0 + p.b1) * error;
    }
    if constexpr (Forward) place = place + 1 == season ? 0 : place + 1;
  }
  return squares;
}

template <CesSeason Season>
double backcast(std::span<const double> values, std::size_t season, const Parameters& p, State& state,
                std::size_t& place, double* fitted) {
  place = 0;
  pass<Season, true>(values, season, p, state, place);
  pass<Season, false>(values, season, p, state, place);
  const double squares = pass<Season, true>(values, season, p, state, place, fitted);
  return std::isfinite(squares) ? squares : kInfinity;
}

using Backcast = double (*)(std::span<const double>, std::size_t, const Parameters&, State&, std::size_t&, double*);

Backcast choose(CesSeason season) {
  switch (season) {
    case CesSeason::none: return &backcast<CesSeason::none>;
    case CesSeason::simple: return &backcast<CesSeason::simple>;
    case CesSeason::partial: return &backcast<CesSeason::partial>;
    default: return &backcast<CesSeason::full>;
  }
}

CesModel fit(std::span<const double> values, std::size_t data_season, CesSeason kind, std::span<double> fitted) {
  const std::size_t n = values.size();
  const std::size_t season = kind == CesSeason::none ? 1 : data_season;
  State start;
  const std::size_t first = std::min(n, std::max<std::size_t>(season, 10));
  const double mean = std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(first), 0.0) /
                      static_cast<double>(first);
  if (kind == CesSeason::simple) {
    std::copy_n(values.begin(), season, start.level.begin());
    for (std::size_t i = 0; i < season; ++i) start.potential[i] = start.level[i] / 1.1;
  } else {
    start.level[0] = mean;
    start.potential[0] = mean / 1.1;
  }
  if (kind == CesSeason::partial || kind == CesSeason::full) {
    const std::vector<double> effects = seasonal_effects(values, season, false);
    std::copy(effects.begin(), effects.end(), start.seasonal.begin());
    for (std::size_t i = 0; i < season; ++i) start.seasonal_potential[i] = effects[i] / 1.1;
  }
  const Backcast filter = choose(kind);
  State state;
  std::size_t place = 0;
  const auto parameters_at = [kind](const std::array<double, 4>& x) {
    Parameters p;
    p.a0 = x[0], p.a1 = x[1];
    if (kind == CesSeason::partial) p.b0 = x[2];
    if (kind == CesSeason::full) p.b0 = x[2], p.b1 = x[3];
    return p;
  };
  const auto loss = [&](const std::array<double, 4>& x, double* expected = nullptr) {
    const Parameters p = parameters_at(x);
    // Stable: the roots of the discounted transition lie inside the unit circle.
    const auto stable = [](double a, double b) {
      return (a - 2.5) * (a - 2.5) + b * b > 1.25 && (a - 0.5) * (a - 0.5) + (b - 1) * (b - 1) > 0.25 &&
             (a - 1.5) * (a - 1.5) + (b - 0.5) * (b - 0.5) < 1.5;
    };
    if (!stable(p.a0, p.a1)) return kInfinity;
    // What it says of later periods, when there are no more errors, grows by the larger root of its transition.
    const double trace = 2 - p.a0, determinant = 2 - p.a0 - p.a1;
    const double within = trace * trace / 4 - determinant;
    const double growth = within >= 0 ? std::fabs(trace) / 2 + std::sqrt(within) : std::sqrt(determinant);
    constexpr double kMostGrowth = 1.1;
    if (kind != CesSeason::simple && growth > kMostGrowth) return kInfinity;
    if (kind == CesSeason::partial && (p.b0 < 0 || p.b0 > 1)) return kInfinity;
    if (kind == CesSeason::full && !stable(p.b0, p.b1)) return kInfinity;
    state = start;
    return filter(values, season, p, state, place, expected);
  };
  std::array<double, 4> x{1.3, 1, kind == CesSeason::partial ? 0.1 : 1.3, 1};
  const std::array<double, 4> step{0.15, 0.03, kind == CesSeason::partial ? 0.1 : 0.15, 0.03};
  const std::size_t dimensions = kind == CesSeason::partial ? 3 : kind == CesSeason::full ? 4 : 2;
  const auto count = static_cast<double>(n);
  nelder_mead<4>(x, step, dimensions, kEvaluations, kTolerance,
                 [&](const std::array<double, 4>& at) { return count * std::log(std::max(loss(at), 1e-300)); });
  const double squares = loss(x, fitted.empty() ? nullptr : fitted.data());
  const Parameters p = parameters_at(x);
  CesModel model;
  model.season = kind;
  model.a0 = p.a0, model.a1 = p.a1, model.b0 = p.b0, model.b1 = p.b1;
  const auto ring = [&](const Ring& from, std::size_t length) {
    std::vector<double> values_next(length);
    for (std::size_t i = 0; i < length; ++i) values_next[i] = from[length == 1 ? 0 : (place + i) % length];
    return values_next;
  };
  model.level = ring(state.level, kind == CesSeason::simple ? season : 1);
  model.potential = ring(state.potential, kind == CesSeason::simple ? season : 1);
  if (kind == CesSeason::partial || kind == CesSeason::full) model.seasonal = ring(state.seasonal, season);
  if (kind == CesSeason::full) model.seasonal_potential = ring(state.seasonal_potential, season);
  const auto k = static_cast<double>(dimensions + 1);
  model.information = count <= k + 1 ? kInfinity
                                 : count * std::log(std::max(squares, 1e-300)) + 2 * k * count / (count - k - 1);
  return model;
}

}  // namespace

CesModel fit_ces(std::span<const double> values, std::size_t season, Poll poll, std::span<double> fitted) {
  CesModel best = fit(values, season, CesSeason::none, fitted);
  if (season < 2 || season > kMostSeason || values.size() < 2 * season) return best;
  std::vector<double> candidate(fitted.size());
  for (const CesSeason kind : {CesSeason::simple, CesSeason::partial, CesSeason::full}) {
    poll();
    CesModel model = fit(values, season, kind, candidate);
    if (model.information >= best.information) continue;
    best = std::move(model);
    std::copy(candidate.begin(), candidate.end(), fitted.begin());
  }
  return best;
}

void forecast_ces(const CesModel& model, std::span<double> into) {
  CesModel state = model;
  for (std::size_t h = 0; h < into.size(); ++h) {
    double& level = state.level[h % state.level.size()];
    double& potential = state.potential[h % state.potential.size()];
    into[h] = level;
    const double previous = level;
    level = previous - (1 - model.a1) * potential;
    potential = previous + (1 - model.a0) * potential;
    if (model.seasonal.empty()) continue;
    double& effect = state.seasonal[h % state.seasonal.size()];
    into[h] += effect;
    if (model.season != CesSeason::full) continue;
    double& other = state.seasonal_potential[h % state.seasonal_potential.size()];
    const double before = effect;
    effect = before - (1 - model.b1) * other;
    other = before + (1 - model.b0) * other;
  }
}

}  // namespace revenue::forecast
