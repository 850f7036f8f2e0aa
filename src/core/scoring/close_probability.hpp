#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scoring/compiled_framework.hpp"

namespace revenue::scoring {

/// What is known of an open deal. Nothing in a field means unknown, which is not a no: it neither
/// adds nor costs points, it lowers the confidence.
struct CloseSignals {
  std::optional<std::string_view> deal_stage;
  std::optional<double> days_in_stage;  ///< 0 or more
  std::optional<double> lead_score;     ///< 0 to 100
  std::optional<std::int64_t> num_interactions;
  std::optional<std::int64_t> num_objections_handled;
  std::optional<bool> champion_identified;
  std::optional<bool> budget_confirmed;
  std::optional<bool> decision_maker_engaged;
  std::optional<std::int64_t> competitors_mentioned;
};
REVENUE_FIELDS(CloseSignals, deal_stage, days_in_stage, lead_score, num_interactions,
               num_objections_handled, champion_identified, budget_confirmed,
               decision_maker_engaged, competitors_mentioned)

/// The figures behind a close probability. The four boosts and penalties are points, signed, in
/// steps of 1e-6, and add up to raw_points exactly.
struct CloseBreakdown {
  double base_probability = 0;  ///< percent, from the stage alone
  double engagement_boost = 0;
  double qualification_boost = 0;
  double velocity_penalty = 0;     ///< 0 or less
  double competition_penalty = 0;  ///< 0 or less
  double raw_points = 0;
  double probability = 0;  ///< percent, to 1e-6
};
REVENUE_FIELDS(CloseBreakdown, base_probability, engagement_boost, qualification_boost,
               velocity_penalty, competition_penalty, raw_points, probability)

struct CloseExplanation {
  std::int32_t close_probability = 0;  ///< percent, rounded half away from zero
  double confidence = 0;               ///< 0 to 1: the weighted share of the inputs that is known
  std::vector<std::string> key_factors;
  CloseBreakdown breakdown;
  double raw_points = 0;
  std::vector<std::string_view> unknown_inputs;  ///< names of arguments
};
REVENUE_FIELDS(CloseExplanation, close_probability, confidence, key_factors, breakdown, raw_points,
               unknown_inputs)

/// The probability, 0 to 1, that the deal is won: 1 / (1 + (1-b)/b x 2^(-points/24)), that is
/// sigmoid(logit(b) + ln2/24 x points), with b the stage's base. A stage with base 0 or 1 is closed
/// and gives exactly that. Throws invalid_argument for a value that cannot be and for a stage that
/// the framework does not have.
double close_probability(const CloseSignals& signals,
                         const CompiledFramework& framework = builtin_compiled());

/// The same with its reasons; breakdown.probability is the value above in percent, to
/// 1e-6.
CloseExplanation explain_close_probability(const CloseSignals& signals,
                                           const CompiledFramework& framework = builtin_compiled());

}  // namespace revenue::scoring
