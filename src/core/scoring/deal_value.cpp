#include "core/scoring/deal_value.hpp"

#include "core/foundation/error.hpp"
#include "core/scoring/arguments.hpp"
#include "core/scoring/points.hpp"
#include "core/scoring/text.hpp"

namespace revenue::scoring {
namespace {

// The usual slip is to write the percentage.
void require_discount(const std::optional<double>& discount) {
  if (discount && *discount > 1 && *discount <= 100)
    reject_percentage("discount_pct", *discount);
  if (discount && !(*discount >= 0 && *discount <= 1))
    reject_argument("discount_pct", "a fraction from 0 to 1, such as 0.15 for 15 %", *discount);
}

void require_valid(const ValueSignals& signals) {
  require_count("num_users_planned", signals.num_users_planned);
  require_amount("base_list_price_per_user", signals.base_list_price_per_user);
  require_discount(signals.discount_pct);
  if (const auto& months = signals.contract_term_months; months && (*months < 1 || *months > 1200))
    reject_argument("contract_term_months", "from 1 to 1200", std::int64_t{*months});
  require_amount("similar_closed_deals_avg_acv", signals.similar_closed_deals_avg_acv);
  require_score("expansion_potential_factor", signals.expansion_potential_factor);
  require_count("similar_closed_deals_count", signals.similar_closed_deals_count);
}

double factor_of(const Table& factors, const std::optional<std::string_view>& name) {
  return name ? factors.find(*name).value_or(1) : 1;
}

// Unlike plans and industries, which are anybody's to name, there are only so many billing cycles:
// a name that is none of them is a slip of the pen.
double billing_factor(const Table& factors, const std::optional<std::string_view>& cycle) {
  if (!cycle) return 1;
  if (const auto factor = factors.find(*cycle)) return *factor;
  std::string known;
  for (const auto& [name, factor] : factors.entries())
    known.append(known.empty() ? "" : ", ").append(name);
  throw Error(ErrorCode::invalid_argument, "unknown billing_cycle " + quoted(*cycle),
              "Use one of the known cycles, pass NULL where it is not known, or add one to the "
              "framework's weights under deal_value.billing_factor.",
              "Known cycles: " + known + ".");
}

double weight_of_comparables(const ValueSignals& signals, double prior) {
  const auto n = static_cast<double>(signals.similar_closed_deals_count.value_or(0));
  return signals.similar_closed_deals_avg_acv && n > 0 ? n / (n + prior) : 0;
}

double confidence_of(const ValueSignals& signals, double comparables_weight,
                     const ValueConfidence& w) {
  Confidence confidence;
  confidence.add(signals.product_plan.has_value(), w.product_plan);
  confidence.add(signals.num_users_planned.has_value(), w.num_users_planned);
  confidence.add(signals.base_list_price_per_user.has_value(), w.base_list_price_per_user);
  confidence.add(signals.discount_pct.has_value(), w.discount_pct);
  confidence.add(signals.billing_cycle.has_value(), w.billing_cycle);
  confidence.add(signals.contract_term_months.has_value(), w.contract_term_months);
  confidence.add(signals.industry.has_value(), w.industry);
  confidence.add(signals.deal_stage.has_value(), w.deal_stage);
  confidence.add(signals.expansion_potential_factor.has_value(), w.expansion_potential_factor);
  confidence.add(comparables_weight, w.comparables);
  return confidence.value();
}

}  // namespace

ValuePrediction predict_deal_value(const ValueSignals& signals,
                                   const CompiledFramework& framework) {
  require_valid(signals);
  const ValueWeights& weights = framework.weights().deal_value;
  const std::int64_t months =
      signals.contract_term_months.value_or(static_cast<std::int32_t>(weights.default_term_months));

  ValuePrediction result;
  ValueBreakdown& breakdown = result.breakdown;
  breakdown.plan_factor = factor_of(weights.plan_factor, signals.product_plan);
  breakdown.billing_factor = billing_factor(weights.billing_factor, signals.billing_cycle);
  breakdown.industry_factor = factor_of(weights.industry_factor, signals.industry);
  breakdown.expansion_factor = signals.expansion_potential_factor.value_or(1);
  breakdown.stage_factor = framework.stage(signals.deal_stage).value_factor;
  breakdown.comparables_weight = weight_of_comparables(signals, weights.comparables_prior);

  if (signals.num_users_planned && signals.base_list_price_per_user) {
    breakdown.list_value = multiply_ratio(
        multiply_ratio(*signals.base_list_price_per_user, *signals.num_users_planned), months);
    breakdown.base_value =
        multiply(*breakdown.list_value, 1 - signals.discount_pct.value_or(0));
    breakdown.computed_value =
        multiply(*breakdown.base_value, breakdown.plan_factor * breakdown.billing_factor *
                                            breakdown.industry_factor * breakdown.expansion_factor);
  }
  if (signals.similar_closed_deals_avg_acv)
    breakdown.comparables_value = multiply_ratio(*signals.similar_closed_deals_avg_acv, months, 12);

  if (breakdown.computed_value && breakdown.comparables_weight > 0) {
    const Money difference{breakdown.comparables_value->micros - breakdown.computed_value->micros};
    breakdown.value_if_won =
        add(*breakdown.computed_value, multiply(difference, breakdown.comparables_weight));
  } else if (breakdown.computed_value) {
    breakdown.value_if_won = breakdown.computed_value;
  } else if (breakdown.comparables_weight > 0) {
    breakdown.comparables_weight = 1;
    breakdown.value_if_won = breakdown.comparables_value;
  } else {
    result.reason =
        "num_users_planned or base_list_price_per_user is unknown, and there are no comparable "
        "deals";
  }
  if (breakdown.value_if_won) {
    result.predicted_deal_value = multiply(*breakdown.value_if_won, breakdown.stage_factor);
    result.confidence_score = confidence_of(
        signals, weight_of_comparables(signals, weights.comparables_prior), weights.confidence);
  }
  return result;
}

std::optional<Money> deal_value(const ValueSignals& signals, const CompiledFramework& framework) {
  return predict_deal_value(signals, framework).predicted_deal_value;
}

}  // namespace revenue::scoring
