#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scoring/compiled_framework.hpp"

namespace revenue::scoring {

/// What is known of an account. Nothing in a field means unknown, which adds no points: room to
/// grow has to be seen.
struct ExpansionSignals {
  std::optional<std::int64_t> seats_used;
  std::optional<std::int64_t> seats_bought;  ///< 0 makes seats unknown
  std::optional<double> usage;               ///< in the unit of the plan's limit
  std::optional<double> usage_limit;         ///< 0 makes usage unknown
  std::optional<std::int64_t> products_owned;
  std::optional<std::int64_t> products_available;  ///< all that are sold; 0 makes products unknown
  std::optional<double> usage_growth;              ///< relative: 0.2 is +20 %; -1 or more
  std::optional<double> account_health;            ///< 0 to 100
};
REVENUE_FIELDS(ExpansionSignals, seats_used, seats_bought, usage, usage_limit, products_owned,
               products_available, usage_growth, account_health)

/// Points in steps of 1e-6, after readiness, that add up to the score exactly.
struct ExpansionBreakdown {
  double seat_expansion = 0;
  double plan_upgrade = 0;
  double upsell = 0;
  double cross_sell = 0;
};
REVENUE_FIELDS(ExpansionBreakdown, seat_expansion, plan_upgrade, upsell, cross_sell)

struct ExpansionExplanation {
  double expansion_score = 0;
  std::string_view category;                  ///< 'low', 'medium' or 'high'
  std::optional<std::string_view> best_kind;  ///< the kind with the most points, if any
  double readiness = 0;                       ///< 0 to 1: the share of the points that counts
  double confidence = 0;                      ///< 0 to 1: the weighted share that is known
  std::vector<std::string> opportunities;
  ExpansionBreakdown breakdown;
};
REVENUE_FIELDS(ExpansionExplanation, expansion_score, category, best_kind, readiness, confidence,
               opportunities, breakdown)

/// 0 to 100. Throws invalid_argument for a value that cannot be.
double expansion_score(const ExpansionSignals& signals,
                       const CompiledFramework& framework = builtin_compiled());

ExpansionExplanation explain_expansion_score(
    const ExpansionSignals& signals, const CompiledFramework& framework = builtin_compiled());

}  // namespace revenue::scoring
