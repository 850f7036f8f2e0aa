#include "core/anomaly/series.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <tuple>

#include "core/foundation/error.hpp"

namespace revenue::anomaly {
namespace {

using namespace std::chrono;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kMostTrials = 1e15;  // a double holds every whole number up to here
constexpr sys_days kEpoch = year{2000} / January / 1;

constexpr std::int64_t micros_at(sys_days day) { return (day - kEpoch).count() * std::int64_t{86'400'000'000}; }
constexpr std::int64_t kFirst = micros_at(year{1} / January / 1);
constexpr std::int64_t kEnd = micros_at(year{10'000} / January / 1);

[[noreturn]] void reject(std::string message, std::string hint, std::string detail) {
  throw Error(ErrorCode::invalid_argument, std::move(message), std::move(hint), std::move(detail));
}

void check_time(LocalTime at) {
  if (at.micros < kFirst || at.micros >= kEnd)
    reject("ts must lie in the years 1 to 9999", "Leave out rows without a date.",
           at.finite() ? "It lies outside." : "It is infinity or -infinity.");
}

auto key(const Observation& row) {
  return std::make_tuple(row.at.micros, row.n, std::isnan(row.value) ? -std::numeric_limits<double>::infinity() : row.value);
}

}  // namespace

Observation observe(LocalTime at, std::optional<double> value) {
  check_time(at);
  if (value && !std::isfinite(*value))
    reject("value must be a finite number", "Pass NULL for a value that is not known.",
           std::isnan(*value) ? "It is NaN." : "It is infinity or -infinity.");
  return {at, value.value_or(kNaN), 0};
}

Observation observe_ratio(LocalTime at, std::optional<std::int64_t> successes, std::optional<std::int64_t> trials) {
  check_time(at);
  if (!successes || !trials || *trials == 0) return {at, kNaN, 0};
  if (*trials < 0 || static_cast<double>(*trials) > kMostTrials)
    reject("trials must be from 0 to 1000000000000000", "Count how often it was tried.",
           "trials is " + std::to_string(*trials) + ".");
  if (*successes < 0 || *successes > *trials)
    reject("successes must be from 0 to trials", "Count how many of the trials succeeded.",
           "successes is " + std::to_string(*successes) + " of " + std::to_string(*trials) + ".");
  return {at, static_cast<double>(*successes), static_cast<double>(*trials)};
}

bool valid(const Observation& observation) {
  const auto& [at, value, n] = observation;
  if (at.micros < kFirst || at.micros >= kEnd || std::isinf(value)) return false;
  if (n == 0) return true;
  return n > 0 && n <= kMostTrials && value >= 0 && value <= n && n == std::trunc(n) && value == std::trunc(value);
}

GatheredPoint gather(std::span<const Observation> rows, std::int64_t period, Gather gather) {
  GatheredPoint gathered{rows.front().at, {period, kNaN, 0}};
  double sum = 0;
  double trials = 0;
  double count = 0;
  double last = kNaN;
  for (const Observation& row : rows) {
    if (std::isnan(row.value)) continue;
    sum += row.value;
    trials += row.n;
    last = row.value;
    ++count;
  }
  if (count == 0) return gathered;
  constexpr double kMost = std::numeric_limits<double>::max();
  double& value = gathered.point.value;
  if (trials > 0) {
    value = sum / trials;
    gathered.point.n = trials;
  } else {
    value = gather == Gather::sum ? sum : gather == Gather::mean ? sum / count : last;
  }
  value = std::clamp(value, -kMost, kMost);
  return gathered;
}

void sort(std::span<Observation> observations, Poll poll) {
  const auto before = [](const Observation& a, const Observation& b) { return key(a) < key(b); };
  if (!std::is_sorted(observations.begin(), observations.end(), before))
    polled_sort(observations, poll, before);
}

}  // namespace revenue::anomaly
