#include "core/forecast/ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/foundation/error.hpp"
#include "core/foundation/number_text.hpp"

namespace revenue::forecast {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kPriorOrigins = 4;  // how many origins the equal weights are worth

double square(double x) {
  return x * x;
}

// How many of the past origins were over at one of them: those whose months it cannot see yet are
// not.
std::size_t known_at(std::size_t origin, const Past& past) {
  const auto overlap = static_cast<std::size_t>(past.months);
  return origin + 1 > overlap ? origin + 1 - overlap : 0;
}

// What followed over what was said, at the first `known` origins.
double correction_of(const Predictor& component, const Past& past, std::size_t known) {
  double actual = 0;
  double said = 0;
  double count = 0;
  for (std::size_t o = 0; o < known; ++o) {
    if (std::isnan(component.past[o])) continue;
    actual += past.actual[o];
    said += component.past[o];
    ++count;
  }
  if (!(actual > 0 && said > 0)) return 1;
  const double prior = kPriorOrigins * actual / count;
  constexpr double kMost = 4;
  return std::clamp((actual + prior) / (said + prior), 1 / kMost, kMost);
}

// The component with each origin's word corrected by what was known then.
std::vector<double> corrected_past(const Predictor& component, const Past& past) {
  std::vector<double> corrected;
  for (std::size_t o = 0; o < past.actual.size(); ++o)
    corrected.push_back(component.past[o] * correction_of(component, past, known_at(o, past)));
  return corrected;
}

// Weights of the components that speak at the moment, from the errors at the first `known` origins.
std::vector<double> weights_of(const std::vector<std::vector<double>>& said, const Past& past,
                               std::size_t known, const std::vector<bool>& speaks) {
  std::vector<double> squares(said.size(), 0);
  std::vector<double> counts(said.size(), 0);
  double all = 0;
  double all_count = 0;
  for (std::size_t c = 0; c < said.size(); ++c) {
    if (!speaks[c]) continue;
    for (std::size_t o = 0; o < known; ++o) {
      if (std::isnan(said[c][o])) continue;
      squares[c] += square((past.actual[o] - said[c][o]) / past.scale[o]);
      ++counts[c];
    }
    all += squares[c];
    all_count += counts[c];
  }
  std::vector<double> weights(said.size(), 0);
  double total = 0;
  for (std::size_t c = 0; c < said.size(); ++c) {
    if (!speaks[c]) continue;
    const double mean = all_count > 0 ? all / all_count : 0;
    const double error = (squares[c] + kPriorOrigins * mean) / (counts[c] + kPriorOrigins);
    weights[c] = mean > 0 ? mean / std::max(error, 1e-6 * mean) : 1;
    total += weights[c];
  }
  if (total > 0)
    for (double& weight : weights) weight /= total;
  return weights;
}

// What the combination would have said at each origin; NaN where no component that speaks now
// could.
std::vector<double> past_combination(const std::vector<std::vector<double>>& said, const Past& past,
                                     const std::vector<bool>& speaks) {
  std::vector<double> result;
  for (std::size_t o = 0; o < past.actual.size(); ++o) {
    std::vector<bool> spoke;
    for (std::size_t c = 0; c < said.size(); ++c)
      spoke.push_back(speaks[c] && !std::isnan(said[c][o]));
    const std::vector<double> weights = weights_of(said, past, known_at(o, past), spoke);
    double sum = 0;
    for (std::size_t c = 0; c < said.size(); ++c)
      if (spoke[c]) sum += weights[c] * said[c][o];
    result.push_back(std::find(spoke.begin(), spoke.end(), true) == spoke.end() ? kNaN : sum);
  }
  return result;
}

struct Quality {
  int origins = 0;
  std::optional<double> wape;
  std::optional<double> bias;
};

Quality quality_of(const std::vector<double>& said, const std::vector<double>& actual) {
  Quality quality;
  double absolute = 0;
  double error = 0;
  double sum = 0;
  double size = 0;
  for (std::size_t o = 0; o < said.size(); ++o) {
    if (std::isnan(said[o])) continue;
    ++quality.origins;
    absolute += std::fabs(said[o] - actual[o]);
    error += said[o] - actual[o];
    sum += actual[o];
    size += std::fabs(actual[o]);
  }
  if (size > 0) quality.wape = absolute / size;
  if (sum != 0) quality.bias = error / sum;
  return quality;
}

/// How far the outcome lies from the forecast, in units of the scale: either side alike.
class Width {
 public:
  static Width conformal(std::vector<double> sizes, double degrees) {
    std::sort(sizes.begin(), sizes.end());
    Width error;
    error.sizes_ = std::move(sizes);
    error.degrees_ = degrees;
    return error;
  }
  static Width student(double deviation, double degrees) {
    Width error;
    error.deviation_ = deviation;
    error.degrees_ = degrees;
    return error;
  }

  /// Half the width of the interval of this level.
  double half_width(double level) const {
    if (sizes_.empty()) return deviation_ * student_quantile((1 + level) / 2, degrees_);
    const auto count = static_cast<double>(sizes_.size());
    const double rank = (count + 1) * level;
    if (rank <= 1) return sizes_.front() * rank;
    if (rank < count) {
      const auto below = static_cast<std::size_t>(rank);
      const double share = rank - std::floor(rank);
      return sizes_[below - 1] * (1 - share) + sizes_[below] * share;
    }
    // Beyond the largest error the tail of few data goes on.
    const double reached = student_quantile((1 + count / (count + 1)) / 2, degrees_);
    return sizes_.back() * student_quantile((1 + level) / 2, degrees_) / reached;
  }

 private:
  std::vector<double> sizes_;
  double deviation_ = 0;
  double degrees_ = 2;
};

void check(const std::vector<Predictor>& components, const EnsembleOptions& options) {
  for (const double level : options.levels)
    if (!(level > 0 && level < 1))
      throw Error(ErrorCode::invalid_argument, "levels must be between 0 and 1",
                  "Write 0.95 for an interval of 95 percent.",
                  "One is " + shown(level) + ".");
  if (options.levels.empty() || options.levels.size() > 20)
    throw Error(ErrorCode::invalid_argument, "there must be 1 to 20 levels",
                "The usual ones are 0.7, 0.85 and 0.95.",
                "There are " + std::to_string(options.levels.size()) + ".");
  std::string names = "ensemble";
  for (const Predictor& component : components) names += ", " + component.name;
  if (options.method != "ensemble" &&
      std::none_of(components.begin(), components.end(),
                   [&](const Predictor& c) { return c.name == options.method; }))
    throw Error(ErrorCode::invalid_argument, "unknown method \"" + options.method + "\"",
                "Methods are " + names + ".", "It forecasts nothing here.");
}

}  // namespace

double student_quantile(double probability, double degrees) {
  if (probability < 0.5) return -student_quantile(1 - probability, degrees);
  if (degrees < 3) {
    const double p = probability;
    return (2 * p - 1) * std::sqrt(2 / std::max(4 * p * (1 - p), 1e-300));
  }
  double low = 0;
  double high = 40;
  for (int i = 0; i < 80; ++i) {
    const double middle = (low + high) / 2;
    (1 - std::erfc(middle * M_SQRT1_2) / 2 < probability ? low : high) = middle;
  }
  const double z = (low + high) / 2;
  const double z3 = z * z * z;
  const double z5 = z3 * z * z;
  const double z7 = z5 * z * z;
  const double n = degrees;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n * n * n) +
         (79 * z7 * z * z + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92160 * n * n * n * n);
}

EnsembleForecast combine(const std::vector<Predictor>& given, const Past& past,
                         const EnsembleOptions& options) {
  check(given, options);
  std::vector<Predictor> components = given;
  std::vector<bool> speaks;
  bool any = false;
  for (Predictor& component : components) {
    const bool chosen = options.method == "ensemble" || component.name == options.method;
    if (component.estimate && !chosen) component.reason = "another method was asked for";
    if (!chosen) component.estimate.reset();
    speaks.push_back(component.estimate.has_value());
    any = any || speaks.back();
  }

  EnsembleForecast forecast;
  forecast.scale = options.scale;
  std::vector<std::vector<double>> spoken;
  for (const Predictor& component : components) spoken.push_back(corrected_past(component, past));
  const std::vector<double> weights = weights_of(spoken, past, past.actual.size(), speaks);
  const std::vector<double> said = past_combination(spoken, past, speaks);
  const Quality quality = quality_of(said, past.actual);
  forecast.origins = quality.origins;
  forecast.wape = quality.wape;
  forecast.bias = quality.bias;
  int judged = 0;

  double uncertain = 0;
  for (std::size_t c = 0; c < components.size(); ++c) {
    const Predictor& component = components[c];
    ComponentShare share;
    share.component = component.name;
    share.estimate = given[c].estimate;
    const Quality own = quality_of(spoken[c], past.actual);
    share.origins = own.origins;
    share.wape = own.wape;
    share.bias = own.bias;
    if (speaks[c]) {
      share.correction = correction_of(component, past, past.actual.size());
      share.weight = weights[c];
      share.contribution = weights[c] * share.correction * *component.estimate;
      uncertain += share.contribution;
      judged = std::max(judged, own.origins);
    } else {
      share.reason = component.reason;
    }
    forecast.components.push_back(std::move(share));
  }
  const auto speaking = std::count(speaks.begin(), speaks.end(), true);
  forecast.weights_from = speaking == 0   ? "nothing"
                          : speaking == 1 ? "a single component"
                          : judged > 0    ? "rolling origins"
                                          : "equal, because no origin is over yet";
  if (options.non_negative) uncertain = std::max(uncertain, 0.0);
  forecast.expected = options.certain + uncertain;

  // How components differ, and what the best informed of them says of itself.
  double disagreement = 0;
  double own = 0;
  for (std::size_t c = 0; c < components.size(); ++c) {
    if (!speaks[c]) continue;
    const double correction = forecast.components[c].correction;
    disagreement += weights[c] * square(correction * *components[c].estimate - uncertain);
    if (components[c].deviation) own = std::max(own, correction * *components[c].deviation);
  }
  const double scale = options.scale > 0 ? options.scale : 1;
  double by_components = (square(own) + disagreement) / square(scale);

  std::vector<double> sizes;
  double squares = 0;
  for (std::size_t o = 0; o < said.size(); ++o) {
    const double error = std::isnan(said[o]) ? 0 : past.actual[o] - said[o];
    forecast.errors.push_back(error);
    if (std::isnan(said[o])) continue;
    sizes.push_back(options.widen * std::fabs(error) / past.scale[o]);
    squares += square(sizes.back());
  }
  const auto count = static_cast<double>(sizes.size());
  const double independent = count / past.months + kPriorOrigins;
  const double degrees = independent - 1;
  Width error = Width::student(0, 2);
  if (!any) {
    forecast.interval_from = "nothing";
  } else if (options.little_history) {
    constexpr double kUnknown = 0.5;
    error = Width::student(std::sqrt(by_components + square(kUnknown)), 2);
    forecast.interval_from = "components, wide because there is little history";
  } else if (sizes.size() >= static_cast<std::size_t>(kEnoughOrigins)) {
    error = Width::conformal(std::move(sizes), degrees);
    forecast.interval_from = "conformal, from the errors at past origins";
  } else {
    const double mixed = (squares + kPriorOrigins * by_components) / (count + kPriorOrigins);
    error = Width::student(std::sqrt(mixed * (1 + 1 / independent)), degrees);
    forecast.interval_from =
        sizes.empty() ? "components" : "components and the errors at few past origins";
  }

  const auto at = [&](double level, double side) {
    const double value = uncertain + side * scale * error.half_width(level);
    return options.certain + (options.non_negative ? std::max(value, 0.0) : value);
  };
  for (const double level : options.levels)
    forecast.intervals.push_back({level, at(level, -1), at(level, 1)});
  for (int i = 1; i <= 19; ++i) {
    const double probability = i / 20.0;
    forecast.quantiles.push_back(
        {probability, at(std::fabs(2 * probability - 1), probability < 0.5 ? -1 : 1)});
  }
  return forecast;
}

}  // namespace revenue::forecast
