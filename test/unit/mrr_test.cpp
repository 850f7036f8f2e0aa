#include "core/forecast/mrr.hpp"

#include "support.hpp"

namespace revenue::forecast {
namespace {

using test::expect_invalid;
using test::kNaN;

// Each month 10 new, 2 come back; 3 % more, 1 % less and 2 % lost of what there was.
MrrHistory steady(int months) {
  MrrHistory history;
  double mrr = 1000;
  history.closing.push_back(mrr);
  history.gained.push_back(mrr);
  for (auto* values :
       {&history.reactivated, &history.expanded, &history.contracted, &history.churned})
    values->push_back(0);
  for (int m = 1; m < months; ++m) {
    history.gained.push_back(10);
    history.reactivated.push_back(2);
    history.expanded.push_back(0.03 * mrr);
    history.contracted.push_back(-0.01 * mrr);
    history.churned.push_back(-0.02 * mrr);
    mrr += 12;
    history.closing.push_back(mrr);
  }
  history.pipeline.assign(history.closing.size() + 1, 30);
  return history;
}

MrrWindow quarter(const MrrHistory& history) {
  MrrWindow window;
  window.last = 3;
  window.current = history.closing.back();
  return window;
}

TEST(MrrForecast, ASteadyBusiness) {
  const MrrHistory history = steady(60);
  const MrrForecast result = mrr_forecast(history, quarter(history), "ensemble", {0.7, 0.95});
  for (const auto& share : result.forecast.components)
    EXPECT_NEAR(*share.estimate, 36, 5) << share.component;
  EXPECT_NEAR(result.forecast.expected, history.closing.back() + 36, 3);
  EXPECT_EQ(result.forecast.origins, 36);
  const auto& m = result.movements;
  EXPECT_NEAR(m.gained + m.reactivated + m.expanded + m.contracted + m.churned,
              *result.forecast.components[0].estimate, 1e-9);
  EXPECT_LT(m.churned, 0);
  double sum = history.closing.back();
  for (const auto& share : result.forecast.components) sum += share.contribution;
  EXPECT_NEAR(sum, result.forecast.expected, 1e-9);
}

TEST(MrrForecast, SignalsMoveTheirKind) {
  const MrrHistory history = steady(40);
  MrrWindow window = quarter(history);
  const auto before = mrr_forecast(history, window, "movements", {0.95}).movements;
  window.churn_signal = 1.5;
  window.expansion_signal = 2;
  window.last = 1;
  MrrWindow neutral = quarter(history);
  neutral.last = 1;
  const auto one = mrr_forecast(history, neutral, "movements", {0.95}).movements;
  const auto moved = mrr_forecast(history, window, "movements", {0.95}).movements;
  EXPECT_DOUBLE_EQ(moved.churned, 1.5 * one.churned);
  EXPECT_DOUBLE_EQ(moved.expanded, 2 * one.expanded);
  EXPECT_DOUBLE_EQ(moved.gained, one.gained);
  EXPECT_GT(before.gained, one.gained);
}

TEST(MrrForecast, HalfAMonthMovesHalf) {
  const MrrHistory history = steady(40);
  MrrWindow window = quarter(history);
  window.last = 1;
  window.remaining = 0.5;
  EXPECT_NEAR(*mrr_forecast(history, window, "net_new", {0.95}).forecast.components[3].estimate, 6,
              0.5);
}

// Nothing for two years, then a region that sells; and one whose customers grew tenfold in a month.
TEST(MrrForecast, NeitherQuietYearsNorOneGoodMonthGoBeyondReason) {
  MrrHistory history;
  for (int m = 0; m < 48; ++m) {
    const double gained = m < 1 ? 1 : m < 40 ? 0 : 500;
    const double expanded = m == 41 ? 9 * history.closing.back() : 0;
    history.closing.push_back((m > 0 ? history.closing.back() : 0) + gained + expanded);
    history.gained.push_back(gained);
    history.expanded.push_back(expanded);
    for (auto* values : {&history.reactivated, &history.contracted, &history.churned}) values->push_back(0);
  }
  history.pipeline.assign(49, kNaN);
  for (const int last : {1, 3, 12, 24}) {
    MrrWindow window = quarter(history);
    window.last = last;
    const auto result = mrr_forecast(history, window, "ensemble", {0.95});
    EXPECT_LT(result.forecast.expected, 10 * window.current) << last;
    EXPECT_LT(result.forecast.intervals[0].upper, 100 * window.current) << last;
    EXPECT_LE(result.movements.expanded, 4 * window.current) << last;
  }
}

TEST(MrrForecast, LittleHistory) {
  const MrrHistory history = steady(4);
  const auto result = mrr_forecast(history, quarter(history), "ensemble", {0.95});
  EXPECT_EQ(result.forecast.interval_from, "components, wide because there is little history");
  EXPECT_GT(result.forecast.intervals[0].upper, 1.2 * result.forecast.expected);
  MrrHistory none;
  none.pipeline = {kNaN};
  const auto nothing = mrr_forecast(none, {}, "ensemble", {0.95});
  EXPECT_EQ(nothing.forecast.weights_from, "nothing");
  EXPECT_EQ(nothing.forecast.components[0].reason, "too little history");
}

TEST(MrrForecast, WithoutDealsThePipelineSaysNothing) {
  MrrHistory history = steady(40);
  history.pipeline.assign(41, kNaN);
  const auto result = mrr_forecast(history, quarter(history), "ensemble", {0.95});
  EXPECT_EQ(result.forecast.components[1].reason, "no open deal");
  EXPECT_EQ(result.forecast.components[1].weight, 0);
}

TEST(MrrForecast, Refusals) {
  const auto refuse = [](std::string_view what, auto&& change) {
    MrrHistory history = steady(12);
    MrrWindow window = quarter(history);
    change(history, window);
    expect_invalid(what, [&] { mrr_forecast(history, window, "ensemble", {0.95}); });
  };
  refuse("months", [](auto& h, auto&) { h.churned.pop_back(); });
  refuse("history", [](auto& h, auto&) { h.closing[3] = kNaN; });
  refuse("pipeline", [](auto& h, auto&) { h.pipeline.pop_back(); });
  refuse("history", [](auto& h, auto&) { h.pipeline[0] = test::kInfinity; });
  refuse("window", [](auto&, auto& w) { w.last = 25; });
  refuse("window", [](auto&, auto& w) { w.current = kNaN; });
  expect_invalid("tea leaves", [] { mrr_forecast(steady(12), {}, "tea leaves", {0.95}); });
}

}  // namespace
}  // namespace revenue::forecast
