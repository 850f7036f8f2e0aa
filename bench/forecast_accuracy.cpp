#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <map>
#include <memory_resource>
#include <string>
#include <vector>

#include "core/forecast/calibration.hpp"
#include "core/forecast/seasonality.hpp"
#include "core/forecast/series_model.hpp"

/// forecast_accuracy SET META TRAIN TEST: forecasts every series of a competition and writes a line for each series and
/// method: set,id,period,method,smape,mase,cover_70,cover_85,cover_95,msis_70,msis_85,msis_95,ms. Measures are those of
/// the M4 competition; intervals are calibrated over the series of the same set and period, on training parts alone.

namespace revenue::forecast {
namespace {

constexpr double kLevels3[] = {0.70, 0.85, 0.95};

struct Task {
  std::string id;
  std::string period;
  std::size_t season = 1;
  std::size_t horizon = 1;
  std::vector<double> train;
  std::vector<double> test;
};

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> found(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    else if (c == ',' && !quoted) found.emplace_back();
    else found.back() += c;
  }
  return found;
}

std::vector<Task> read_tasks(const char* meta, const char* train, const char* test) {
  std::vector<Task> tasks;
  std::map<std::string, std::size_t> places;
  std::string line;
  std::ifstream described(meta);
  std::getline(described, line);
  while (std::getline(described, line)) {
    const auto cell = cells(line);
    places[cell[0]] = tasks.size();
    tasks.push_back({cell[0], cell[2], std::stoul(cell[4]), std::stoul(cell[8]), {}, {}});
  }
  for (const char* file : {train, test}) {
    std::ifstream values(file);
    std::getline(values, line);
    while (std::getline(values, line)) {
      const auto cell = cells(line);
      Task& task = tasks.at(places.at(cell[0]));
      (file == train ? task.train : task.test).push_back(std::stod(cell[2]));
    }
  }
  return tasks;
}

// The reference of the competitions: the last value, with the season where its autocorrelation stands out at 90 %.
std::vector<double> naive2(const Task& task) {
  const std::vector<double>& y = task.train;
  const std::size_t n = y.size();
  const std::size_t m = task.season;
  std::vector<double> next(task.horizon, y.back());
  if (m < 2 || n < 3 * m) return next;
  double mean = 0;
  for (const double value : y) mean += value / static_cast<double>(n);
  const auto covariance = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t t = lag; t < n; ++t) sum += (y[t] - mean) * (y[t - lag] - mean);
    return sum;
  };
  double squares = 0;
  for (std::size_t lag = 1; lag < m; ++lag) squares += std::pow(covariance(lag) / covariance(0), 2);
  const double limit = 1.6448536 * std::sqrt((1 + 2 * squares) / static_cast<double>(n));
  if (!(std::fabs(covariance(m) / covariance(0)) > limit)) return next;
  const std::vector<double> effects = seasonal_effects(y, m, true);
  for (std::size_t h = 0; h < next.size(); ++h) next[h] *= effects[(n + h) % m] / effects[(n - 1) % m];
  return next;
}

SeriesModel fit(const Task& task, Method method) {
  Series series;
  series.calendar.period = task.season == 12 ? Period::month : task.season == 4 ? Period::quarter : Period::year;
  series.season = static_cast<std::int32_t>(task.season);
  series.values = task.train;
  SeriesOptions options;
  options.method = method;
  return fit_series(std::move(series), options, no_poll);
}

void report(const char* set, const Task& task, const char* method, const std::vector<ForecastPoint>& points, double ms) {
  double scale = 0;
  for (std::size_t t = task.season; t < task.train.size(); ++t)
    scale += std::fabs(task.train[t] - task.train[t - task.season]);
  scale /= static_cast<double>(task.train.size() - task.season);
  const auto h = static_cast<double>(task.test.size());
  double smape = 0, mase = 0;
  double cover[3] = {0, 0, 0};
  double msis[3] = {0, 0, 0};
  for (std::size_t i = 0; i < task.test.size(); ++i) {
    const ForecastPoint& point = points[i];
    const double value = task.test[i];
    const double error = std::fabs(point.mean - value);
    smape += error > 0 ? 200 * error / (std::fabs(point.mean) + std::fabs(value)) / h : 0;
    mase += error / scale / h;
    for (std::size_t l = 0; l < point.lower.size(); ++l) {
      const double lower = point.lower[l], upper = point.upper[l];
      const double penalty = 2 / (1 - kLevels3[l]);
      cover[l] += (value >= lower && value <= upper ? 1 : 0) / h;
      msis[l] += (upper - lower + penalty * std::max(lower - value, 0.0) + penalty * std::max(value - upper, 0.0)) / scale / h;
    }
  }
  if (!(scale > 0)) return;
  std::printf("%s,%s,%s,%s,%.6f,%.6f", set, task.id.c_str(), task.period.c_str(), method, smape, mase);
  for (const double* values : {cover, msis})
    for (std::size_t l = 0; l < 3; ++l) {
      if (points[0].lower.empty()) std::printf(",");
      else std::printf(",%.6f", values[l]);
    }
  std::printf(",%.4f\n", ms);
}

void run(const char* set, const std::vector<Task>& tasks) {
  for (const Task& task : tasks) {
    std::vector<ForecastPoint> points(task.horizon);
    const std::vector<double> means = naive2(task);
    for (std::size_t h = 0; h < points.size(); ++h) points[h].mean = means[h];
    report(set, task, "Naive2", points, 0);
  }
  for (const Method method : {Method::automatic, Method::fast}) {
    std::vector<SeriesModel> models;
    std::vector<double> ms;
    std::map<std::string, CalibrationState> pools;
    for (const Task& task : tasks) {
      const std::clock_t began = std::clock();
      models.push_back(fit(task, method));
      ms.push_back(1e3 * static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC);
      pools.try_emplace(task.period, std::pmr::get_default_resource()).first->second.add(models.back());
    }
    std::map<std::string, Calibration> calibrations;
    for (const auto& [period, pool] : pools) calibrations[period] = pool.result(no_poll);
    const std::vector<double> levels(std::begin(kLevels3), std::end(kLevels3));
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const auto horizon = static_cast<std::int32_t>(tasks[i].horizon);
      const std::string name(method == Method::fast ? "fast" : "auto");
      report(set, tasks[i], name.c_str(),
             forecast(models[i], horizon, levels, calibrations.at(tasks[i].period), no_poll), ms[i]);
      report(set, tasks[i], (name + " (usual widths)").c_str(), forecast(models[i], horizon, levels, std::nullopt, no_poll),
             ms[i]);
    }
  }
}

}  // namespace
}  // namespace revenue::forecast

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: forecast_accuracy SET META TRAIN TEST\n");
    return 2;
  }
  try {
    revenue::forecast::run(arguments[1], revenue::forecast::read_tasks(arguments[2], arguments[3], arguments[4]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
