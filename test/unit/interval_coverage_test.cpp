#include <functional>
#include <memory_resource>
#include <numbers>

#include "core/forecast/calibration.hpp"
#include "core/forecast/series_model.hpp"
#include "support.hpp"

// Whether intervals hold what they say for series of kinds that the usual widths were not chosen on, and whether
// calibrating them makes any of them worse.

namespace revenue::forecast {
namespace {

constexpr double kLevels3[] = {0.70, 0.85, 0.95};

struct Judged {
  double first[3] = {0, 0, 0};  ///< share covered at step 1
  double last[3] = {0, 0, 0};
  double score = 0;  ///< mean interval score over all steps and levels
};

using Process = std::function<std::vector<double>(std::size_t n, std::size_t season, std::mt19937_64& random)>;

std::pair<Judged, Judged> judged(Period period, std::size_t season, std::size_t n, std::size_t ahead, const Process& process) {
  constexpr int kSeries = 200;
  std::mt19937_64 random(11);
  std::vector<SeriesModel> models;
  std::vector<std::vector<double>> futures;
  std::pmr::monotonic_buffer_resource memory;
  CalibrationState pool(&memory);
  for (int i = 0; i < kSeries; ++i) {
    std::vector<double> all = process(n + ahead, season, random);
    futures.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(n), all.end());
    Series series;
    series.calendar.period = period;
    series.season = static_cast<std::int32_t>(season);
    series.values.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
    SeriesOptions options;
    options.method = Method::fast;
    pool.add(models.emplace_back(fit_series(std::move(series), options, no_poll)));
  }
  const Calibration calibration = pool.result(no_poll);
  const auto judge = [&](const std::optional<Calibration>& by) {
    Judged result;
    for (std::size_t i = 0; i < models.size(); ++i) {
      const auto points = forecast(models[i], static_cast<std::int32_t>(ahead), {0.70, 0.85, 0.95}, by, no_poll);
      for (std::size_t h = 0; h < ahead; ++h)
        for (std::size_t l = 0; l < 3; ++l) {
          const double value = futures[i][h], lower = points[h].lower[l], upper = points[h].upper[l];
          const double inside = value >= lower && value <= upper ? 1.0 / kSeries : 0;
          if (h == 0) result.first[l] += inside;
          if (h + 1 == ahead) result.last[l] += inside;
          result.score += upper - lower + 2 / (1 - kLevels3[l]) * (std::max(lower - value, 0.0) + std::max(value - upper, 0.0));
        }
    }
    return result;
  };
  return {judge(std::nullopt), judge(calibration)};
}

// Strong seasons around a level, as of bookings by tourists.
std::vector<double> seasonal(std::size_t n, std::size_t season, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  const double size = 20 + 20 * std::fabs(normal(random));
  std::vector<double> values;
  for (std::size_t t = 0; t < n; ++t)
    values.push_back(200 + size * std::sin(2 * std::numbers::pi * static_cast<double>(t) / static_cast<double>(season)) + 8 * normal(random));
  return values;
}

std::vector<double> walking(std::size_t n, std::size_t, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::vector<double> values;
  double level = 1000;
  for (std::size_t t = 0; t < n; ++t) values.push_back(level += 5 * normal(random));
  return values;
}

std::vector<double> growing(std::size_t n, std::size_t season, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::vector<double> values = seasonal(n, season, random);
  double level = 1;
  for (double& value : values) value *= level *= 1 + 0.01 + 0.01 * normal(random);
  return values;
}

TEST(IntervalCoverage, OfEveryKindByStep) {
  const struct { Period period; std::size_t season, n, ahead; } shapes[] = {{Period::month, 12, 60, 12}, {Period::quarter, 4, 28, 8}, {Period::week, 52, 160, 13}};
  const std::pair<const char*, Process> kinds[] = {{"seasonal", seasonal}, {"walking", walking}, {"growing", growing}};
  for (const auto& [name, process] : kinds)
    for (const auto& shape : shapes) {
      const auto [usual, calibrated] = judged(shape.period, shape.season, shape.n, shape.ahead, process);
      const std::string of = std::string(name) + " by " + std::string(name_of(shape.period));
      EXPECT_LT(calibrated.score, 1.02 * usual.score) << of;
      EXPECT_NEAR(usual.first[0], 0.70, 0.18) << of;
      for (std::size_t l = 0; l < 3; ++l) {
        EXPECT_NEAR(calibrated.first[l], kLevels3[l], 0.13) << of << ", first step";
        EXPECT_NEAR(calibrated.last[l], kLevels3[l], 0.13) << of << ", last step";
      }
    }
}

}  // namespace
}  // namespace revenue::forecast
