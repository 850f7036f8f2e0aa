#include <cmath>
#include <memory_resource>

#include "../../bench/anomaly_series.hpp"
#include "core/anomaly/anomaly_score.hpp"
#include "core/anomaly/binomial.hpp"
#include "core/anomaly/detector_model.hpp"
#include "core/anomaly/normal.hpp"
#include "support.hpp"

namespace revenue::anomaly {
namespace {

using test::expect_invalid;

constexpr std::int64_t kDay = 86'400'000'000;

LocalTime day(std::int64_t days) { return {days * kDay}; }

DetectorModel model_of(std::int32_t first_day, const std::vector<double>& values, const DetectorOptions& options = {}) {
  std::pmr::monotonic_buffer_resource memory;
  SeriesStateWithOptions state(&memory);
  for (std::size_t i = 0; i < values.size(); ++i)
    state.add(day(first_day + static_cast<std::int64_t>(i)), values[i], options);
  return state.result();
}

// Level 1000, quiet weekends, noise of 5 %.
std::vector<double> weeks(std::size_t count, std::uint64_t seed = 3) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise(0, 0.05);
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(1000 * (i % 7 >= 5 ? 0.4 : 1) * std::exp(noise(random)));
  return values;
}

std::vector<std::size_t> anomalies(const std::vector<DetectedPoint>& points) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < points.size(); ++i)
    if (points[i].is_anomaly) found.push_back(i);
  return found;
}

// The figures of bench/anomaly.sh, on the half of the series that nothing was tuned on.
TEST(Detector, FindsWhatIsLabelled) {
  bench::SeriesGenerator generator(bench::kSeed);
  bench::DetectionScore score;
  for (int i = 0; i < bench::kSeries; ++i) {
    const bench::LabelledSeries series = generator.next();
    if (i % 2 == 0) continue;
    std::vector<bool> flagged;
    for (const DetectedPoint& point : detect(model_of(series.first_day, series.values), "medium", no_poll))
      flagged.push_back(point.is_anomaly);
    ASSERT_EQ(flagged.size(), series.values.size());
    score.add(series, flagged, bench::kBaselineDays);
  }
  EXPECT_GE(score.f1(), 0.82);
  EXPECT_LE(score.false_alarms_a_year(), 1.3);
}

TEST(Detector, NormalNoiseRaisesFewAlarms) {
  std::size_t alarms = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto points = detect(model_of(8000, weeks(455, seed)), "medium", no_poll);
    for (std::size_t i = 90; i < points.size(); ++i) alarms += points[i].is_anomaly;
  }
  // 4.6 % of 90 days are 0.18 a year; what is not yet known of weekdays and months adds to it.
  EXPECT_LE(alarms, 60 * 0.5);
}

TEST(Detector, VerdictsDoNotChange) {
  std::vector<double> values = weeks(500);
  for (std::size_t i = 200; i < 300; ++i) values[i] *= 0.6;
  const auto whole = detect(model_of(8000, values), "medium", no_poll);
  for (const std::size_t size : {90U, 91U, 203U, 204U, 310U, 499U}) {
    const auto part = detect(model_of(8000, {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(size)}), "medium", no_poll);
    ASSERT_EQ(part.size(), size);
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_EQ(part[i].score, whole[i].score) << size << " " << i;
      EXPECT_EQ(part[i].upper, whole[i].upper);
      EXPECT_EQ(part[i].kind, whole[i].kind);
    }
  }
}

TEST(Detector, NewLevelIsAccepted) {
  std::vector<double> values = weeks(400);
  for (std::size_t i = 250; i < 400; ++i) values[i] *= 1.5;
  const auto points = detect(model_of(8000, values), "medium", no_poll);
  EXPECT_EQ(anomalies(points), (std::vector<std::size_t>{250, 251, 252, 253}));
  EXPECT_EQ(points[253].kind, "shift_up");
  const auto changes = change_points(model_of(8000, values), no_poll);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].ts, day(8250));
  EXPECT_EQ(changes[0].noticed, day(8253));
  EXPECT_NEAR(changes[0].change.value(), 0.5, 0.1);
}

TEST(Detector, ThreeBadDaysAreNoNewLevel) {
  std::vector<double> values = weeks(400);
  for (std::size_t i = 250; i < 253; ++i) values[i] *= 2;
  const auto points = detect(model_of(8000, values), "medium", no_poll);
  EXPECT_EQ(anomalies(points), (std::vector<std::size_t>{250, 251, 252}));
  EXPECT_TRUE(change_points(model_of(8000, values), no_poll).empty());
}

TEST(Detector, BadDaysStayOutOfTheBaseline) {
  std::vector<double> values = weeks(300);
  const double before = detect(model_of(8000, values), "medium", no_poll)[222].expected.value();
  values[215] *= 20;
  EXPECT_NEAR(detect(model_of(8000, values), "medium", no_poll)[222].expected.value(), before, 0.02 * before);
}

TEST(Detector, SensitivitiesAreNested) {
  std::vector<double> values = weeks(700);
  for (std::size_t i = 120; i < 700; i += 40) values[i] *= 1 + 0.0005 * static_cast<double>(i);
  const DetectorModel model = model_of(8000, values);
  const auto low = detect(model, "low", no_poll);
  const auto medium = detect(model, "medium", no_poll);
  const auto high = detect(model, "high", no_poll);
  for (std::size_t i = 0; i < low.size(); ++i) {
    EXPECT_LE(low[i].is_anomaly, medium[i].is_anomaly);
    EXPECT_LE(medium[i].is_anomaly, high[i].is_anomaly);
    EXPECT_LE(low[i].lower.value(), high[i].lower.value());
  }
  EXPECT_LT(anomalies(low).size(), anomalies(high).size());
  expect_invalid("sensitivity", [&] { detect(model, "", no_poll); });
}

TEST(Detector, MissingAndFlat) {
  std::vector<double> values = weeks(200);
  for (std::size_t i = 154; i < 159; ++i) values[i] = 1003;  // Monday to Friday
  std::pmr::monotonic_buffer_resource memory;
  SeriesState state(&memory);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (i != 120) state.add(day(8000 + static_cast<std::int64_t>(i)), i == 130 ? std::nullopt : std::optional(values[i]));
  const auto points = detect(state.result(), "medium", no_poll);
  ASSERT_EQ(points.size(), 200U);
  for (const std::size_t i : {120U, 130U}) {
    EXPECT_EQ(points[i].kind, "missing");
    EXPECT_EQ(points[i].value, std::nullopt);
    EXPECT_EQ(points[i].score, std::nullopt);
    EXPECT_TRUE(points[i].expected);
  }
  EXPECT_EQ(points[158].kind, "flat");
}

TEST(Detector, RatesOverFewObservations) {
  std::mt19937_64 random(3);
  const auto verdicts = [&](std::int64_t trials, double minimum_n, std::int64_t at, std::int64_t successes) {
    std::pmr::monotonic_buffer_resource memory;
    RatioState state(&memory);
    DetectorOptions options;
    options.minimum_n = minimum_n;
    std::binomial_distribution<std::int64_t> draw(trials, 0.3);
    for (std::int64_t i = 0; i < 400; ++i)
      state.add(day(8000 + i), i == at ? successes : draw(random), trials, options);
    return detect(state.result(), "medium", no_poll);
  };
  EXPECT_TRUE(anomalies(verdicts(6, 20, 300, 0)).empty());
  EXPECT_EQ(verdicts(6, 20, 300, 0)[300].kind, "too_few");
  EXPECT_FALSE(verdicts(6, 0, 300, 0)[300].is_anomaly);   // 0.7^6 is 12 %
  EXPECT_TRUE(verdicts(200, 20, 300, 25)[300].is_anomaly);
  EXPECT_LE(anomalies(verdicts(200, 20, 300, 60)).size(), 2U);
  for (const DetectedPoint& point : verdicts(40, 20, 300, 40))
    EXPECT_TRUE(!point.expected || (*point.lower >= 0 && *point.upper <= 1));
}

TEST(Detector, Deviations) {
  for (const double trials : {1.0, 3.0, 90.0, 25'920.0})
    for (const double z : {1.5, 2.0, 3.0, 6.0, 12.0, 30.0})
      EXPECT_NEAR(deviation_among(deviation_alone(z, trials), trials), z, 1e-6) << z << " of " << trials;
  EXPECT_DOUBLE_EQ(deviation_among(-4, 1), -4);
  EXPECT_EQ(deviation_among(0.1, 90), 0);
  for (const double p : {1e-12, 1e-3, 0.1, 0.5, 0.9})
    EXPECT_NEAR(std::erfc(normal_deviation(p) / std::sqrt(2)) / 2, p, 1e-9 * p + 1e-15);
  // Against the exact binomial tail, as the spread of the rate goes to nothing.
  for (const int successes : {0, 2, 9, 14}) {
    double tail = 0;
    const bool many = successes > 6;
    for (int k = many ? successes : 0; k <= (many ? 20 : successes); ++k)
      tail += (k == successes ? 0.5 : 1) * std::exp(std::lgamma(21) - std::lgamma(k + 1) - std::lgamma(21 - k) +
                                                    k * std::log(0.3) + (20 - k) * std::log(0.7));
    EXPECT_NEAR(std::fabs(binomial_deviation(successes, 20, 0.3, 1e-4)), normal_deviation(std::min(tail, 0.5)), 1e-5);
  }
  EXPECT_LT(std::fabs(binomial_deviation(2, 20, 0.3, 1)), std::fabs(binomial_deviation(2, 20, 0.3, 0.1)));
}

TEST(Detector, ScoreOfAWindowIsThatOfTheSeries) {
  std::vector<double> values = weeks(300);
  values[200] *= 2;
  for (std::size_t i = 250; i < 300; ++i) values[i] *= 0.7;
  const auto points = detect(model_of(8000, values), "medium", no_poll);
  std::pmr::monotonic_buffer_resource memory;
  AnomalyScore state(&memory);
  for (std::size_t i = 0; i < values.size(); ++i) {
    state.add(day(8000 + static_cast<std::int64_t>(i)), values[i]);
    if (i != 90) {  // the baseline is complete when the day after it begins
      EXPECT_EQ(state.result(no_poll), i > 90 ? points[i].score : std::nullopt) << i;
    }
  }
  AnomalyScore backwards(&memory);
  for (std::size_t i = values.size(); i-- > 0;) backwards.add(day(8000 + static_cast<std::int64_t>(i)), values[i]);
  EXPECT_EQ(backwards.result(no_poll), points.back().score);
}

TEST(Detector, AnySeriesGivesNumbers) {
  test::RandomInputs inputs;
  for (int series = 0; series < 300; ++series) {
    const double scale = std::pow(10, inputs.number(-300, 300));
    std::vector<double> values;
    for (int i = 0; i < 150; ++i) {
      const double size = inputs.coin() ? 1 : std::pow(10, inputs.number(-8, 8));
      values.push_back(inputs.integer(0, 4) == 0 ? 0 : scale * size * (series % 3 ? 1 : inputs.number(-1, 1)));
    }
    for (const DetectedPoint& point : detect(model_of(8000, values), "high", no_poll))
      for (const auto& number : {point.expected, point.lower, point.upper, point.score})
        EXPECT_TRUE(!number || std::isfinite(*number));
  }
}

TEST(DetectorModel, RowsInAnyOrderAndInParts) {
  const std::vector<double> values = weeks(200);
  std::pmr::monotonic_buffer_resource memory;
  SeriesState one(&memory);
  SeriesState two(&memory);
  SeriesState empty(&memory);
  for (std::size_t i = values.size(); i-- > 0;)
    (i % 3 ? one : two).add(day(8000 + static_cast<std::int64_t>(i)), i % 17 ? std::optional(values[i]) : std::nullopt);
  SeriesState read(&memory);
  EXPECT_FALSE(test::read_state(test::bytes_of(two), read));
  EXPECT_EQ(test::bytes_of(read), test::bytes_of(two));
  read.merge(empty);
  empty.merge(one);
  read.merge(empty);
  SeriesState in_order(&memory);
  for (std::size_t i = 0; i < values.size(); ++i)
    in_order.add(day(8000 + static_cast<std::int64_t>(i)), i % 17 ? std::optional(values[i]) : std::nullopt);
  EXPECT_EQ(test::bytes_of(read.result()), test::bytes_of(in_order.result()));

  const std::string bytes = test::bytes_of(in_order.result());
  const auto read_model = [](const std::string& text) {
    Reader reader(std::as_bytes(std::span(text)));
    DetectorModel::deserialize(reader);
    reader.expect_end();
  };
  EXPECT_FALSE(test::error_of([&] { read_model(bytes); }));
  for (std::size_t size = 0; size < bytes.size(); size += 7)
    EXPECT_EQ(test::error_of([&] { read_model(bytes.substr(0, size)); })->code, ErrorCode::malformed) << size;
  EXPECT_EQ(test::error_of([&] { read_model(bytes + "x"); })->code, ErrorCode::malformed);
  EXPECT_EQ(test::error_of([&] { read_model(std::string(bytes.size(), '\x7F')); })->code, ErrorCode::malformed);
}

TEST(DetectorModel, RefusesNonsense) {
  std::pmr::monotonic_buffer_resource memory;
  SeriesStateWithOptions state(&memory);
  expect_invalid("value", [&] { state.add(day(0), test::kNaN, {}); });
  expect_invalid("value", [&] { state.add(day(0), test::kInfinity, {}); });
  expect_invalid("ts", [&] { state.add({INT64_MAX}, 1, {}); });
  state.add(day(0), 1, {});
  DetectorOptions other;
  other.minimum_n = 5;
  expect_invalid("options", [&] { state.add(day(1), 1, other); });
  RatioState ratio(&memory);
  expect_invalid("successes", [&] { ratio.add(day(0), 3, 2, {}); });
  expect_invalid("trials", [&] { ratio.add(day(0), 0, -1, {}); });
  expect_invalid("calendar", [] { read_options({.calendar = "x"}); });
  expect_invalid("period", [] { read_options({.period = ""}); });
  expect_invalid("option", [] { read_options({.baseline_days = test::kNaN}); });
  expect_invalid("date", [] { read_options({.holidays = {{"x", {"2024-2-30"}}}}); });
  expect_invalid("holidays", [] { read_options({.holidays = std::vector<Holiday>(13)}); });
}

TEST(Calendar, EffectsOfDays) {
  const std::int64_t days[] = {8'766 * kDay, 8'767 * kDay, 8'768 * kDay};  // 2024-01-01, a Monday
  const Calendar calendar(days, read_options({.holidays = {{"easter monday", {"2024-04-01"}}}}));
  const auto names = [&](std::int64_t period) {
    std::vector<std::string> found;
    const PeriodEffects effects = calendar.effects_of(period);
    for (std::size_t e = 0; e < effects.count; ++e) found.push_back(calendar.name_of(effects.index[e]));
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(8'766), (Names{"Monday", "first day of the month", "1 January"}));
  EXPECT_EQ(names(8'766 + 30), (Names{"Wednesday", "last day of the month"}));
  EXPECT_EQ(names(8'766 + 59), (Names{"Thursday", "last day of the month"}));  // 29 February
  EXPECT_EQ(names(8'766 + 90), (Names{"Sunday", "last day of the month", "last day of a quarter, more"}));
  EXPECT_EQ(names(8'766 + 91), (Names{"Monday", "first day of the month", "holiday 1"}));
  EXPECT_EQ(names(8'766 + 45), (Names{"Thursday", "15th day of the month"}));
  EXPECT_EQ(names(8'766 + 44), (Names{"Wednesday"}));
  const Calendar fiscal(days, read_options({.fiscal_year_start = 2}));
  EXPECT_EQ(fiscal.effects_of(8'766 + 30).count, 3);
  EXPECT_EQ(fiscal.effects_of(8'766 + 90).count, 2);
}

TEST(Calendar, GrainFollowsFromTheDates) {
  const auto grain = [](std::initializer_list<double> in_days) {
    std::vector<std::int64_t> times;
    for (const double at : in_days) times.push_back(static_cast<std::int64_t>(at * static_cast<double>(kDay)));
    return Calendar(times, {}).grain();
  };
  EXPECT_EQ(grain({0, 1, 2, 5, 6}), Grain::day);
  EXPECT_EQ(grain({0, 7, 14}), Grain::week);
  EXPECT_EQ(grain({0, 31, 59, 90}), Grain::month);
  EXPECT_EQ(grain({0, 90, 181}), Grain::quarter);
  EXPECT_EQ(grain({0, 365, 730}), Grain::year);
  EXPECT_EQ(grain({0, 0.25, 0.5, 0.75}), Grain::part_of_day);
  EXPECT_EQ(grain({0, 0.21, 0.57, 0.61, 1.3, 1.7}), Grain::day);  // events at any time
  EXPECT_EQ(grain({0}), Grain::day);
}

}  // namespace
}  // namespace revenue::anomaly
