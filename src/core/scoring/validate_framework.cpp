#include <cmath>
#include <string>

#include "core/foundation/error.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/number_text.hpp"
#include "core/scoring/framework.hpp"

namespace revenue::scoring {
namespace {

constexpr double kLargest = 1e6;

[[noreturn]] void reject(const std::string& name, const std::string& must, double found) {
  throw Error(ErrorCode::invalid_argument, "framework coefficient " + name + " must be " + must,
              "Correct the weights, or leave the coefficient out to use the built-in value.",
              name + " is " + shown(found) + ".");
}

void require(bool holds, const std::string& name, const std::string& must, double found) {
  if (!holds) reject(name, must, found);
}

void require_number(const std::string& name, double value) {
  require(value >= 0 && value <= kLargest, name, "a number from 0 to 1000000", value);
}

void require_share(const std::string& name, double value) {
  require(value >= 0 && value <= 1, name, "from 0 to 1", value);
}

void require_positive(const std::string& name, double value) {
  constexpr double kLeast = 1e-6;  // so that dividing by it stays finite
  require(value >= kLeast, name, "at least 0.000001", value);
}

void require_more(const std::string& name, double value, const std::string& other, double limit) {
  require(value > limit, name, "more than " + other, value);
}

void require_order(const std::string& name, double value, const std::string& other, double limit) {
  require(value >= limit, name, "at least " + other, value);
}

void require_at_most_100(const std::string& what, double points) {
  constexpr double kRounding = 1e-9;
  if (points <= 100 + kRounding) return;
  throw Error(ErrorCode::invalid_argument,
              "framework coefficients of " + what + " add up to more than 100 points",
              "Lower some of its caps: the score runs from 0 to 100.",
              "They add up to " + shown(points) + ".");
}

void require_numbers(const std::string& name, double value) {
  require_number(name, value);
}

void require_numbers(const std::string& name, const Table& table) {
  for (const auto& [key, value] : table.entries()) {
    if (key.empty()) reject(name, "named for each of its entries", value);
    require_number(name + "." + key, value);
  }
}

template <Described T>
void require_numbers(const std::string& name, const T& group) {
  visit_fields(group, [&](std::string_view field, const auto& value) {
    require_numbers(name.empty() ? std::string(field) : name + "." + std::string(field), value);
  });
}

void require_shares(const std::string& name, const Table& table) {
  for (const auto& [key, value] : table.entries()) require_share(name + "." + key, value);
}

void validate(const StageWeights& w) {
  require_shares("stages.probability", w.probability);
  require_shares("stages.value_factor", w.value_factor);
  require_share("stages.unknown_probability", w.unknown_probability);
  require_share("stages.unknown_value_factor", w.unknown_value_factor);
}

template <Described T>
void require_some(const std::string& name, const T& group) {
  double sum = 0;
  visit_fields(group, [&](std::string_view, double value) { sum += value; });
  require_positive("sum of " + name, sum);
}

void validate(const CloseWeights& w) {
  require_positive("close_probability.points_per_doubling", w.points_per_doubling);
  require_order("close_probability.strong_engagement", w.strong_engagement, "weak_engagement",
                w.weak_engagement);
  require_some("close_probability.confidence", w.confidence);
}

void validate(const HealthWeights& w) {
  const std::string name = "deal_health.";
  require_share(name + "unknown_share", w.unknown_share);
  require_share(name + "overdue_cap", w.overdue_cap);
  require_more(name + "stagnant_multiple", w.stagnant_multiple, "1", 1);
  require_more(name + "silent_days", w.silent_days, "fresh_days", w.fresh_days);
  require_positive(name + "enough_interactions", w.enough_interactions);
  require_positive(name + "velocity + engagement + qualification",
                   w.velocity + w.engagement + w.qualification);
  require_positive(name + "activity_share + interaction_share + lead_score_share",
                   w.activity_share + w.interaction_share + w.lead_score_share);
  require_positive(name + "champion_share + budget_share + decision_maker_share",
                   w.champion_share + w.budget_share + w.decision_maker_share);
  require_order(name + "healthy_from", w.healthy_from, "at_risk_from", w.at_risk_from);
  require_order(name + "strong_from", w.strong_from, "healthy_from", w.healthy_from);
}

void require_factors(const std::string& name, const Table& table) {
  for (const auto& [key, value] : table.entries())
    require(value <= 100, name + "." + key, "from 0 to 100", value);
}

void validate(const ValueWeights& w) {
  require_factors("deal_value.plan_factor", w.plan_factor);
  require_factors("deal_value.billing_factor", w.billing_factor);
  require_factors("deal_value.industry_factor", w.industry_factor);
  require(w.default_term_months >= 1 && w.default_term_months <= 1200 &&
              w.default_term_months == std::floor(w.default_term_months),
          "deal_value.default_term_months", "a whole number from 1 to 1200", w.default_term_months);
  require_some("deal_value.confidence", w.confidence);
}

void validate(const LeadWeights& w) {
  const std::string name = "lead_score.";
  require_shares(name + "seniority_share", w.seniority_share);
  require_share(name + "unknown_share", w.unknown_share);
  require_share(name + "unknown_recency", w.unknown_recency);
  require_positive(name + "full_company_size", w.full_company_size);
  require_positive(name + "engagement_half_life_days", w.engagement_half_life_days);
  require_order(name + "grade_c_from", w.grade_c_from, "grade_d_from", w.grade_d_from);
  require_order(name + "grade_b_from", w.grade_b_from, "grade_c_from", w.grade_c_from);
  require_order(name + "grade_a_from", w.grade_a_from, "grade_b_from", w.grade_b_from);
  require_at_most_100("lead_score", w.seniority + w.company_size + w.industry_match +
                                        w.email_open_cap + w.email_click_cap + w.page_visit_cap +
                                        w.reply_cap + w.meeting_cap);
}

void validate(const ChurnWeights& w) {
  const std::string name = "churn_risk.";
  require_share(name + "unknown_share", w.unknown_share);
  require_positive(name + "renewal_window_days", w.renewal_window_days);
  require_positive(name + "nps_span", w.nps_span);
  require_more(name + "csat_good", w.csat_good, "csat_bad", w.csat_bad);
  require_order(name + "high_from", w.high_from, "medium_from", w.medium_from);
  require_order(name + "critical_from", w.critical_from, "high_from", w.high_from);
  require_at_most_100("churn_risk", w.usage_decline + w.usage_stopped + w.open_ticket_cap +
                                        w.escalation_cap + w.overdue_cap + w.failed_payment_cap +
                                        w.renewal + w.nps + w.csat + w.champion_left);
}

void validate(const ExpansionWeights& w) {
  const std::string name = "expansion_score.";
  require_more(name + "full_seats", w.full_seats, "seats_from", w.seats_from);
  require_more(name + "full_usage", w.full_usage, "usage_from", w.usage_from);
  require_positive(name + "full_growth", w.full_growth);
  require_positive(name + "ready_from", w.ready_from);
  require_share(name + "readiness_floor", w.readiness_floor);
  require_share(name + "unknown_readiness", w.unknown_readiness);
  require_order(name + "high_from", w.high_from, "medium_from", w.medium_from);
  require_at_most_100("expansion_score",
                      w.seat_expansion + w.plan_upgrade + w.upsell + w.cross_sell);
}

}  // namespace

void validate(const Framework& framework) {
  require_numbers("", framework);
  validate(framework.stages);
  validate(framework.close_probability);
  validate(framework.deal_health);
  validate(framework.deal_value);
  validate(framework.lead_score);
  validate(framework.churn_risk);
  validate(framework.expansion_score);
  require_positive("forecast.overdue_half_life_days", framework.forecast.overdue_half_life_days);
}

}  // namespace revenue::scoring
