#include <algorithm>
#include <numeric>

#include "core/forecast/ces.hpp"
#include "core/forecast/ets.hpp"
#include "core/forecast/intervals.hpp"
#include "core/forecast/lumpy.hpp"
#include "core/forecast/minimise.hpp"
#include "core/forecast/parts.hpp"
#include "core/forecast/prepare.hpp"
#include "core/forecast/seasonality.hpp"
#include "core/forecast/theta.hpp"
#include "support.hpp"

namespace revenue::forecast {
namespace {

std::vector<double> made(std::size_t n, auto&& value) {
  std::vector<double> values(n);
  for (std::size_t t = 0; t < n; ++t) values[t] = value(static_cast<double>(t));
  return values;
}

double wave(double t) { return std::sin(t * 3.14159265358979 / 6); }

// A fixed, rough sequence between -0.5 and 0.5.
double rough(double t) { return std::fmod(t * t * 0.6180339887 + t * 0.3247, 1.0) - 0.5; }

TEST(Minimise, FindsTheLeastOfOneAndOfFour) {
  EXPECT_NEAR(minimise(0, 10, 5, 1e-6, [](double x) { return (x - 3.3) * (x - 3.3); }), 3.3, 1e-5);
  std::array<double, 4> x{0, 0, 0, 0};
  const double least = nelder_mead<4>(x, {1, 1, 1, 1}, 4, 2000, 0, [](const std::array<double, 4>& at) {
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) sum += std::pow(at[i] - static_cast<double>(i), 2) * static_cast<double>(i + 1);
    return sum;
  });
  EXPECT_LT(least, 1e-6);
  EXPECT_NEAR(x[3], 3, 1e-3);
}

TEST(Theta, GoesOnAlongALine) {
  const std::vector<double> values = made(30, [](double t) { return 10 + 2 * t; });
  std::vector<double> fitted(30);
  const ThetaModel model = fit_theta(values, true, fitted);
  std::vector<double> next(5);
  forecast_theta(model, next);
  for (std::size_t h = 0; h < 5; ++h) EXPECT_NEAR(next[h], 10 + 2 * (30 + static_cast<double>(h)), 0.5);
  EXPECT_NEAR(fitted[29], values[29], 0.5);
}

TEST(Theta, HasTheDriftOfHalfTheSlope) {
  // The theta method is simple smoothing with half the slope of the line through all values (Hyndman & Billah 2003).
  const std::vector<double> values = made(40, [](double t) { return 100 + 3 * t + 20 * rough(t); });
  const ThetaModel model = fit_theta(values, false);
  std::vector<double> next(3);
  forecast_theta(model, next);
  EXPECT_NEAR(next[2] - next[1], model.slope / 2, 0.2);
}

TEST(Ets, NamesItsForms) {
  EXPECT_EQ(name_of({Component::multiplicative, Component::damped, Component::multiplicative}), "ETS(M,Ad,M)");
  EXPECT_EQ(name_of({Component::additive, Component::none, Component::additive}), "ETS(A,N,A)");
}

TEST(Ets, ChoosesTrendAndSeasonWhereTheyAre) {
  const auto plain = fit_ets(made(60, [](double t) { return 100 + 10 * rough(t); }), 12);
  EXPECT_EQ(plain.form.trend, Component::none);
  EXPECT_EQ(plain.form.season, Component::none);
  const std::vector<double> values = made(72, [](double t) { return (100 + 2 * t) * (1 + 0.3 * wave(t)) + rough(t); });
  std::vector<double> fitted(72);
  const auto rich = fit_ets(values, 12, no_poll, fitted);
  EXPECT_NE(rich.form.trend, Component::none);
  EXPECT_EQ(rich.form.season, Component::multiplicative);
  std::vector<double> next(12);
  forecast_ets(rich, next);
  for (std::size_t h = 0; h < 12; ++h) {
    const auto t = static_cast<double>(72 + h);
    EXPECT_NEAR(next[h], (100 + 2 * t) * (1 + 0.3 * wave(t)), 8);
  }
  EXPECT_NEAR(fitted[71], values[71], 8);
}

TEST(Ets, HasNoMultiplicativePartWhereValuesAreNotPositive) {
  const auto model = fit_ets(made(48, [](double t) { return 20 * wave(t) + rough(t); }), 12);
  EXPECT_EQ(model.form.error, Component::additive);
  EXPECT_EQ(model.form.season, Component::additive);
}

TEST(Ces, FollowsLevelAndSeason) {
  const std::vector<double> values = made(60, [](double t) { return 200 + 30 * wave(t) + rough(t); });
  const CesModel model = fit_ces(values, 12);
  EXPECT_NE(model.season, CesSeason::none);
  std::vector<double> next(12);
  forecast_ces(model, next);
  for (std::size_t h = 0; h < 12; ++h) EXPECT_NEAR(next[h], 200 + 30 * wave(static_cast<double>(60 + h)), 10);
}

TEST(Seasonality, EffectsOfAPureSeasonAreThatSeason) {
  const std::vector<double> values = made(48, [](double t) { return 100 + 5 * t + 20 * wave(t); });
  const std::vector<double> effects = seasonal_effects(values, 12, false);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_NEAR(effects[i], 20 * wave(static_cast<double>(i)), 1e-6);
  EXPECT_NEAR(std::accumulate(effects.begin(), effects.end(), 0.0), 0, 1e-9);
}

TEST(Seasonality, ChanceIsNoSeason) {
  EXPECT_TRUE(shrunk_effects(made(60, [](double t) { return 100 + 10 * rough(t); }), 12, true).empty());
  EXPECT_TRUE(shrunk_effects(made(23, [](double t) { return 100 + 50 * wave(t); }), 12, true).empty());
  EXPECT_EQ(shrunk_effects(made(36, [](double t) { return 100 + 50 * wave(t) + rough(t); }), 12, true).size(), 12U);
}

TEST(Lumpy, RatesOfDemand) {
  const std::vector<double> values{0, 0, 4, 0, 0, 4, 0, 0, 4};
  EXPECT_DOUBLE_EQ(mean_interval(values), 3);
  EXPECT_DOUBLE_EQ(fit_sba(values), 0.95 * 4 / 3);  // the demand of every third period, less the bias of Croston
  EXPECT_NEAR(fit_adida(values), 4.0 / 3, 1e-9);
  EXPECT_NEAR(fit_tsb(values), 4.0 / 3, 0.3);
  const std::vector<double> dying{4, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_LT(fit_tsb(dying), fit_sba(dying) / 2);
  EXPECT_EQ(trailing_zeros(dying), 12U);
}

TEST(Prepare, GapsTakeTheSeasonOfTheirPlace) {
  std::vector<double> values = made(48, [](double t) { return 100 + 20 * wave(t); });
  const double known = values[27];
  values[27] = test::kNaN;
  interpolate(values, 12);
  EXPECT_NEAR(values[27], known, 3);
  std::vector<double> ends{test::kNaN, 5, test::kNaN, 9, test::kNaN};
  interpolate(ends, 1);
  EXPECT_EQ(ends, (std::vector<double>{5, 5, 7, 9, 9}));
}

TEST(Prepare, OutliersAreDrawnInAndNewLevelsAreNot) {
  std::vector<double> values = made(48, [](double t) { return 100 + 20 * wave(t) + 2 * rough(t); });
  values[20] = 900;
  EXPECT_EQ(draw_in_outliers(values, 12), 1);
  EXPECT_LT(values[20], 140);
  std::vector<double> shifted = made(48, [](double t) { return (t < 30 ? 100 : 300) + 2 * rough(t); });
  EXPECT_EQ(draw_in_outliers(shifted, 1), 0);
}

TEST(Intervals, RiseWithLevelAndStep) {
  for (const Period period : {Period::day, Period::month, Period::quarter, Period::year})
    for (std::int64_t step = 1; step < 200; ++step) {
      double before = 0;
      for (double level = 0.01; level < 0.9999; level += 0.01) {
        const double now = usual_multiplier(period, step, level);
        EXPECT_GT(now, before);
        EXPECT_LE(now, usual_multiplier(period, step + 1, level) + 1e-12);
        before = now;
      }
    }
}

TEST(Mixture, WeightsAddUpAndBytesComeBack) {
  const std::vector<double> values = made(40, [](double t) { return 100 + t + 20 * wave(t) + rough(t); });
  for (int method = 0; method <= static_cast<int>(Method::adida); ++method) {
    std::vector<Note> notes;
    std::vector<double> fitted;
    const Mixture mixture = fit_mixture(values, 12, static_cast<Method>(method), notes, fitted, no_poll);
    double weights = 0;
    for (const Part& part : mixture.parts) weights += part.weight;
    EXPECT_NEAR(weights, 1, 1e-12);
    EXPECT_EQ(fitted.size(), values.size());
    Writer writer;
    mixture.serialize(writer);
    Reader reader(std::as_bytes(std::span(writer.bytes().data(), writer.bytes().size())));
    std::vector<double> next(30);
    std::vector<double> again(30);
    mixture.forecast(next);
    Mixture::deserialize(reader).forecast(again);
    EXPECT_EQ(next, again);
  }
}

}  // namespace
}  // namespace revenue::forecast
