#include "core/forecast/theta.hpp"

#include <algorithm>
#include <cmath>

#include "core/forecast/minimise.hpp"

namespace revenue::forecast {

namespace {

constexpr double kLowest = 0.1;
constexpr double kHighest = 0.99;
constexpr double kTolerance = 1e-3;

// The line through the values so far, updated with one more: its slope and their mean.
struct Line {
  double mean = 0;
  double slope = 0;
  double count = 0;

  void add(double value) {
    count += 1;
    // With one point there is no slope; the recursion is exact from the second on.
    slope = count < 2 ? 0 : ((count - 2) * slope + 6 / count * (value - mean)) / (count + 1);
    mean += (value - mean) / count;
  }
  double intercept() const { return mean - slope * (count + 1) / 2; }
};

struct Squares {
  double first = 0;  // the first level
  double pull = 0;
  double sum = 0;
};

}  // namespace

ThetaModel fit_theta(std::span<const double> values, bool optimise_pull, std::span<double> fitted) {
  const std::size_t n = values.size();
  std::vector<double> intercepts(n);
  std::vector<double> slopes(n);
  Line line;
  for (std::size_t t = 0; t < n; ++t) {
    intercepts[t] = line.count > 0 ? line.intercept() : 0;
    slopes[t] = line.slope;
    line.add(values[t]);
  }

  // mu_t = smoothed_t + decay_t x first level + pull x drift_t
  const auto solve = [&](double alpha) {
    double smoothed = 0;
    double decay = 1;
    double pp = 0, pd = 0, dd = 0, pr = 0, dr = 0, rr = 0;
    const double beta = 1 - alpha;
    for (std::size_t t = 0; t < n; ++t) {
      const double drift = decay * intercepts[t] + (1 - decay * beta) / alpha * slopes[t];
      const double rest = values[t] - smoothed;
      pp += decay * decay;
      pd += decay * drift;
      dd += drift * drift;
      pr += decay * rest;
      dr += drift * rest;
      rr += rest * rest;
      smoothed = alpha * values[t] + beta * smoothed;
      decay *= beta;
    }
    Squares found;
    const double determinant = pp * dd - pd * pd;
    found.pull = 0.5;
    if (optimise_pull && determinant > 1e-12 * pp * dd) found.pull = (pp * dr - pd * pr) / determinant;
    else if (optimise_pull) found.pull = 0;
    found.pull = std::clamp(found.pull, 0.0, 1.0);
    found.first = (pr - found.pull * pd) / pp;
    found.sum = rr - 2 * found.first * pr - 2 * found.pull * dr + found.first * found.first * pp +
                2 * found.first * found.pull * pd + found.pull * found.pull * dd;
    return found;
  };

  ThetaModel model;
  model.alpha = minimise(kLowest, kHighest, 9, kTolerance, [&](double alpha) { return solve(alpha).sum; });
  const Squares found = solve(model.alpha);
  model.pull = found.pull;
  model.level = found.first;
  double decay = 1;
  for (std::size_t t = 0; t < n; ++t) {
    const double rest = decay * (1 - model.alpha);
    if (!fitted.empty())
      fitted[t] = model.level + model.pull * (decay * intercepts[t] + (1 - rest) / model.alpha * slopes[t]);
    model.level += model.alpha * (values[t] - model.level);
    decay = rest;
  }
  model.mean = line.mean;
  model.slope = line.slope;
  model.count = line.count;
  return model;
}

void forecast_theta(const ThetaModel& model, std::span<double> into) {
  Line line{model.mean, model.slope, model.count};
  double level = model.level;
  double decay = std::pow(1 - model.alpha, model.count);
  for (double& next : into) {
    const double rest = decay * (1 - model.alpha);
    next = level + model.pull * (decay * line.intercept() + (1 - rest) / model.alpha * line.slope);
    level += model.alpha * (next - level);
    line.add(next);
    decay = rest;
  }
}

}  // namespace revenue::forecast
