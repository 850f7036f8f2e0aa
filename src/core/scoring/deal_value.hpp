#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/foundation/money.hpp"
#include "core/scoring/compiled_framework.hpp"

namespace revenue::scoring {

/// What a deal would be worth. Nothing in a field means unknown.
struct ValueSignals {
  std::optional<std::string_view> product_plan;
  std::optional<std::int64_t> num_users_planned;     ///< 0 or more
  std::optional<Money> base_list_price_per_user;     ///< a user and month, 0 or more
  std::optional<double> discount_pct;                ///< a fraction, 0 to 1; unknown is taken as 0
  std::optional<std::string_view> billing_cycle;     ///< a name in deal_value.billing_factor
  std::optional<std::int32_t> contract_term_months;  ///< 1 to 1200; unknown: the default term
  std::optional<std::string_view> industry;
  std::optional<std::string_view> deal_stage;
  std::optional<Money> similar_closed_deals_avg_acv;  ///< a year's value of comparable won deals
  std::optional<double> expansion_potential_factor;   ///< 0 to 100; unknown is taken as 1
  std::optional<std::int64_t> similar_closed_deals_count;  ///< unknown is taken as 0
};
REVENUE_FIELDS(ValueSignals, product_plan, num_users_planned, base_list_price_per_user,
               discount_pct, billing_cycle, contract_term_months, industry, deal_stage,
               similar_closed_deals_avg_acv, expansion_potential_factor, similar_closed_deals_count)

/// Each amount is the one before times its factor, rounded half away from zero to 1e-6:
/// list_value = users x price x months; base_value = list_value less the discount;
/// computed_value = base_value x plan x billing x industry x expansion;
/// value_if_won = (1 - w) x computed_value + w x comparables_value; weighted = value_if_won x
/// stage.
struct ValueBreakdown {
  std::optional<Money> list_value;
  std::optional<Money> base_value;
  double plan_factor = 1;
  double billing_factor = 1;
  double industry_factor = 1;
  double expansion_factor = 1;
  double stage_factor = 1;
  std::optional<Money> computed_value;
  std::optional<Money> comparables_value;  ///< the comparables' ACV over the contract's term
  double comparables_weight = 0;           ///< w = n / (n + k)
  std::optional<Money> value_if_won;
};
REVENUE_FIELDS(ValueBreakdown, list_value, base_value, plan_factor, billing_factor, industry_factor,
               expansion_factor, stage_factor, computed_value, comparables_value,
               comparables_weight, value_if_won)

struct ValuePrediction {
  std::optional<Money> predicted_deal_value;  ///< value_if_won x stage_factor
  double confidence_score = 0;                ///< 0 to 1: the weighted share of what is known
  std::optional<std::string_view> reason;     ///< why there is no value
  ValueBreakdown breakdown;
};
REVENUE_FIELDS(ValuePrediction, predicted_deal_value, confidence_score, reason, breakdown)

/// What the deal is worth, weighted by its stage. Without users or price the comparables alone
/// count (weight 1); without those too there is no value, and the reason says so. Throws
/// invalid_argument for a value that cannot be and for a stage or billing cycle that the framework
/// does not have, out_of_range where an amount does not fit.
ValuePrediction predict_deal_value(const ValueSignals& signals,
                                   const CompiledFramework& framework = builtin_compiled());

/// predicted_deal_value alone.
std::optional<Money> deal_value(const ValueSignals& signals,
                                const CompiledFramework& framework = builtin_compiled());

}  // namespace revenue::scoring
