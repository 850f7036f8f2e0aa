#include "core/forecast/bookings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/forecast/calibration.hpp"
#include "core/forecast/series_model.hpp"
#include "core/foundation/error.hpp"
#include "core/foundation/number_text.hpp"

namespace revenue::forecast {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kHalfLife = 6;  // months after which the past counts half
constexpr int kYear = 12;
constexpr int kMostValues = 60;  // months that a series is fitted to
constexpr double kMostValue = 1e18;

[[noreturn]] void refuse(const std::string& what, const std::string& found) {
  throw Error(ErrorCode::invalid_argument, what, "Call revenue.revenue_forecast() instead.", found);
}

void check(const BookingsHistory& history, const BookingsWindow& window) {
  const std::size_t cells = history.value.size();
  if (history.won_in.size() != cells || history.created_in.size() != cells ||
      history.customer_since.size() != cells)
    refuse("the cells of the history do not go together", "Their arrays differ in length.");
  if (history.open_value.size() != history.origin.size() ||
      history.expected.size() != history.origin.size() * kMostMonths)
    refuse("the origins of the history do not go together",
           "Each needs " + std::to_string(kMostMonths) + " expected values.");
  if (history.months < 0 || history.months > 1200)
    refuse("months must be from 0 to 1200", "It is " + std::to_string(history.months) + ".");
  if (!(window.first >= 0 && window.first < window.last && window.last <= kMostMonths))
    refuse("the window must lie within " + std::to_string(kMostMonths) + " months",
           "It is " + std::to_string(window.first) + " to " + std::to_string(window.last) + ".");
  if (!(window.remaining >= 0 && window.remaining <= 1))
    refuse("remaining must be between 0 and 1", "It is " + shown(window.remaining) + ".");
  const auto bounded = [](double value) { return std::fabs(value) <= kMostValue; };
  for (const auto* values : {&history.value, &history.open_value, &history.expected})
    if (!std::all_of(values->begin(), values->end(), bounded))
      refuse("values of the history must lie within 1e18", "One does not.");
  if (!(bounded(window.open_now) && bounded(window.expected_now) && window.deviation_now >= 0 &&
        bounded(window.deviation_now) && window.signal >= 0 && window.signal <= 10))
    refuse("values of the window are out of range",
           "Amounts lie within 1e18, the deviation is not negative, the signal is from 0 to 10.");
}

// A component that is a ratio to few or old deals says no more than so many times what was ever won.
constexpr double kMostOfEver = 4;

double half_life_weight(int months_ago) {
  return std::exp2(-months_ago / kHalfLife);
}

/// Sums over the cells that the components need, by month.
class Months {
 public:
  explicit Months(const BookingsHistory& history) : history_(history), won(month_count(), 0) {
    for (std::size_t i = 0; i < history.value.size(); ++i)
      if (history.won_in[i] >= 0 && history.won_in[i] < history.months)
        won[static_cast<std::size_t>(history.won_in[i])] += history.value[i];
  }

  int count() const { return history_.months; }

  double between(int from, int to) const {
    double sum = 0;
    for (int m = std::max(from, 0); m < std::min(to, count()); ++m)
      sum += won[static_cast<std::size_t>(m)];
    return sum;
  }

  /// How large a usual error is before `origin`: what a month brought in the year before it, and at
  /// least a quarter of what a month brought ever, so that a quiet year is no measure of what comes
  /// after it.
  double usual(int origin) const {
    constexpr double kLeastOfMean = 0.25;
    const int span = std::min(origin, kYear);
    if (span == 0) return 0;
    return std::max(between(origin - span, origin) / span, kLeastOfMean * between(0, count()) / count());
  }

  /// The most that was won before `origin` in so many months together.
  double most_before(int origin, int length) const {
    double most = 0;
    for (int m = 0; m < origin; ++m) most = std::max(most, between(m, std::min(m + length, origin)));
    return most;
  }

  /// Won from month `first` to `last` after each origin, of deals made after the origin.
  std::vector<double> of_new_deals(int first, int last) const {
    return by_origin(first, last, history_.created_in,
                     [](std::int32_t created, int origin) { return created >= origin; });
  }

  /// The same of accounts that had won a deal before the origin.
  std::vector<double> of_customers(int first, int last) const {
    return by_origin(first, last, history_.customer_since,
                     [](std::int32_t since, int origin) { return since < origin; });
  }

 private:
  std::size_t month_count() const { return static_cast<std::size_t>(history_.months); }

  template <class Counts>
  std::vector<double> by_origin(int first, int last, const std::vector<std::int32_t>& mark,
                                Counts&& counts) const {
    std::vector<double> sums(month_count() + 1, 0);
    for (std::size_t i = 0; i < history_.value.size(); ++i) {
      const int won_in = history_.won_in[i];
      if (won_in < 0 || won_in >= count()) continue;
      for (int origin = std::max(won_in - last + 1, 0); origin <= won_in - first; ++origin)
        if (counts(mark[i], origin)) sums[static_cast<std::size_t>(origin)] += history_.value[i];
    }
    return sums;
  }

  const BookingsHistory& history_;

 public:
  std::vector<double> won;  ///< by month
};

// The months before `origin` as a series, continued.
std::vector<double> continued(const Months& months, int origin, int ahead) {
  Series series;
  series.season = kYear;
  series.values.assign(months.won.begin() + std::max(origin - kMostValues, 0),
                       months.won.begin() + origin);
  SeriesOptions options;
  options.method = Method::fast;
  std::vector<double> means;
  for (const ForecastPoint& point :
       forecast(fit_series(std::move(series), options, no_poll), ahead, {}, std::nullopt, no_poll))
    means.push_back(std::max(point.mean, 0.0));
  return means;
}

// How the last year compares with the one before, or half a year with the same half a year before.
double growth(const Months& months, int origin) {
  const int span = origin >= 2 * kYear ? kYear : origin >= kYear + 6 ? 6 : 0;
  const double before = months.between(origin - kYear - span, origin - kYear);
  if (span == 0 || !(before > 0)) return 1;
  return std::clamp(months.between(origin - span, origin) / before, 0.5, 2.0);
}

/// What the components say at an origin of a window of whole months; NaN where they cannot.
struct Said {
  double unmade = kNaN;  ///< the part of the pipeline that is not made yet
  double pipeline = kNaN;
  double conversion_rate = kNaN;
  double conversion = kNaN;
  double run_rate = kNaN;
  double seasonality = kNaN;
  double repeat = kNaN;
  double first_deals = kNaN;
};

class Teller {
 public:
  Teller(const BookingsHistory& history, const Months& months, int first, int last)
      : history_(history),
        months_(months),
        first_(first),
        last_(last),
        unmade_(months.of_new_deals(first, last)),
        repeat_(months.of_customers(first, last)),
        place_(static_cast<std::size_t>(history.months) + 1, history.origin.size()) {
    for (std::size_t i = 0; i < history.origin.size(); ++i)
      if (history.origin[i] >= 0 && history.origin[i] <= history.months)
        place_[static_cast<std::size_t>(history.origin[i])] = i;
  }

  double actual(int origin) const { return months_.between(origin + first_, origin + last_); }

  Said at(int origin) const {
    Said said;
    // Means over windows that were over at the origin.
    double weight = 0, unmade = 0, repeat = 0, year_before = 0, first_deals = 0;
    double won_of_open = 0, open = 0;
    for (int before = 0; before + last_ <= origin; ++before) {
      const double w = half_life_weight(origin - last_ - before);
      const auto b = static_cast<std::size_t>(before);
      weight += w;
      unmade += w * unmade_[b];
      first_deals += w * (actual(before) - repeat_[b]);
      if (before >= kYear) {
        repeat += w * repeat_[b];
        year_before += w * months_.between(before - kYear, before);
      }
      if (place_[b] < history_.origin.size()) {
        won_of_open += w * actual(before);
        open += w * history_.open_value[place_[b]];
      }
    }
    if (weight > 0) {
      said.unmade = unmade / weight;
      said.first_deals = first_deals / weight;
    }
    const double most = kMostOfEver * months_.most_before(origin, last_ - first_);
    if (year_before > 0)
      said.repeat = std::min(repeat / year_before * months_.between(origin - kYear, origin), most);
    if (open > 0) said.conversion_rate = won_of_open / open;
    const std::size_t place = place_[static_cast<std::size_t>(origin)];
    if (place < history_.origin.size()) {
      const auto within = [&](int month) {
        return month == 0
                   ? 0.0
                   : history_.expected[place * kMostMonths + static_cast<std::size_t>(month - 1)];
      };
      if (weight > 0) said.pipeline = within(last_) - within(first_) + said.unmade;
      said.conversion = std::min(said.conversion_rate * history_.open_value[place], most);
    }
    if (origin >= 3) {
      const std::vector<double> next = continued(months_, origin, last_);
      said.run_rate = std::min(std::accumulate(next.begin() + first_, next.end(), 0.0), most);
    }
    if (origin >= kYear)
      said.seasonality = growth(months_, origin) *
                         months_.between(origin + first_ - kYear, origin + last_ - kYear);
    return said;
  }

 private:
  const BookingsHistory& history_;
  const Months& months_;
  int first_;
  int last_;
  std::vector<double> unmade_;
  std::vector<double> repeat_;
  std::vector<std::size_t> place_;  // of each month among the origins
};

std::optional<double> known(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

}  // namespace

std::vector<Predictor> bookings_components(const BookingsHistory& history,
                                           const BookingsWindow& window, Past& past) {
  check(history, window);
  const Months months(history);
  const int now = history.months;
  const Teller teller(history, months, window.first, window.last);

  std::vector<Predictor> components(5);
  for (std::size_t i = 0; i < components.size(); ++i)
    components[i].name = std::vector<std::string>{"pipeline", "conversion", "run_rate",
                                                  "seasonality", "customers"}[i];
  const int length = window.last - window.first;
  past.months = window.last;
  const int oldest = std::max(kLeastHistory, now - window.last - kMostOrigins + 1);
  for (int origin = oldest; origin + window.last <= now; ++origin) {
    const Said said = teller.at(origin);
    past.actual.push_back(teller.actual(origin));
    const double usual = months.usual(origin) * std::sqrt(length);
    past.scale.push_back(usual > 0 ? usual : 1);
    components[0].past.push_back(said.pipeline);
    components[1].past.push_back(said.conversion);
    components[2].past.push_back(said.run_rate);
    components[3].past.push_back(said.seasonality);
    components[4].past.push_back(said.repeat + said.first_deals);
  }

  // The running month counts by what of it is still to come: between a window without it and one
  // with.
  const Said whole = teller.at(now);
  const bool partial = window.first == 0 && window.remaining < 1;
  Said shorter = whole;
  if (partial && window.last > 1) shorter = Teller(history, months, 0, window.last - 1).at(now);
  const double share = partial ? window.remaining : 1;
  const auto mixed = [&](double with, double without) {
    return partial ? share * with + (1 - share) * (window.last > 1 ? without : 0) : with;
  };
  const double unmade = mixed(whole.unmade, shorter.unmade);
  components[0].estimate = window.expected_now + (std::isnan(unmade) ? 0 : unmade);
  components[0].deviation = window.deviation_now;
  const double most = kMostOfEver * months.most_before(now, length);
  components[1].estimate =
      known(mixed(whole.conversion_rate, shorter.conversion_rate) * window.open_now);
  if (components[1].estimate) *components[1].estimate = std::min(*components[1].estimate, most);
  if (now >= 3) {
    std::vector<double> next = continued(months, now, window.last);
    next.front() *= window.first == 0 ? share : 1;
    components[2].estimate =
        std::min(std::accumulate(next.begin() + window.first, next.end(), 0.0), most);
  }
  if (now >= kYear) {
    const double begun =
        window.first == 0 ? (1 - share) * months.between(now - kYear, now - kYear + 1) : 0;
    components[3].estimate =
        growth(months, now) *
        (months.between(now + window.first - kYear, now + window.last - kYear) - begun);
  }
  components[4].estimate = known(mixed(whole.repeat, shorter.repeat) * window.signal +
                                 mixed(whole.first_deals, shorter.first_deals));
  for (Predictor& component : components)
    if (!component.estimate) component.reason = "too little history";
  return components;
}

EnsembleForecast bookings_forecast(const BookingsHistory& history, const BookingsWindow& window,
                                   double closed, const std::string& method,
                                   const std::vector<double>& levels) {
  Past past;
  std::vector<Predictor> components = bookings_components(history, window, past);
  EnsembleOptions options;
  options.certain = closed;
  options.method = method;
  options.levels = levels;
  options.little_history = history.months < kLeastHistory;
  if (options.little_history && method == "ensemble")
    for (Predictor& component : components)
      if (component.name != "pipeline") {
        component.estimate.reset();
        component.reason = "less than two quarters of history";
      }
  const Months months(history);
  const double ahead = window.last - window.first - (window.first == 0 ? 1 - window.remaining : 0);
  const double usual = months.usual(history.months) * std::sqrt(ahead);
  double most = 0;
  for (const Predictor& component : components)
    most = std::max(most, std::fabs(component.estimate.value_or(0)));
  options.scale = usual > 0 && !options.little_history ? usual : most;
  options.non_negative =
      std::all_of(history.value.begin(), history.value.end(), [](double v) { return v >= 0; });
  return combine(components, past, options);
}

}  // namespace revenue::forecast
