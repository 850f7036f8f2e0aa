#include <algorithm>
#include <functional>
#include <memory_resource>
#include <numbers>

#include "core/forecast/calibration.hpp"
#include "core/forecast/parts.hpp"
#include "core/forecast/series_model.hpp"
#include "core/forecast/series_state.hpp"
#include "support.hpp"

// Series of every kind that tables hold, each in every period: what comes out is a forecast that a
// person would take for one.

namespace revenue::forecast {
namespace {

using test::kNaN;

constexpr double kLevel = 100;

struct Animal {
  std::string name;
  std::vector<double> values;   ///< NaN = no row
  std::optional<double> level;  ///< that the forecast must be near
  double within = 0.02;         ///< of that level
};

std::vector<double> made(std::size_t n, const std::function<double(std::size_t)>& value) {
  std::vector<double> values;
  for (std::size_t t = 0; t < n; ++t) values.push_back(value(t));
  return values;
}

// Even in -1 to 1 and the same for everybody.
double noise(std::size_t t) {
  return 2 * std::fmod(static_cast<double>(t + 1) * 0.6180339887498949, 1.0) - 1;
}

double wave(std::size_t t, double season) {
  return std::sin(2 * std::numbers::pi * static_cast<double>(t) / season);
}

std::vector<double> with(std::vector<double> values, std::initializer_list<std::size_t> places,
                         double value) {
  for (const std::size_t place : places) values[place] = value;
  return values;
}

std::vector<Animal> zoo() {
  std::vector<Animal> animals;
  const auto add = [&](std::string name, std::vector<double> values,
                       std::optional<double> level = std::nullopt, double within = 0.02) {
    animals.push_back({std::move(name), std::move(values), level, within});
  };
  for (std::size_t n = 1; n <= 6; ++n) {
    add("constant of " + std::to_string(n), std::vector<double>(n, kLevel), kLevel);
    add("rising of " + std::to_string(n),
        made(n, [](std::size_t t) { return 10.0 + static_cast<double>(t); }));
    add("wild of " + std::to_string(n),
        made(n, [](std::size_t t) { return t % 2 == 0 ? 1e-9 : 1e15; }));
    add("zeros of " + std::to_string(n), std::vector<double>(n, 0.0), 0);
  }
  for (const std::size_t n : {24U, 60U}) {
    const std::string of = " of " + std::to_string(n);
    const std::vector<double> constant(n, kLevel);
    const std::vector<double> level = made(n, [](std::size_t t) { return kLevel + 2 * noise(t); });
    const std::vector<double> seasonal =
        made(n, [](std::size_t t) { return kLevel + 20 * wave(t, 12) + 2 * noise(t); });
    add("constant" + of, constant, kLevel, 0);
    for (const double huge : {1e3, 1e6, 1e15, -1e6}) {
      const std::string name = " of " + std::to_string(huge) + of;
      for (const std::size_t place :
           {std::size_t{0}, std::size_t{1}, std::size_t{2}, n / 2, n - 3, n - 2}) {
        add("constant, outlier at " + std::to_string(place) + name, with(constant, {place}, huge),
            kLevel);
        add("level, outlier at " + std::to_string(place) + name, with(level, {place}, huge), kLevel,
            0.05);
        add("season, outlier at " + std::to_string(place) + name, with(seasonal, {place}, huge),
            kLevel, 0.5);
      }
      // The last one may be the first of a new level: it is believed in part.
      add("constant, outlier at the end" + name, with(constant, {n - 1}, huge), kLevel, 0.5);
      add("level, outlier at the end" + name, with(level, {n - 1}, huge), kLevel, 0.3);
      add("constant, two outliers" + name, with(constant, {n / 3, n / 2}, huge), kLevel);
      add("constant, two outliers together" + name, with(constant, {n / 2, n / 2 + 1}, huge),
          kLevel);
      add("constant, the first two apart" + name, with(constant, {0, 1}, huge), kLevel);
      add("level, two outliers" + name, with(level, {n / 3, n / 2}, huge), kLevel, 0.05);
      add("level, two outliers together" + name, with(level, {n / 2, n / 2 + 1}, huge), kLevel,
          0.05);
      add("level, outliers at both ends" + name, with(level, {0, n - 2}, huge), kLevel, 0.05);
    }
    add("zeros" + of, std::vector<double>(n, 0.0), 0);
    add("one demand" + of, with(std::vector<double>(n, 0.0), {n / 2}, 5));
    add("mostly zeros" + of, made(n, [](std::size_t t) { return t % 7 == 3 ? 10 + noise(t) : 0; }));
    add("demand that ended" + of,
        made(n, [n](std::size_t t) { return t < n / 2 ? kLevel + noise(t) : 0; }));
    add("zeros, then a level" + of,
        made(n, [n](std::size_t t) { return t < n / 2 ? 0 : kLevel + noise(t); }), kLevel, 0.1);
    add("level shift" + of,
        made(n, [n](std::size_t t) { return (t < n / 2 ? 20 : kLevel) + noise(t); }), kLevel, 0.5);
    add("constant level shift" + of,
        made(n, [n](std::size_t t) { return t < n / 2 ? 20 : kLevel; }), kLevel, 0.5);
    add("late level shift" + of, made(n, [n](std::size_t t) { return t + 4 < n ? 20 : kLevel; }),
        kLevel, 0.7);
    add("huge" + of, made(n, [](std::size_t t) { return 1e15 * (1 + 0.01 * noise(t)); }), 1e15);
    add("tiny" + of, made(n, [](std::size_t t) { return 1e-9 * (1 + 0.01 * noise(t)); }), 1e-9);
    add("next to nothing" + of,
        made(n, [](std::size_t t) { return 1e-310 * (1 + 0.01 * noise(t)); }));
    add("next to everything" + of,
        made(n, [](std::size_t t) { return 1e307 * (1 + 0.01 * noise(t)); }), 1e307);
    add("negative" + of, made(n, [](std::size_t t) { return -kLevel + 2 * noise(t); }), -kLevel,
        0.05);
    add("around zero" + of, made(n, noise));
    add("alternating" + of, made(n, [](std::size_t t) { return t % 2 == 0 ? 1.0 : kLevel; }));
    add("alternating signs" + of,
        made(n, [](std::size_t t) { return t % 2 == 0 ? -kLevel : kLevel; }));
    add("rising" + of, made(n, [](std::size_t t) { return 10.0 + static_cast<double>(t); }));
    add("falling to zero" + of,
        made(n, [n](std::size_t t) { return static_cast<double>(n - 1 - t); }));
    add("exponential" + of,
        made(n, [](std::size_t t) { return std::exp(0.05 * static_cast<double>(t)); }));
    add("trend that turns" + of, made(n, [n](std::size_t t) {
          return kLevel + std::min(static_cast<double>(t), static_cast<double>(n - t)) + noise(t);
        }));
    add("season" + of, seasonal, kLevel, 0.5);
    add("weekdays" + of,
        made(n, [](std::size_t t) { return t % 7 < 5 ? kLevel + 10 * noise(t) : 10.0; }));
    add("gaps" + of,
        made(n,
             [n](std::size_t t) {
               return t > n / 3 && t < n / 3 + 5 ? kNaN : kLevel + 2 * noise(t);
             }),
        kLevel, 0.05);
    add("every third" + of, made(n, [](std::size_t t) { return t % 3 == 0 ? kLevel : kNaN; }));
    add("two values far apart" + of,
        made(n, [n](std::size_t t) { return t == 0 || t + 1 == n ? kLevel : kNaN; }));
  }
  return animals;
}

SeriesModel fitted(const Animal& animal, Period period, Method method) {
  SeriesOptions options;
  options.period = period;
  options.method = method;
  const Calendar calendar{period};
  const std::int64_t first = calendar.index_of({day_of(Civil{2015, 1, 1}) * 86'400'000'000});
  std::pmr::monotonic_buffer_resource memory;
  SeriesStateWithOptions state(&memory);
  for (std::size_t t = 0; t < animal.values.size(); ++t)
    if (!std::isnan(animal.values[t]))
      state.add(calendar.time_of(first + static_cast<std::int64_t>(t)), animal.values[t], options);
  return state.result(no_poll);
}

// What is wrong with a forecast, which may leave what was seen by so many times its span; empty
// where nothing is.
std::string fault(const Animal& animal, const std::vector<ForecastPoint>& points,
                  double spans = 1) {
  double least = INFINITY, most = -INFINITY;
  for (const double value : animal.values)
    if (!std::isnan(value)) least = std::min(least, value), most = std::max(most, value);
  const double span = std::max(most - least, std::max(std::fabs(most), std::fabs(least)));
  for (const ForecastPoint& point : points) {
    const std::string at =
        " at step " + std::to_string(point.step) + ", " + std::to_string(point.mean);
    if (!std::isfinite(point.mean)) return "is not finite" + at;
    double below = point.mean, above = point.mean;
    for (std::size_t l = 0; l < point.lower.size(); ++l) {
      if (!(std::isfinite(point.lower[l]) && std::isfinite(point.upper[l])))
        return "has bounds that are not finite" + at;
      if (!(point.lower[l] <= below && above <= point.upper[l]))
        return "has levels that cross" + at;
      below = point.lower[l], above = point.upper[l];
    }
    if (least >= 0 && below < 0) return "goes below zero" + at;
    if (animal.level && std::fabs(point.mean - *animal.level) >
                            animal.within * std::fabs(*animal.level) * (1 + 1e-9))
      return "is not near " + std::to_string(*animal.level) + at;
    if (!(point.mean >= least - spans * span && point.mean <= most + spans * span))
      return "is out of all proportion" + at;
  }
  return "";
}

TEST(SeriesZoo, EverySeriesHasASensibleForecast) {
  const std::vector<double> levels{0.5, 0.7, 0.85, 0.95, 0.99};
  for (const Animal& animal : zoo())
    for (int period = 0; period <= static_cast<int>(Period::year); ++period)
      for (const Method method : {Method::automatic, Method::fast}) {
        const auto of = static_cast<Period>(period);
        const SeriesModel model = fitted(animal, of, method);
        const auto points = forecast(model, 12, levels, std::nullopt, no_poll);
        EXPECT_EQ(fault(animal, points), "")
            << animal.name << " by " << name_of(of) << (method == Method::fast ? ", fast" : "");
      }
}

TEST(SeriesZoo, EveryMethodStaysWithinReason) {
  for (Animal animal : zoo()) {
    if (animal.values.size() < 3 || animal.values.size() > 24) continue;
    animal.level.reset();
    for (std::size_t method = 0; method < method_names().size(); ++method) {
      const SeriesModel model = fitted(animal, Period::month, static_cast<Method>(method));
      EXPECT_EQ(fault(animal, forecast(model, 12, {0.7, 0.95}, std::nullopt, no_poll), 12), "")
          << animal.name << " by " << method_names()[method];
    }
  }
}

// What is wrong with the fit itself: one-step values that leave what was seen by more than so many times its
// span, error measures that are no numbers or as far, and what cannot be read back from its text.
std::string fault_of_fit(const Animal& animal, const SeriesModel& model, double spans) {
  double least = INFINITY, most = -INFINITY;
  for (const double value : animal.values)
    if (!std::isnan(value)) least = std::min(least, value), most = std::max(most, value);
  const double span = std::max(most - least, std::max(std::fabs(most), std::fabs(least)));
  for (std::size_t t = 0; t < model.fitted.size(); ++t)
    if (!std::isnan(model.fitted[t]) && !(model.fitted[t] >= least - spans * span && model.fitted[t] <= most + spans * span))
      return "fitted " + std::to_string(model.fitted[t]) + " at " + std::to_string(t);
  const SeriesDescription told = describe(model);
  if (!(told.scale >= 0 && told.scale <= (spans + 1) * span)) return "scale " + std::to_string(told.scale);
  if (told.mae && !(*told.mae >= 0 && *told.mae <= spans * span)) return "mae " + std::to_string(*told.mae);
  if (told.bias && !(std::fabs(*told.bias) <= spans * span)) return "bias " + std::to_string(*told.bias);
  if (told.mase && !std::isfinite(*told.mase)) return "mase " + std::to_string(*told.mase);
  const std::string bytes = test::bytes_of(model);
  std::string again;
  const auto error = test::error_of([&] {
    Reader reader(std::as_bytes(std::span(bytes)));
    again = test::bytes_of(SeriesModel::deserialize(reader));
    reader.expect_end();
  });
  if (error) return "cannot be read back: " + error->message;
  return again == bytes ? "" : "reads back as something else";
}

TEST(SeriesZoo, EveryFitOfEveryMethodAndLengthIsSound) {
  std::vector<Animal> animals = zoo();
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  for (const std::size_t n : {7U, 8U, 9U, 10U, 11U, 12U, 13U, 17U, 30U, 60U, 120U}) {
    animals.push_back({"line of " + std::to_string(n), made(n, [](std::size_t t) { return 100.0 + 10.0 * static_cast<double>(t); }), std::nullopt});
    double walk = 100;
    animals.push_back({"walk of " + std::to_string(n), made(n, [&](std::size_t) { return walk += normal(random); }), std::nullopt});
  }
  for (const Animal& animal : animals)
    for (std::size_t method = 0; method < method_names().size(); ++method) {
      if (animal.values.size() > 24 && animal.name.find("outlier") != std::string::npos) continue;
      const SeriesModel model = fitted(animal, Period::month, static_cast<Method>(method));
      EXPECT_EQ(fault_of_fit(animal, model, 4), "") << animal.name << " by " << method_names()[method];
    }
}

// A line is followed by simple smoothing with the full step, one behind.
TEST(SeriesZoo, SmoothingOfALineIsOneBehind) {
  const Animal line{"line", made(11, [](std::size_t t) { return 100.0 + 10.0 * static_cast<double>(t); }), std::nullopt};
  const SeriesDescription told = describe(fitted(line, Period::month, Method::ses));
  EXPECT_LT(told.mase.value(), 1.2);
}

TEST(SeriesZoo, MonthsThatAreNotOverAreLeftOut) {
  for (const std::int64_t days : {400, 401, 410, 420, 425}) {
    SeriesOptions options;
    options.period = Period::month;
    std::pmr::monotonic_buffer_resource memory;
    SeriesStateWithOptions state(&memory);
    const std::int64_t first = day_of(Civil{2023, 1, 10});
    for (std::int64_t day = 0; day < days; ++day)
      state.add({(first + day) * 86'400'000'000}, kLevel / 30, options);
    for (const ForecastPoint& point :
         forecast(state.result(no_poll), 6, {0.95}, std::nullopt, no_poll))
      EXPECT_NEAR(point.mean, kLevel, 0.08 * kLevel) << days;
  }
}

TEST(SeriesZoo, GivesTheSameBytesTwice) {
  for (const Animal& animal : zoo())
    if (animal.values.size() <= 24) {
      EXPECT_EQ(test::bytes_of(fitted(animal, Period::month, Method::automatic)),
                test::bytes_of(fitted(animal, Period::month, Method::automatic)))
          << animal.name;
    }
}

}  // namespace
}  // namespace revenue::forecast
