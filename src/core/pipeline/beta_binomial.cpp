#include "core/pipeline/beta_binomial.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/foundation/error.hpp"
#include "core/foundation/number_text.hpp"

namespace revenue::pipeline {
namespace {

constexpr std::int64_t kMostTrials = 1'000'000'000'000'000;
constexpr std::size_t kMostVariants = 200;

// Below this log-density, relative to the peak, nothing is left that a double could add.
constexpr double kNegligible = -50;

double log_one_plus_exp(double t) {
  return t > 0 ? t + std::log1p(std::exp(-t)) : std::log1p(std::exp(t));
}

// The density of logit(rate), not normalised: smooth, with a single peak and thin tails, also where
// that of the rate itself runs to infinity at 0 or 1.
class LogitBeta {
 public:
  explicit LogitBeta(const Beta& beta)
      : beta_(beta),
        peak_(std::log(beta.a / beta.b)),
        width_(std::sqrt(1 / beta.a + 1 / beta.b)),
        low_(edge(-1)),
        high_(edge(1)) {}

  double density(double t) const { return std::exp(log_density(t)); }
  double low() const { return low_; }
  double high() const { return high_; }
  double width() const { return width_; }

 private:
  // Relative to the peak, so that large counts do not cancel.
  double log_density(double t) const {
    const double s = t - peak_;
    const double n = beta_.a + beta_.b;
    if (std::fabs(s) < 1) return beta_.a * s - n * std::log1p(beta_.a / n * std::expm1(s));
    return beta_.a * s - n * (log_one_plus_exp(t) - log_one_plus_exp(peak_));
  }

  double edge(double direction) const {
    double reach = width_;
    while (log_density(peak_ + direction * reach) > kNegligible) reach *= 2;
    double inside = reach / 2;
    for (int i = 0; i < 30; ++i) {
      const double middle = (inside + reach) / 2;
      (log_density(peak_ + direction * middle) > kNegligible ? inside : reach) = middle;
    }
    return peak_ + direction * reach;
  }

  Beta beta_;
  double peak_;
  double width_;
  double low_;
  double high_;
};

constexpr std::size_t kNodes = 16;

// Gauss-Legendre on [-1, 1], with the matrix that integrates the interpolant of the nodes from -1
// to each node: within a panel the distribution functions cost no further evaluations.
struct Quadrature {
  std::array<double, kNodes> x{};
  std::array<double, kNodes> w{};
  std::array<std::array<double, kNodes>, kNodes> up_to{};

  // P_0(s) to P_degree(s).
  static std::array<double, kNodes + 1> legendre(double s) {
    std::array<double, kNodes + 1> p{1, s};
    for (std::size_t k = 1; k < kNodes; ++k) {
      const auto n = static_cast<double>(k);
      p[k + 1] = ((2 * n + 1) * s * p[k] - n * p[k - 1]) / (n + 1);
    }
    return p;
  }

  Quadrature() {
    constexpr auto n = static_cast<double>(kNodes);
    for (std::size_t i = 0; i < kNodes; ++i) {
      double s = -std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (n + 0.5));
      double slope = 1;
      for (int step = 0; step < 50; ++step) {  // Newton, from a start that is right to 1e-3
        const auto p = legendre(s);
        slope = n * (s * p[kNodes] - p[kNodes - 1]) / (s * s - 1);
        s -= p[kNodes] / slope;
      }
      x[i] = s;
      w[i] = 2 / ((1 - s * s) * slope * slope);
    }
    for (std::size_t m = 0; m < kNodes; ++m) {
      const auto at = legendre(x[m]);
      for (std::size_t i = 0; i < kNodes; ++i) {
        const auto p = legendre(x[i]);
        // The integral of P_k from -1 is (P_{k+1} - P_{k-1}) / (2k + 1).
        double sum = (x[m] + 1) * p[0];
        for (std::size_t k = 1; k < kNodes; ++k) sum += (at[k + 1] - at[k - 1]) * p[k];
        up_to[m][i] = w[i] / 2 * sum;
      }
    }
  }
};

const Quadrature& quadrature() {
  static const Quadrature rule;
  return rule;
}

// Panel borders such that each density is smooth within a panel. A panel is as wide as the
// narrowest posterior that reaches into it.
std::vector<double> panels(const std::vector<LogitBeta>& posteriors) {
  std::vector<double> borders;
  for (const LogitBeta& posterior : posteriors) {
    const auto count =
        static_cast<int>(std::ceil((posterior.high() - posterior.low()) / posterior.width()));
    for (int i = 0; i <= count; ++i)
      borders.push_back(posterior.low() + (posterior.high() - posterior.low()) * i / count);
  }
  std::sort(borders.begin(), borders.end());
  borders.erase(std::unique(borders.begin(), borders.end()), borders.end());
  return borders;
}

bool overlaps(const LogitBeta& posterior, double from, double to) {
  return posterior.low() < to && posterior.high() > from;
}

double rate_at(double logit) {
  return logit > 0 ? 1 / (1 + std::exp(-logit)) : std::exp(logit) / (1 + std::exp(logit));
}

[[noreturn]] void reject(std::string message, std::string hint, std::string detail) {
  throw Error(ErrorCode::invalid_argument, std::move(message), std::move(hint), std::move(detail));
}

}  // namespace

Beta jeffreys_posterior(std::int64_t successes, std::int64_t trials) {
  if (trials < 0 || trials > kMostTrials)
    reject("trials must be from 0 to 1000000000000000", "Count how often it was tried.",
           "trials is " + std::to_string(trials) + ".");
  if (successes < 0 || successes > trials)
    reject("successes must be from 0 to trials", "Count how many of the trials succeeded.",
           "successes is " + std::to_string(successes) + " of " + std::to_string(trials) + ".");
  return {static_cast<double>(successes) + 0.5, static_cast<double>(trials - successes) + 0.5};
}

double quantile(const Beta& beta, double probability) {
  if (!(probability > 0 && probability < 1))
    reject("probability must be above 0 and below 1", "Pass 0.025 and 0.975 for the central 95 %.",
           "probability is " + shown(probability) + ".");
  const Quadrature& rule = quadrature();
  const LogitBeta posterior(beta);
  const std::vector<double> borders = panels({posterior});
  const auto integral = [&](double from, double to) {
    double sum = 0;
    for (std::size_t i = 0; i < kNodes; ++i)
      sum += rule.w[i] * posterior.density(from + (to - from) * (rule.x[i] + 1) / 2);
    return sum * (to - from) / 2;
  };
  std::vector<double> below{0};
  for (std::size_t i = 1; i < borders.size(); ++i)
    below.push_back(below.back() + integral(borders[i - 1], borders[i]));

  const double wanted = probability * below.back();
  const auto reached = std::lower_bound(below.begin() + 1, below.end() - 1, wanted);
  const auto panel = static_cast<std::size_t>(reached - below.begin());
  const double start = borders[panel - 1];
  double low = start;
  double high = borders[panel];
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (below[panel - 1] + integral(start, middle) < wanted ? low : high) = middle;
  }
  return rate_at((low + high) / 2);
}

std::vector<double> probabilities_best(const std::vector<Beta>& betas, Poll poll) {
  const Quadrature& rule = quadrature();
  const std::vector<LogitBeta> posteriors(betas.begin(), betas.end());
  const std::size_t count = posteriors.size();
  const std::vector<double> borders = panels(posteriors);

  using Panel = std::array<double, kNodes>;
  const auto densities = [&](std::size_t j, std::size_t i) {
    Panel density{};
    if (overlaps(posteriors[j], borders[i - 1], borders[i]))
      for (std::size_t m = 0; m < kNodes; ++m)
        density[m] = posteriors[j].density(borders[i - 1] +
                                           (borders[i] - borders[i - 1]) * (rule.x[m] + 1) / 2);
    return density;
  };
  const auto half_width = [&](std::size_t i) { return (borders[i] - borders[i - 1]) / 2; };

  std::vector<double> total(count);
  for (std::size_t i = 1; i < borders.size(); ++i) {
    poll();
    for (std::size_t j = 0; j < count; ++j) {
      const Panel density = densities(j, i);
      for (std::size_t m = 0; m < kNodes; ++m) total[j] += half_width(i) * rule.w[m] * density[m];
    }
  }

  std::vector<double> best(count);
  std::vector<double> below(count);  // the distribution functions at the left border
  std::vector<Panel> density(count);
  std::vector<Panel> cumulated(count);
  std::vector<double> others(count);
  for (std::size_t i = 1; i < borders.size(); ++i) {
    poll();
    for (std::size_t j = 0; j < count; ++j) {
      density[j] = densities(j, i);
      double panel_total = 0;
      for (std::size_t m = 0; m < kNodes; ++m) {
        density[j][m] *= half_width(i) / total[j];
        panel_total += rule.w[m] * density[j][m];
      }
      for (std::size_t m = 0; m < kNodes; ++m) {
        double sum = 0;
        for (std::size_t k = 0; k < kNodes; ++k) sum += rule.up_to[m][k] * density[j][k];
        cumulated[j][m] = below[j] + sum;
      }
      below[j] += panel_total;
    }
    for (std::size_t m = 0; m < kNodes; ++m) {
      // Products of all but one, from the left and from the right, without a division.
      double product = 1;
      for (std::size_t j = 0; j < count; ++j) {
        others[j] = product;
        product *= cumulated[j][m];
      }
      product = 1;
      for (std::size_t j = count; j-- > 0;) {
        others[j] *= product;
        product *= cumulated[j][m];
        best[j] += rule.w[m] * density[j][m] * others[j];
      }
    }
  }
  for (double& p : best) p = std::clamp(p, 0.0, 1.0);
  return best;
}

double rate_quantile(std::int64_t successes, std::int64_t trials, double probability) {
  return quantile(jeffreys_posterior(successes, trials), probability);
}

std::vector<Variant> compare_variants(std::vector<Variant> variants, Poll poll) {
  if (variants.size() > kMostVariants)
    reject("a test has at most 200 variants", "Compare the most promising ones.",
           std::to_string(variants.size()) + " were passed.");
  std::vector<Beta> betas;
  for (const Variant& variant : variants)
    betas.push_back(jeffreys_posterior(variant.successes, variant.trials));
  const std::vector<double> best = probabilities_best(betas, poll);
  for (std::size_t i = 0; i < variants.size(); ++i) variants[i].p_best = best[i];
  return variants;
}

}  // namespace revenue::pipeline
