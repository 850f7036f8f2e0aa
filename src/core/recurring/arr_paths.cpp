#include "core/recurring/arr_paths.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "core/foundation/error.hpp"

namespace revenue::recurring {
namespace {

constexpr int kMostMonths = 240;
constexpr double kMostArr = 1e18;
constexpr std::size_t kFewestMonths = 3;

void require(bool valid, const char* fault, const char* hint) {
  if (!valid) throw Error(ErrorCode::invalid_argument, fault, hint);
}

bool is_amount(double amount) {
  return std::fabs(amount) <= kMostArr;
}

bool is_share(double share) {
  return share >= -1 && share <= 100;
}

// The standard's distributions differ between libraries; its generators do not.
std::size_t below(std::mt19937_64& random, std::size_t bound) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((static_cast<Wide>(random()) * bound) >> 64);
}

double quantile(const std::vector<double>& sorted, double level) {
  const double at = level * static_cast<double>(sorted.size() - 1);
  const auto below_it = static_cast<std::size_t>(at);
  const std::size_t above_it = std::min(below_it + 1, sorted.size() - 1);
  return std::lerp(sorted[below_it], sorted[above_it], at - std::floor(at));
}

}  // namespace

std::vector<ArrForecast> simulate_arr(double current_arr, double target,
                                      const std::vector<double>& added,
                                      const std::vector<double>& growth, double months,
                                      std::int32_t draws, std::int32_t block, std::int64_t seed,
                                      Poll poll) {
  require(is_amount(current_arr) && current_arr >= 0 && is_amount(target) && target > 0,
          "current_arr must be an amount from 0 and target one above 0", "Pass finite amounts.");
  require(added.size() == growth.size() && added.size() >= kFewestMonths,
          "added and growth need the same three months or more",
          "Pass one number a month in each.");
  require(std::all_of(added.begin(), added.end(), is_amount), "added must be amounts",
          "Pass what new and returning customers added in each month.");
  require(
      std::all_of(growth.begin(), growth.end(), is_share), "growth must be from -1 to 100",
      "Pass (expansion + contraction + churn) / opening of each month, the latter two negative.");
  require(months >= 0 && months <= kMostMonths, "months must be from 0 to 240",
          "Pass the months from now to the date.");
  require(draws >= 100 && draws <= 1'000'000, "draws must be from 100 to 1,000,000",
          "10,000 give a probability to about a percent.");
  require(block >= 1 && block <= 12, "block must be from 1 to 12", "Pass a number of months.");

  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  constexpr double kNever = 1e9;
  std::vector<double> reached;
  std::vector<double> levels;
  for (std::int32_t draw = 0; draw < draws; ++draw) {
    if (draw % 64 == 0) poll();
    double level = current_arr;
    double when = level >= target ? 0 : kNever;
    double at_date = level;
    std::size_t i = 0;
    for (int month = 0; month < kMostMonths; ++month) {
      i = month % block == 0 ? below(random, added.size()) : (i + 1) % added.size();
      const double next = std::clamp(level + added[i] + level * growth[i], 0.0, kMostArr);
      if (when == kNever && next >= target) when = month + (target - level) / (next - level);
      if (months > month) at_date = std::lerp(level, next, std::min(months - month, 1.0));
      level = next;
      if (when != kNever && month + 1 >= months) break;
    }
    reached.push_back(when);
    levels.push_back(at_date);
  }
  std::sort(reached.begin(), reached.end());
  std::sort(levels.begin(), levels.end());
  const auto in_time = std::upper_bound(reached.begin(), reached.end(), months) - reached.begin();
  const auto time = [&](double level) {
    const double found = quantile(reached, level);
    return found <= kMostMonths ? std::optional(found) : std::nullopt;
  };
  ArrForecast forecast;
  forecast.probability = static_cast<double>(in_time) / static_cast<double>(draws);
  forecast.months_p10 = time(0.1);
  forecast.months_p50 = time(0.5);
  forecast.months_p90 = time(0.9);
  forecast.arr_p10 = quantile(levels, 0.1);
  forecast.arr_p50 = quantile(levels, 0.5);
  forecast.arr_p90 = quantile(levels, 0.9);
  return {forecast};
}

}  // namespace revenue::recurring
