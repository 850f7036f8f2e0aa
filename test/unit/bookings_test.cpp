#include "core/forecast/bookings.hpp"

#include <numeric>

#include "support.hpp"

namespace revenue::forecast {
namespace {

using test::expect_invalid;
using test::kNaN;

// Every month: one deal of 60 made two months before, one of 40 made in the month; the first from
// an account that has bought since the beginning. At each month's beginning deals of 180 are open,
// of which 60 are won each month.
BookingsHistory steady(int months) {
  BookingsHistory history;
  history.months = months;
  for (int m = 0; m < months; ++m) {
    for (const bool old : {true, false}) {
      history.won_in.push_back(m);
      history.created_in.push_back(old ? m - 2 : m);
      history.customer_since.push_back(old ? -1 : m);
      history.value.push_back(old ? 60 : 40);
    }
    history.origin.push_back(m);
    history.open_value.push_back(180);
    for (int h = 1; h <= kMostMonths; ++h) history.expected.push_back(std::min(60 * h, 120));
  }
  return history;
}

BookingsWindow quarter() {
  BookingsWindow window;
  window.last = 3;
  window.open_now = 180;
  window.expected_now = 120;
  window.deviation_now = 30;
  return window;
}

TEST(Bookings, ASteadyBusinessIsForecastByEveryComponent) {
  Past past;
  for (const Predictor& one : bookings_components(steady(40), quarter(), past)) {
    ASSERT_TRUE(one.estimate) << one.name;
    EXPECT_NEAR(*one.estimate, 300, 1e-6) << one.name;
    for (std::size_t o = 0; o < past.actual.size(); ++o)
      if (!std::isnan(one.past[o])) {
        EXPECT_NEAR(one.past[o], 300, 1e-6) << one.name << " at " << o;
      }
  }
  EXPECT_EQ(past.actual, std::vector<double>(32, 300));  // origins 6 to 37
}

// Two deals a month leave 180 of value that was made before: 120 of the 300 are expected of it.
TEST(Bookings, WhatIsNotMadeYetComesOnTop) {
  const auto forecast = bookings_forecast(steady(40), quarter(), 1000, "pipeline", {0.95});
  EXPECT_NEAR(forecast.expected, 1300, 1e-6);
}

TEST(Bookings, ARunningMonthCountsByWhatIsLeftOfIt) {
  BookingsWindow window = quarter();
  window.remaining = 0.25;
  window.expected_now = 75;
  Past past;
  const auto components = bookings_components(steady(40), window, past);
  EXPECT_NEAR(*components[1].estimate, 225, 1e-6);  // conversion
  EXPECT_NEAR(*components[2].estimate, 225, 1e-6);  // run rate
  EXPECT_NEAR(*components[3].estimate, 225, 1e-6);  // seasonality
  EXPECT_NEAR(*components[4].estimate, 225, 1e-6);  // customers
  window.last = 1;
  const auto ending = bookings_components(steady(40), window, past);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_NEAR(*ending[i].estimate, 25, 1e-6) << ending[i].name;
}

TEST(Bookings, ALaterQuarter) {
  BookingsWindow window = quarter();
  window.first = 2;
  window.last = 5;
  window.expected_now = 0;  // all that is open is won within two months
  Past past;
  for (const Predictor& one : bookings_components(steady(40), window, past))
    EXPECT_NEAR(*one.estimate, 300, 1e-6) << one.name;
}

TEST(Bookings, SignalsMoveRepeatBusinessOnly) {
  BookingsWindow window = quarter();
  window.signal = 1.1;
  Past past;
  const auto components = bookings_components(steady(40), window, past);
  EXPECT_NEAR(*components[4].estimate, 300 + 0.1 * 180, 1e-6);
}

TEST(Bookings, ThePastKnowsNothingOfTheFuture) {
  const BookingsHistory history = steady(40);
  BookingsHistory changed = history;
  for (std::size_t i = 0; i < changed.value.size(); ++i)
    if (changed.won_in[i] >= 30) changed.value[i] *= 7;
  Past past;
  const auto before = bookings_components(history, quarter(), past);
  const auto after = bookings_components(changed, quarter(), past);
  for (std::size_t c = 0; c < before.size(); ++c)
    for (std::size_t o = 0; o + 6 <= 30; ++o)  // origin 6 + o
      EXPECT_TRUE(before[c].past[o] == after[c].past[o] || std::isnan(before[c].past[o]))
          << before[c].name << o;
}

TEST(Bookings, LittleHistoryIsThePipelineAloneAndWide) {
  const auto forecast = bookings_forecast(steady(4), quarter(), 0, "ensemble", {0.7, 0.95});
  EXPECT_EQ(forecast.components[0].weight, 1);
  EXPECT_EQ(forecast.components[2].reason, "less than two quarters of history");
  EXPECT_EQ(forecast.interval_from, "components, wide because there is little history");
  EXPECT_EQ(forecast.intervals[1].lower, 0);
  EXPECT_GT(forecast.intervals[1].upper, 2 * forecast.expected);

  const auto nothing = bookings_forecast({}, quarter(), 0, "ensemble", {0.95});
  EXPECT_NEAR(nothing.expected, 120, 1e-9);
  const auto nobody = bookings_forecast({}, {}, 0, "run_rate", {0.95});
  EXPECT_EQ(nobody.expected, 0);
  EXPECT_EQ(nobody.components[2].reason, "too little history");
}

// A segment that won nothing in the year before some of the past months, and one with a pipeline of nearly
// nothing in some: no ratio to nearly nothing makes the forecast or its bounds out of proportion.
TEST(Bookings, AQuietYearIsNoMeasureOfWhatComesAfter) {
  BookingsHistory history = steady(48);
  double most = 0;
  for (std::size_t i = 0; i < history.value.size(); ++i) {
    const int month = history.won_in[i];
    history.value[i] *= month < 3 || month >= 40 ? 1000 : 0;
    most += history.value[i];
  }
  for (std::size_t o = 0; o < history.origin.size(); ++o)
    if (history.origin[o] < 30) history.open_value[o] = 1e-6;
  for (const int last : {1, 3, 12}) {
    BookingsWindow window = quarter();
    window.last = last;
    window.open_now = 1e6;
    Past past;
    for (const Predictor& one : bookings_components(history, window, past)) {
      EXPECT_LT(one.estimate.value_or(0), 4 * most) << one.name;
      for (const double said : one.past) EXPECT_FALSE(said > 4 * most) << one.name;
    }
    for (const double scale : past.scale) EXPECT_GT(scale, most / 48 / 5);
    const auto forecast = bookings_forecast(history, window, 0, "ensemble", {0.7, 0.95});
    EXPECT_LT(forecast.intervals[1].upper, 20 * most) << last;
  }
}

// Histories of 1 to 300 deals of very different size, anywhere in five years, each with a pipeline that has nothing
// to do with them: what comes out is in proportion to what was won and what is open.
TEST(Bookings, EverySizeOfHistoryHasBoundsInProportion) {
  for (int deals = 1; deals <= 300; deals += deals < 20 ? 1 : 3) {
    std::mt19937_64 random(static_cast<std::uint64_t>(deals));
    std::normal_distribution<double> normal;
    BookingsHistory history;
    history.months = 1 + static_cast<int>(random() % 60);
    double won = 0;
    for (int i = 0; i < deals; ++i) {
      const int month = static_cast<int>(random() % static_cast<std::uint64_t>(history.months));
      history.won_in.push_back(month);
      history.created_in.push_back(month - static_cast<int>(random() % 12));
      history.customer_since.push_back(static_cast<int>(random() % static_cast<std::uint64_t>(month + 1)));
      history.value.push_back(1000 * std::exp(3 * normal(random)));
      won += history.value.back();
    }
    double most_open = 0;
    for (int m = static_cast<int>(random() % 6); m <= history.months; ++m) {
      history.origin.push_back(m);
      history.open_value.push_back(random() % 3 == 0 ? 0 : 1000 * std::exp(4 * normal(random)));
      most_open = std::max(most_open, history.open_value.back());
      for (int h = 1; h <= kMostMonths; ++h) history.expected.push_back(history.open_value.back() * h / kMostMonths);
    }
    for (const int last : {1, 3, 12}) {
      BookingsWindow window = quarter();
      window.last = last;
      window.open_now = history.open_value.empty() ? 0 : history.open_value.back();
      window.expected_now = window.open_now / 3;
      window.deviation_now = window.open_now / 4;
      const auto forecast = bookings_forecast(history, window, 0, "ensemble", {0.7, 0.85, 0.95});
      const double size = won + most_open + 1;
      EXPECT_TRUE(forecast.expected >= 0 && forecast.expected < 20 * size) << deals << " " << last << " " << forecast.expected / size;
      for (const auto& interval : forecast.intervals)
        EXPECT_TRUE(interval.lower >= 0 && interval.lower <= forecast.expected && interval.upper >= forecast.expected && interval.upper < 200 * size)
            << deals << " " << last << " " << interval.upper / size;
    }
  }
}

// Months of random deals: the forecast covers what follows, with all components together.
TEST(Bookings, Coverage) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  std::array<int, 3> within{};
  constexpr int kRounds = 400;
  constexpr int kMonths = 36;
  for (int round = 0; round < kRounds; ++round) {
    BookingsHistory history = steady(kMonths + 3);
    for (double& value : history.value) value = std::round(value * std::exp(0.35 * normal(random)));
    double actual = 0;
    BookingsHistory known = history;
    known.months = kMonths;
    for (std::size_t i = 0; i < history.value.size(); ++i)
      if (history.won_in[i] >= kMonths) actual += history.value[i];
    known.origin.resize(kMonths);
    known.open_value.resize(kMonths);
    known.expected.resize(static_cast<std::size_t>(kMonths * kMostMonths));
    const auto forecast = bookings_forecast(known, quarter(), 0, "ensemble", {0.70, 0.85, 0.95});
    for (std::size_t i = 0; i < 3; ++i)
      within[i] += actual >= forecast.intervals[i].lower && actual <= forecast.intervals[i].upper;
  }
  EXPECT_NEAR(within[0] / static_cast<double>(kRounds), 0.70, 0.08);
  EXPECT_NEAR(within[1] / static_cast<double>(kRounds), 0.85, 0.06);
  EXPECT_NEAR(within[2] / static_cast<double>(kRounds), 0.95, 0.04);
}

TEST(Bookings, Refusals) {
  const auto refuse = [](std::string_view what, auto&& change) {
    BookingsHistory history = steady(12);
    BookingsWindow window = quarter();
    change(history, window);
    expect_invalid(what, [&] { bookings_forecast(history, window, 0, "ensemble", {0.95}); });
  };
  refuse("cells", [](auto& h, auto&) { h.value.pop_back(); });
  refuse("origins", [](auto& h, auto&) { h.expected.pop_back(); });
  refuse("months", [](auto& h, auto&) { h.months = -1; });
  refuse("window", [](auto&, auto& w) { w.last = 0; });
  refuse("window", [](auto&, auto& w) { w.last = 25; });
  refuse("remaining", [](auto&, auto& w) { w.remaining = kNaN; });
  refuse("history", [](auto& h, auto&) { h.value[0] = kNaN; });
  refuse("window", [](auto&, auto& w) { w.deviation_now = -1; });
  refuse("window", [](auto&, auto& w) { w.signal = kNaN; });
  // Months and origins that lie outside are not counted.
  BookingsHistory odd = steady(12);
  odd.won_in[0] = INT32_MIN;
  odd.created_in[1] = INT32_MAX;
  odd.origin[0] = INT32_MAX;
  odd.origin[1] = INT32_MIN;
  EXPECT_TRUE(std::isfinite(bookings_forecast(odd, quarter(), 0, "ensemble", {0.95}).expected));
}

}  // namespace
}  // namespace revenue::forecast
