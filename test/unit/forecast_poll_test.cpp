#include <algorithm>
#include <ctime>
#include <functional>
#include <memory_resource>

#include "core/forecast/calibration.hpp"
#include "core/forecast/series_state.hpp"
#include "support.hpp"

// A long fit can be cancelled: between two polls lie fewer than 50 ms of the processor's time,
// which leaves a server of half the speed its 100.

namespace revenue::forecast {
namespace {

#ifdef REVENUE_CHECKED
constexpr double kMost = 1000;  // milliseconds
#else
constexpr double kMost = 50;
#endif
constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

std::clock_t last_poll;
double longest_gap;

void timed_poll() {
  const std::clock_t now = std::clock();
  longest_gap = std::max(longest_gap, 1e3 * static_cast<double>(now - last_poll) / CLOCKS_PER_SEC);
  last_poll = now;
}

// The longest time without a poll, the best of three where the first is too long.
double gap_of(const std::function<void()>& work) {
  double best = INFINITY;
  for (int round = 0; round < 3 && best >= kMost; ++round) {
    longest_gap = 0;
    last_poll = std::clock();
    work();
    timed_poll();
    best = std::min(best, longest_gap);
  }
  return best;
}

void expect_polls(const std::string& name, std::int64_t rows, const SeriesOptions& options,
                  const std::function<LocalTime(std::int64_t)>& at) {
  std::pmr::monotonic_buffer_resource memory;
  SeriesStateWithOptions state(&memory);
  for (std::int64_t i = 0; i < rows; ++i)
    state.add(at(i), 100 + static_cast<double>(i * 7919 % 101), options);
  const double gap = gap_of([&] { state.result(timed_poll); });
  EXPECT_LT(gap, kMost) << name;
}

LocalTime day(std::int64_t number) {
  return {number * kMicrosPerDay};
}

TEST(ForecastPoll, LongSeriesCanBeCancelled) {
  SeriesOptions options;
  options.period = Period::day;
  expect_polls("2,000,000 rows of 2,000 days", 2'000'000, options,
               [](std::int64_t i) { return day(i * 1237 % 2000); });
  expect_polls("100,000 days", 100'000, options, day);
  expect_polls("2,000,000 instants", 2'000'000, {},
               [](std::int64_t i) { return LocalTime{i * 1'700'000'000}; });
  options.season = 400;
  options.gaps = Gaps::interpolate;
  expect_polls("every third of 100,000 days, with a season of 400", 33'333, options,
               [](std::int64_t i) { return day(3 * i); });
  options = {};
  options.period = Period::week;
  expect_polls("8,000 weeks", 8'000, options, [](std::int64_t i) { return day(7 * i); });
  options.period = Period::month;
  options.season = 24;
  expect_polls("8,000 months with a season of 24", 8'000, options,
               [](std::int64_t i) { return day(30 * i + i * 7 / 16); });
}

TEST(ForecastPoll, CalibrationsOfManySeriesCanBeCancelled) {
  std::pmr::monotonic_buffer_resource memory;
  CalibrationState state(&memory);
  SeriesModel model;
  model.calendar.period = Period::month;
  for (int i = 0; i < 100'000; ++i) {
    model.scores.assign(18, 0.1 + i * 7919 % 10'007 / 1e4);
    state.add(model);
  }
  const double gap = gap_of([&] { state.result(timed_poll); });
  EXPECT_LT(gap, kMost);
}

}  // namespace
}  // namespace revenue::forecast
