#include "core/forecast/series_model.hpp"

#include <memory_resource>
#include <numeric>

#include "core/forecast/calibration.hpp"
#include "core/forecast/options.hpp"
#include "core/forecast/series_state.hpp"
#include "support.hpp"

namespace revenue::forecast {
namespace {

using test::error_of;
using test::expect_invalid;

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

LocalTime day(std::int64_t year, int month, int of_month) { return {day_of(Civil{year, month, of_month}) * kMicrosPerDay}; }

Series read(std::vector<LocalTime> dates, const SeriesOptions& options = {}) {
  std::vector<Observation> observations;
  for (const LocalTime date : dates) observations.push_back({date, 1});
  return regular_series(observations, options);
}

TEST(Calendar, DaysOfAllYearsComeBack) {
  for (std::int64_t number = -1'000'000; number < 1'000'000; number += 37) {
    const Civil civil = civil_of(number);
    EXPECT_EQ(day_of(civil), number);
    EXPECT_LE(civil.day, days_in_month(civil.year, civil.month));
  }
  EXPECT_EQ(day_of(Civil{2000, 1, 1}), 0);
  EXPECT_EQ(day_of(Civil{2024, 2, 29}), 8825);
  EXPECT_EQ(weekday_of(0), 5);
}

TEST(Calendar, EveryDayIsInThePeriodOfItsNumber) {
  for (int period = 0; period <= static_cast<int>(Period::year); ++period)
    for (std::int32_t phase = 0; phase < (period >= static_cast<int>(Period::week) ? 3 : 1); ++phase) {
      const Calendar calendar{static_cast<Period>(period), phase};
      for (std::int64_t number = -3000; number < 3000; ++number) {
        const std::int64_t index = calendar.index_of({number * kMicrosPerDay});
        EXPECT_LE(calendar.first_day(index), number);
        EXPECT_LT(number, calendar.first_day(index + 1));
      }
    }
}

TEST(Calendar, Workdays) {
  const std::int64_t monday = day_of(Civil{2024, 1, 1});
  EXPECT_EQ(workdays_between(monday, monday + 7), 5);
  EXPECT_EQ(workdays_between(monday + 4, monday + 8), 2);
  EXPECT_EQ(workdays_between(day_of(Civil{2024, 2, 1}), day_of(Civil{2024, 3, 1})), 21);
}

TEST(Series, PeriodsFollowFromTheDates) {
  EXPECT_EQ(read({day(2024, 1, 31), day(2024, 2, 29), day(2024, 4, 30)}).calendar.period, Period::month);
  EXPECT_EQ(read({day(2024, 1, 31), day(2024, 2, 29), day(2024, 4, 30)}).values.size(), 4U);
  EXPECT_EQ(read({day(2024, 3, 31), day(2024, 6, 30)}).calendar.period, Period::quarter);
  EXPECT_EQ(read({day(2022, 12, 31), day(2024, 12, 31)}).calendar.period, Period::year);
  EXPECT_EQ(read({day(2024, 1, 7), day(2024, 1, 14), day(2024, 2, 4)}).calendar.period, Period::week);
  EXPECT_EQ(read({day(2024, 1, 7), day(2024, 1, 8), day(2024, 1, 10)}).calendar.period, Period::day);
}

TEST(Series, DoesNotDependOnTheOrder) {
  std::vector<Observation> observations;
  for (int i = 0; i < 100; ++i) observations.push_back({day(2024, 1 + i % 12, 1 + i % 28), 0.1 * i});
  SeriesOptions options;
  options.period = Period::month;
  std::vector<Observation> reversed(observations.rbegin(), observations.rend());
  EXPECT_EQ(regular_series(observations, options).values, regular_series(reversed, options).values);
}

SeriesModel model_of(std::size_t n, double step = 1) {
  std::pmr::monotonic_buffer_resource memory;
  SeriesState state(&memory);
  for (std::size_t i = 0; i < n; ++i)
    state.add(day(2015 + static_cast<std::int64_t>(i / 12), 1 + static_cast<int>(i % 12), 1),
              100 + step * static_cast<double>(i) + 10 * static_cast<double>(i % 5));
  return state.result(no_poll);
}

TEST(SeriesModel, EveryLengthHasAForecast) {
  for (std::size_t n = 1; n <= 40; ++n) {
    const auto points = forecast(model_of(n), 24, {0.5, 0.95}, std::nullopt, no_poll);
    ASSERT_EQ(points.size(), 24U);
    for (const ForecastPoint& point : points) {
      EXPECT_GE(point.lower[0], point.lower[1]);
      EXPECT_LE(point.lower[0], point.mean);
      EXPECT_GE(point.upper[0], point.mean);
      EXPECT_GE(point.upper[1], point.upper[0]);
    }
  }
}

TEST(SeriesModel, ScalesWithItsValues) {
  const std::vector<double> levels{0.9};
  const auto plain = forecast(model_of(50), 6, levels, std::nullopt, no_poll);
  std::pmr::monotonic_buffer_resource memory;
  SeriesState state(&memory);
  const SeriesModel model = model_of(50);
  for (std::size_t i = 0; i < 50; ++i)
    state.add(model.calendar.time_of(model.first + static_cast<std::int64_t>(i)), std::ldexp(model.values[i], 300));
  const auto large = forecast(state.result(no_poll), 6, levels, std::nullopt, no_poll);
  for (std::size_t h = 0; h < 6; ++h) {
    EXPECT_EQ(std::ldexp(plain[h].mean, 300), large[h].mean);
    EXPECT_EQ(std::ldexp(plain[h].upper[0], 300), large[h].upper[0]);
  }
}

// A twelfth of the forecast would otherwise be that of a year before.
TEST(SeriesModel, LastYearDoesNotHoldBackWhatGrows) {
  std::pmr::monotonic_buffer_resource memory;
  SeriesState state(&memory);
  const auto value = [](int month) { return 1e5 * std::pow(1.03, month); };
  for (int i = 0; i < 48; ++i) state.add(day(2020 + i / 12, 1 + i % 12, 1), value(i) * (1 + 0.004 * std::sin(i * i)));
  const SeriesModel model = state.result(no_poll);
  EXPECT_NEAR(forecast(model, 1, {}, std::nullopt, no_poll)[0].mean / value(48), 1, 0.01);
  for (const Part& part : model.mixture.parts) {
    if (part.method != Method::seasonal_naive) continue;
    EXPECT_LT(part.weight, 0.02);
  }
}

TEST(SeriesModel, MergesAndComesBack) {
  std::pmr::monotonic_buffer_resource memory;
  SeriesState whole(&memory), first(&memory), second(&memory), empty(&memory);
  for (int i = 0; i < 36; ++i) {
    const LocalTime at = day(2020 + i / 12, 1 + i % 12, 1);
    whole.add(at, i * i % 17);
    (i % 3 == 0 ? first : second).add(at, i * i % 17);
  }
  empty.merge(second);
  empty.merge(first);
  const auto bytes = [](const auto& value) {
    Writer writer;
    value.serialize(writer);
    return writer.bytes();
  };
  const SeriesModel model = whole.result(no_poll);
  EXPECT_EQ(bytes(model), bytes(empty.result(no_poll)));
  const std::string stored = bytes(model);
  Reader reader(std::as_bytes(std::span(stored.data(), stored.size())));
  EXPECT_EQ(bytes(SeriesModel::deserialize(reader)), stored);
  reader.expect_end();
  for (std::size_t length = 0; length < stored.size(); length += 7) {
    Reader cut(std::as_bytes(std::span(stored.data(), length)));
    const auto error = error_of([&] { SeriesModel::deserialize(cut); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, ErrorCode::malformed);
  }
}

TEST(SeriesModel, StopsWhereItIsPolled) {
  std::pmr::monotonic_buffer_resource memory;
  SeriesState state(&memory);
  for (int i = 0; i < 60; ++i) state.add(day(2020 + i / 12, 1 + i % 12, 1), i % 7);
  EXPECT_THROW(state.result([] { throw 1; }), int);
}

TEST(Calibration, WidensWhereErrorsWereLarge) {
  std::pmr::monotonic_buffer_resource memory;
  CalibrationState narrow(&memory), wide(&memory), merged(&memory);
  SeriesModel model = model_of(30);
  for (int i = 0; i < 200; ++i) {
    model.scores.assign(6, 0.5 + i / 200.0);
    narrow.add(model);
    for (double& score : model.scores) score *= 4;
    (i % 2 == 0 ? wide : merged).add(model);
  }
  wide.merge(merged);
  const Calibration small = narrow.result(no_poll);
  const Calibration large = wide.result(no_poll);
  for (const double level : {0.5, 0.8, 0.95})
    EXPECT_GT(large.multiplier(Period::month, 2, level), 2 * small.multiplier(Period::month, 2, level));
  EXPECT_DOUBLE_EQ(large.multiplier(Period::week, 2, 0.8), small.multiplier(Period::week, 2, 0.8));
  double before = 0;
  for (double level = 0.01; level < 0.999; level += 0.001) {
    EXPECT_GE(large.multiplier(Period::month, 3, level), before);
    before = large.multiplier(Period::month, 3, level);
  }
}

TEST(Calibration, HearsTwoOriginsOfLongSeries) {
  const auto errors_of = [](std::size_t n) {
    std::pmr::monotonic_buffer_resource memory;
    CalibrationState state(&memory);
    state.add(model_of(n));
    return state.result(no_poll).periods.front().steps.front().errors;
  };
  EXPECT_EQ(errors_of(71), 1);
  EXPECT_EQ(errors_of(72), 2);
  const SeriesModel model = model_of(100);
  EXPECT_EQ(model.scores.size(), 18U);
  EXPECT_EQ(model.earlier_scores.size(), 18U);
}

TEST(AdaptedLevel, KeepsTheShareInTheLongRun) {
  // Values that lie within an interval only where a level above 0.97 was asked: too narrow intervals.
  std::vector<std::int32_t> covered;
  int within = 0;
  for (int i = 0; i < 2000; ++i) {
    const double asked = adapted_level(0.9, covered, 0.02);
    covered.push_back(std::fmod(i * 0.6180339887, 1.0) < std::pow(asked, 3) ? 1 : 0);
    within += covered.back();
  }
  EXPECT_NEAR(within / 2000.0, 0.9, 0.01);
  expect_invalid("level", [] { adapted_level(0, {}, 0.02); });
  expect_invalid("rate", [] { adapted_level(0.5, {}, 2); });
  expect_invalid("covered", [] { adapted_level(0.5, {3}, 0.02); });
}

TEST(Options, AreCheckedAndComeBack) {
  WrittenOptions written;
  written.period = "quarter";
  written.first_month = 4;
  written.data_end = "2024-03-31";
  const SeriesOptions options = read_options(written);
  EXPECT_EQ(options.period, Period::quarter);
  Writer writer;
  write_options(writer, options);
  Reader reader(std::as_bytes(std::span(writer.bytes().data(), writer.bytes().size())));
  EXPECT_TRUE(read_options(reader) == options);
  written.data_end = "2024-02-30";
  expect_invalid("data_end", [&] { read_options(written); });
  written.data_end.reset();
  written.gather = "most";
  const auto error = error_of([&] { read_options(written); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, "unknown gather \"most\"");
}

}  // namespace
}  // namespace revenue::forecast
