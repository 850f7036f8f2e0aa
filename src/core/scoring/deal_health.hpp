#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scoring/compiled_framework.hpp"

namespace revenue::scoring {

/// What is known of a deal's progress. Nothing in a field means unknown; it earns the framework's
/// unknown_share of what it could have earned.
struct HealthSignals {
  std::optional<std::string_view> deal_stage;
  std::optional<double> days_in_stage;             ///< 0 or more
  std::optional<double> days_since_last_activity;  ///< 0 or more
  std::optional<std::int64_t> num_interactions;
  std::optional<double> lead_score;  ///< 0 to 100
  std::optional<bool> champion_identified;
  std::optional<bool> budget_confirmed;
  std::optional<bool> decision_maker_engaged;
  std::optional<double> days_to_close_date;  ///< negative: the date has passed
};
REVENUE_FIELDS(HealthSignals, deal_stage, days_in_stage, days_since_last_activity, num_interactions,
               lead_score, champion_identified, budget_confirmed, decision_maker_engaged,
               days_to_close_date)

/// Points in steps of 1e-6 that add up to the score exactly.
struct HealthBreakdown {
  double velocity = 0;
  double engagement = 0;
  double qualification = 0;
};
REVENUE_FIELDS(HealthBreakdown, velocity, engagement, qualification)

struct HealthExplanation {
  double health_score = 0;
  std::string_view health_category;
  double confidence = 0;  ///< 0 to 1: the weighted share of the inputs that is known
  std::vector<std::string> risk_factors;
  HealthBreakdown breakdown;
};
REVENUE_FIELDS(HealthExplanation, health_score, health_category, confidence, risk_factors,
               breakdown)

/// 0 to 100. A won deal is 100 and a lost one 0. Throws invalid_argument for a value that cannot be
/// and for a stage that the framework does not have; so do the two below.
double deal_health(const HealthSignals& signals,
                   const CompiledFramework& framework = builtin_compiled());

HealthExplanation explain_deal_health(const HealthSignals& signals,
                                      const CompiledFramework& framework = builtin_compiled());

/// What endangers the deal, such as 'Stagnant for 75 days'; empty for a closed deal.
std::vector<std::string> deal_risk_factors(const HealthSignals& signals,
                                           const CompiledFramework& framework = builtin_compiled());

/// 'critical', 'at_risk', 'healthy' or 'strong' for a score from 0 to 100; throws invalid_argument
/// for another.
std::string_view health_category(double score,
                                 const CompiledFramework& framework = builtin_compiled());

}  // namespace revenue::scoring
