#include "core/forecast/mrr.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/forecast/bookings.hpp"
#include "core/forecast/calibration.hpp"
#include "core/forecast/series_model.hpp"
#include "core/foundation/error.hpp"

namespace revenue::forecast {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kHalfLife = 6;
constexpr std::size_t kYear = 12;
constexpr double kMostValue = 1e18;

void check(const MrrHistory& history, const MrrWindow& window) {
  const auto refuse = [](const std::string& what, const std::string& found) {
    throw Error(ErrorCode::invalid_argument, what, "Call revenue.revenue_forecast() instead.",
                found);
  };
  const std::size_t months = history.closing.size();
  for (const auto* values : {&history.closing, &history.gained, &history.reactivated,
                             &history.expanded, &history.contracted, &history.churned}) {
    if (values->size() != months || months > 1200)
      refuse("the months of the history do not go together",
             "Their arrays differ in length, or are too long.");
    for (const double value : *values)
      if (!(std::fabs(value) <= kMostValue))
        refuse("values of the history must lie within 1e18", "One does not.");
  }
  if (history.pipeline.size() != months + 1)
    refuse("the pipeline needs a value for each month and the running one",
           "There are " + std::to_string(history.pipeline.size()) + ".");
  for (const double value : history.pipeline)
    if (std::fabs(value) > kMostValue)
      refuse("values of the history must lie within 1e18", "One does not.");
  if (!(window.last >= 1 && window.last <= kMostMonths))
    refuse("the window must lie within " + std::to_string(kMostMonths) + " months",
           "It ends after " + std::to_string(window.last) + ".");
  if (!(window.remaining >= 0 && window.remaining <= 1 && std::fabs(window.current) <= kMostValue &&
        window.churn_signal >= 0 && window.churn_signal <= 10 && window.expansion_signal >= 0 &&
        window.expansion_signal <= 10))
    refuse("values of the window are out of range",
           "remaining is from 0 to 1, MRR lies within 1e18, signals are from 0 to 10.");
}

std::vector<double> net(const MrrHistory& history) {
  std::vector<double> moved;
  for (std::size_t m = 0; m < history.closing.size(); ++m)
    moved.push_back(history.gained[m] + history.reactivated[m] + history.expanded[m] +
                    history.contracted[m] + history.churned[m]);
  return moved;
}

double opening(const MrrHistory& history, std::size_t month) {
  return month == 0 ? 0 : history.closing[month - 1];
}

std::vector<double> continued(std::span<const double> values, int ahead) {
  Series series;
  series.season = static_cast<std::int32_t>(kYear);
  series.values.assign(values.begin(), values.end());
  SeriesOptions options;
  options.method = Method::theta;
  std::vector<double> means;
  for (const ForecastPoint& point :
       forecast(fit_series(std::move(series), options, no_poll), ahead, {}, std::nullopt, no_poll))
    means.push_back(point.mean);
  return means;
}

// No forecast of MRR is more than so many times what there ever was: rates of a few months compound.
double most_ever(const MrrHistory& history, std::size_t known, double mrr) {
  constexpr double kMostOfEver = 4;
  double most = std::fabs(mrr);
  for (std::size_t m = 0; m < known; ++m) most = std::max(most, std::fabs(history.closing[m]));
  return kMostOfEver * most;
}

// What is left to move in the window when the first `known` months are known and MRR is `mrr`.
MrrMovements movements_from(const MrrHistory& history, std::size_t known, double mrr,
                            const MrrWindow& window) {
  double weight = 0, base = 0;
  MrrMovements mean;
  for (std::size_t m = 0; m < known; ++m) {
    const double w = std::exp2(-static_cast<double>(known - 1 - m) / kHalfLife);
    weight += w;
    base += w * opening(history, m);
    mean.gained += w * history.gained[m];
    mean.reactivated += w * history.reactivated[m];
    mean.expanded += w * history.expanded[m];
    mean.contracted += w * history.contracted[m];
    mean.churned += w * history.churned[m];
  }
  const double most = most_ever(history, known, mrr);
  MrrMovements sum;
  for (int month = 0; month < window.last; ++month) {
    const double share = month == 0 ? window.remaining : 1;
    const double rate = base > 0 ? share * mrr / base : 0;
    MrrMovements step{share * mean.gained / weight, share * mean.reactivated / weight,
                      rate * mean.expanded * window.expansion_signal, rate * mean.contracted,
                      rate * mean.churned * window.churn_signal};
    // MRR at most doubles in a month by expansion.
    step.expanded = std::min({step.expanded, std::fabs(mrr), std::max(most - mrr, 0.0)});
    sum.gained += step.gained;
    sum.reactivated += step.reactivated;
    sum.expanded += step.expanded;
    sum.contracted += step.contracted;
    sum.churned += step.churned;
    mrr = std::max(
        mrr + step.gained + step.reactivated + step.expanded + step.contracted + step.churned, 0.0);
  }
  return sum;
}

double total(const MrrMovements& moved) {
  return moved.gained + moved.reactivated + moved.expanded + moved.contracted + moved.churned;
}

// What the components say when the first `known` months are known; NaN where they cannot.
std::vector<double> said_at(const MrrHistory& history, const std::vector<double>& moved,
                            std::size_t known, double mrr, const MrrWindow& window) {
  std::vector<double> said(5, kNaN);
  if (known < 3) return said;
  const MrrMovements movements = movements_from(history, known, mrr, window);
  said[0] = total(movements);
  said[1] = said[0] - movements.gained + history.pipeline[known];
  said[2] = continued(std::span(history.closing).first(known), window.last).back() - mrr;
  // What the ledger began with is no movement to continue.
  const std::vector<double> next = continued(std::span(moved).subspan(1, known - 1), window.last);
  said[3] = std::accumulate(next.begin(), next.end(), 0.0) - (1 - window.remaining) * next.front();
  if (known >= kYear && window.last <= static_cast<int>(kYear)) {
    const double before = opening(history, known - kYear);
    double sum = 0;
    for (std::size_t m = 0; m < static_cast<std::size_t>(window.last); ++m)
      sum += (m == 0 ? window.remaining : 1) * moved[known - kYear + m];
    if (before > 0) said[4] = sum * std::min(mrr / before, 2.0);
  }
  const double most = most_ever(history, known, mrr);
  for (double& one : said) one = std::isnan(one) ? one : std::clamp(one, -most, most);
  return said;
}

}  // namespace

MrrForecast mrr_forecast(const MrrHistory& history, const MrrWindow& window,
                         const std::string& method, const std::vector<double>& levels) {
  check(history, window);
  const std::vector<double> moved = net(history);
  const std::size_t months = moved.size();
  const auto ahead = static_cast<std::size_t>(window.last);
  constexpr const char* kNames[] = {"movements", "pipeline", "run_rate", "net_new", "seasonality"};
  std::vector<Predictor> predictors(5);
  const std::vector<double> now = said_at(history, moved, months, window.current, window);
  for (std::size_t c = 0; c < predictors.size(); ++c) {
    predictors[c].name = kNames[c];
    if (!std::isnan(now[c]))
      predictors[c].estimate = now[c];
    else
      predictors[c].reason = c == 1 && months >= 3 ? "no open deal" : "too little history";
  }

  Past past;
  past.months = window.last;
  MrrWindow whole = window;
  whole.remaining = 1;
  whole.churn_signal = whole.expansion_signal = 1;
  const auto mean_size = [&](std::size_t from, std::size_t to) {
    double sum = 0;
    for (std::size_t m = from; m < to; ++m) sum += std::fabs(moved[m]);
    return to > from ? sum / static_cast<double>(to - from) : 0;
  };
  // A quiet year is no measure of what comes after it: a quarter of what moved in a month ever is the
  // least, without what the ledger began with.
  constexpr double kLeastOfMean = 0.25;
  const double least = kLeastOfMean * mean_size(std::min<std::size_t>(1, months), months);
  const auto usual = [&](std::size_t known) {
    constexpr double kLeastOfLevel = 0.005;
    return std::max({mean_size(known - std::min(known, kYear), known), least,
                     kLeastOfLevel * std::fabs(opening(history, known))});
  };
  std::size_t oldest = kLeastHistory;
  if (months > ahead + kMostOrigins) oldest = std::max(oldest, months - ahead - kMostOrigins + 1);
  for (std::size_t known = oldest; known + ahead <= months; ++known) {
    past.actual.push_back(
        std::accumulate(moved.begin() + static_cast<std::ptrdiff_t>(known),
                        moved.begin() + static_cast<std::ptrdiff_t>(known + ahead), 0.0));
    const double scale = usual(known) * std::sqrt(static_cast<double>(ahead));
    past.scale.push_back(scale > 0 ? scale : 1);
    const std::vector<double> said = said_at(history, moved, known, opening(history, known), whole);
    for (std::size_t c = 0; c < predictors.size(); ++c) predictors[c].past.push_back(said[c]);
  }

  EnsembleOptions options;
  options.certain = window.current;
  options.method = method;
  options.levels = levels;
  options.non_negative = false;
  options.little_history = months < kLeastHistory;
  options.scale =
      usual(months) * std::sqrt(static_cast<double>(window.last) - 1 + window.remaining);
  // With little history one half of what may move says nothing yet: a fifth of MRR may.
  if (options.little_history)
    options.scale = std::max(options.scale, 0.2 * std::fabs(window.current));
  MrrForecast result;
  result.forecast = combine(predictors, past, options);
  if (months > 0) result.movements = movements_from(history, months, window.current, window);
  for (ForecastInterval& interval : result.forecast.intervals)
    interval.lower = std::max(interval.lower, 0.0);
  for (ForecastQuantile& quantile : result.forecast.quantiles)
    quantile.value = std::max(quantile.value, 0.0);
  return result;
}

}  // namespace revenue::forecast
