#include <cmath>

#include "core/scoring/churn_risk.hpp"
#include "core/scoring/close_probability.hpp"
#include "core/scoring/deal_health.hpp"
#include "core/scoring/deal_value.hpp"
#include "core/scoring/expansion_score.hpp"
#include "core/scoring/lead_score.hpp"
#include "core/scoring/scenario.hpp"
#include "input.hpp"

/// Any inputs of any score, under the built-in framework: a bounded value whose breakdown adds up,
/// or an error of the caller.

namespace revenue::scoring {
namespace {

using fuzz::Input;
using fuzz::require;
using fuzz::succeeds;

std::int64_t millionths(double number) {
  return std::llround(number * 1e6);
}

template <class Breakdown>
void require_sum(const Breakdown& breakdown, double score) {
  std::int64_t sum = 0;
  visit_fields(breakdown, [&sum](std::string_view, double part) { sum += millionths(part); });
  require(sum == millionths(score));
  require(score >= 0 && score <= 100);
}

void check_close_probability(Input& input) {
  const auto signals = input.signals<CloseSignals>();
  succeeds([&signals] {
    const double p = close_probability(signals);
    require(p >= 0 && p <= 1);
    const CloseExplanation explained = explain_close_probability(signals);
    require(explained.close_probability == std::lround(100 * p));
    const CloseBreakdown& parts = explained.breakdown;
    require(millionths(parts.engagement_boost) + millionths(parts.qualification_boost) +
                millionths(parts.velocity_penalty) + millionths(parts.competition_penalty) ==
            millionths(parts.raw_points));
  });
}

void check_deal_health(Input& input) {
  const auto signals = input.signals<HealthSignals>();
  succeeds([&signals] {
    const HealthExplanation explained = explain_deal_health(signals);
    require_sum(explained.breakdown, explained.health_score);
    require(explained.health_score == deal_health(signals));
    require(explained.risk_factors == deal_risk_factors(signals));
  });
}

void check_deal_value(Input& input) {
  const auto signals = input.signals<ValueSignals>();
  succeeds([&signals] {
    const ValuePrediction prediction = predict_deal_value(signals);
    require(prediction.predicted_deal_value.has_value() != prediction.reason.has_value());
    require(prediction.confidence_score >= 0 && prediction.confidence_score <= 1);
    if (prediction.predicted_deal_value) require(prediction.predicted_deal_value->micros >= 0);
  });
}

void check_lead_score(Input& input) {
  const auto signals = input.signals<LeadSignals>();
  succeeds([&signals] {
    const LeadExplanation explained = explain_lead_score(signals);
    require_sum(explained.breakdown, explained.lead_score);
  });
}

void check_churn_risk(Input& input) {
  const auto signals = input.signals<ChurnSignals>();
  succeeds([&signals] {
    const ChurnExplanation explained = explain_churn_risk(signals);
    require_sum(explained.breakdown, explained.churn_risk);
  });
}

void check_expansion_score(Input& input) {
  const auto signals = input.signals<ExpansionSignals>();
  succeeds([&signals] {
    const ExpansionExplanation explained = explain_expansion_score(signals);
    require_sum(explained.breakdown, explained.expansion_score);
  });
}

void check_scenario(Input& input) {
  const ScenarioAssumptions assumptions{Money{input.take<std::int64_t>()},
                                        input.take<std::int16_t>() / 30'000.0, input.take<double>(),
                                        input.take<std::int16_t>() / 1000.0, input.take<double>()};
  succeeds([&assumptions] {
    const Scenario result = scenario(assumptions);
    require(result.projected.win_rate >= 0 && result.projected.win_rate <= 1);
    require(result.baseline.forecast.micros + result.delta.value.micros ==
            result.projected.forecast.micros);
  });
}

}  // namespace
}  // namespace revenue::scoring

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace revenue::scoring;
  revenue::fuzz::Input input(data, size);
  switch (input.take<std::uint8_t>() % 7) {
    case 0:
      check_close_probability(input);
      break;
    case 1:
      check_deal_health(input);
      break;
    case 2:
      check_deal_value(input);
      break;
    case 3:
      check_lead_score(input);
      break;
    case 4:
      check_churn_risk(input);
      break;
    case 5:
      check_expansion_score(input);
      break;
    default:
      check_scenario(input);
      break;
  }
  return 0;
}
