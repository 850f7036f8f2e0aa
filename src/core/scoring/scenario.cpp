#include "core/scoring/scenario.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "core/scoring/arguments.hpp"

namespace revenue::scoring {
namespace {

void require_increase(std::string_view name, const std::optional<double>& increase) {
  constexpr double kMost = 1e6;
  if (increase && !(*increase >= -1 && *increase <= kMost))
    reject_argument(name, "from -1 to 1000000 (0.10 is +10 %)", *increase);
}

void require_valid(const ScenarioAssumptions& assumptions) {
  require_amount("pipeline", assumptions.pipeline);
  require_probability("win_rate", assumptions.win_rate);
  require_increase("win_rate_increase", assumptions.win_rate_increase);
  require_increase("deal_size_increase", assumptions.deal_size_increase);
  require_increase("pipeline_growth", assumptions.pipeline_growth);
}

// Not printf, whose decimal point follows the locale.
std::string signed_percent(double share) {
  std::array<char, 32> buffer{};
  const double value = share == 0 ? 0 : 100 * share;
  auto* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                  std::chars_format::fixed, 1)
                        .ptr;
  const std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  std::string text(digits.starts_with('-') ? "" : "+");
  return text.append(digits).append("%");
}

}  // namespace

Scenario scenario(const ScenarioAssumptions& assumptions) {
  require_valid(assumptions);
  const double deal_size_increase = assumptions.deal_size_increase.value_or(0);

  Scenario result;
  ScenarioBaseline& baseline = result.baseline;
  baseline.pipeline = assumptions.pipeline;
  baseline.win_rate = assumptions.win_rate;
  baseline.forecast = multiply(baseline.pipeline, baseline.win_rate);

  ScenarioProjection& projected = result.projected;
  projected.pipeline = multiply(baseline.pipeline, 1 + assumptions.pipeline_growth.value_or(0));
  projected.win_rate = std::min(
      nearest_decimal(baseline.win_rate * (1 + assumptions.win_rate_increase.value_or(0))), 1.0);
  projected.deal_size_change = signed_percent(deal_size_increase);
  projected.forecast =
      multiply(multiply(projected.pipeline, 1 + deal_size_increase), projected.win_rate);

  // Both are 0 or more, so the difference fits.
  result.delta.value = {projected.forecast.micros - baseline.forecast.micros};
  if (baseline.forecast.micros != 0)
    result.delta.percent = 100 * static_cast<double>(result.delta.value.micros) /
                           static_cast<double>(baseline.forecast.micros);
  return result;
}

Money scenario_forecast(const ScenarioAssumptions& assumptions) {
  return scenario(assumptions).projected.forecast;
}

}  // namespace revenue::scoring
