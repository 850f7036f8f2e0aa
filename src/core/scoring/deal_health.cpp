#include "core/scoring/deal_health.hpp"

#include <cmath>

#include "core/scoring/arguments.hpp"
#include "core/scoring/points.hpp"
#include "core/scoring/text.hpp"

namespace revenue::scoring {
namespace {

void require_valid(const HealthSignals& signals) {
  require_days("days_in_stage", signals.days_in_stage);
  require_days("days_since_last_activity", signals.days_since_last_activity);
  require_count("num_interactions", signals.num_interactions);
  require_score("lead_score", signals.lead_score);
  require_signed_days("days_to_close_date", signals.days_to_close_date);
}

// A stage whose typical time is less than a day is judged as if it were one.
double typical_days(const Stage& stage) {
  return std::max(stage.typical_days, 1.0);
}

double velocity_share(const HealthSignals& signals, const Stage& stage, const HealthWeights& w) {
  const double typical = typical_days(stage);
  const double moving = signals.days_in_stage ? 1 - share_between(*signals.days_in_stage, typical,
                                                                  typical * w.stagnant_multiple)
                                              : w.unknown_share;
  const double days_overdue = std::max(-signals.days_to_close_date.value_or(0), 0.0);
  return std::max(moving - capped(w.overdue_day, days_overdue, w.overdue_cap), 0.0);
}

double engagement_share(const HealthSignals& signals, const HealthWeights& w) {
  const double activity =
      signals.days_since_last_activity
          ? 1 - share_between(*signals.days_since_last_activity, w.fresh_days, w.silent_days)
          : w.unknown_share;
  const double interactions =
      signals.num_interactions
          ? std::min(static_cast<double>(*signals.num_interactions) / w.enough_interactions, 1.0)
          : w.unknown_share;
  const double lead = signals.lead_score ? *signals.lead_score / 100 : w.unknown_share;
  return (w.activity_share * activity + w.interaction_share * interactions +
          w.lead_score_share * lead) /
         (w.activity_share + w.interaction_share + w.lead_score_share);
}

double qualification_share(const HealthSignals& signals, const HealthWeights& w) {
  const auto share = [&w](const std::optional<bool>& answer) {
    if (!answer) return w.unknown_share;
    return *answer ? 1.0 : 0.0;
  };
  return (w.champion_share * share(signals.champion_identified) +
          w.budget_share * share(signals.budget_confirmed) +
          w.decision_maker_share * share(signals.decision_maker_engaged)) /
         (w.champion_share + w.budget_share + w.decision_maker_share);
}

struct HealthPoints {
  Micropoints velocity = 0;
  Micropoints engagement = 0;
  Micropoints qualification = 0;

  Micropoints sum() const { return velocity + engagement + qualification; }
};

HealthPoints points_of(const HealthSignals& signals, const Stage& stage, const HealthWeights& w) {
  const double unit = 100 / (w.velocity + w.engagement + w.qualification);
  // A closed deal has nothing left to endanger it.
  if (stage.closed()) {
    const double outcome = stage.probability * unit;
    return {micropoints(outcome * w.velocity), micropoints(outcome * w.engagement),
            micropoints(outcome * w.qualification)};
  }
  return {micropoints(unit * w.velocity * velocity_share(signals, stage, w)),
          micropoints(unit * w.engagement * engagement_share(signals, w)),
          micropoints(unit * w.qualification * qualification_share(signals, w))};
}

std::string_view category_of(double score, const HealthWeights& w) {
  if (score < w.at_risk_from) return "critical";
  if (score < w.healthy_from) return "at_risk";
  if (score < w.strong_from) return "healthy";
  return "strong";
}

double confidence_of(const HealthSignals& signals, const HealthWeights& w) {
  const double engagement =
      w.engagement / (w.activity_share + w.interaction_share + w.lead_score_share);
  const double qualification =
      w.qualification / (w.champion_share + w.budget_share + w.decision_maker_share);
  Confidence confidence;
  // Of velocity, half for the stage's clock, which needs the stage, and half for the close date.
  confidence.add(signals.deal_stage && signals.days_in_stage, w.velocity / 2);
  confidence.add(signals.days_to_close_date.has_value(), w.velocity / 2);
  confidence.add(signals.days_since_last_activity.has_value(), engagement * w.activity_share);
  confidence.add(signals.num_interactions.has_value(), engagement * w.interaction_share);
  confidence.add(signals.lead_score.has_value(), engagement * w.lead_score_share);
  confidence.add(signals.champion_identified.has_value(), qualification * w.champion_share);
  confidence.add(signals.budget_confirmed.has_value(), qualification * w.budget_share);
  confidence.add(signals.decision_maker_engaged.has_value(),
                 qualification * w.decision_maker_share);
  return confidence.value();
}

std::vector<std::string> risks_of(const HealthSignals& signals, const Stage& stage,
                                  const HealthWeights& w) {
  std::vector<std::string> risks;
  if (stage.closed()) return risks;
  if (signals.days_in_stage &&
      *signals.days_in_stage > typical_days(stage) * w.risk_stagnant_multiple)
    risks.push_back("Stagnant for " + day_count(*signals.days_in_stage));
  if (signals.days_since_last_activity && *signals.days_since_last_activity >= w.risk_silent_days)
    risks.push_back("No activity for " + day_count(*signals.days_since_last_activity));
  if (signals.days_to_close_date && *signals.days_to_close_date <= -1)
    risks.push_back("Close date passed " + day_count(-*signals.days_to_close_date) + " ago");
  if (signals.champion_identified == false) risks.emplace_back("No champion");
  if (signals.budget_confirmed == false) risks.emplace_back("Budget not confirmed");
  if (signals.decision_maker_engaged == false) risks.emplace_back("No decision maker");
  if (signals.num_interactions &&
      static_cast<double>(*signals.num_interactions) < w.risk_few_interactions)
    risks.emplace_back(*signals.num_interactions == 0 ? "No interactions" : "Few interactions");
  if (signals.lead_score && *signals.lead_score < w.risk_low_lead_score)
    risks.emplace_back("Low lead score");
  return risks;
}

}  // namespace

double deal_health(const HealthSignals& signals, const CompiledFramework& framework) {
  require_valid(signals);
  const Stage& stage = framework.stage(signals.deal_stage);
  return points(points_of(signals, stage, framework.weights().deal_health).sum());
}

HealthExplanation explain_deal_health(const HealthSignals& signals,
                                      const CompiledFramework& framework) {
  require_valid(signals);
  const Stage& stage = framework.stage(signals.deal_stage);
  const HealthWeights& weights = framework.weights().deal_health;
  const HealthPoints sum = points_of(signals, stage, weights);

  HealthExplanation result;
  result.health_score = points(sum.sum());
  result.health_category = category_of(result.health_score, weights);
  result.confidence = stage.closed() ? 1 : confidence_of(signals, weights);
  result.risk_factors = risks_of(signals, stage, weights);
  result.breakdown = {points(sum.velocity), points(sum.engagement), points(sum.qualification)};
  return result;
}

std::vector<std::string> deal_risk_factors(const HealthSignals& signals,
                                           const CompiledFramework& framework) {
  require_valid(signals);
  return risks_of(signals, framework.stage(signals.deal_stage), framework.weights().deal_health);
}

std::string_view health_category(double score, const CompiledFramework& framework) {
  require_score("score", score);
  return category_of(score, framework.weights().deal_health);
}

}  // namespace revenue::scoring
