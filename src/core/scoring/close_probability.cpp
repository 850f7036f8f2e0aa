#include "core/scoring/close_probability.hpp"

#include <array>
#include <cmath>

#include "core/scoring/arguments.hpp"
#include "core/scoring/points.hpp"
#include "core/scoring/text.hpp"

namespace revenue::scoring {
namespace {

void require_valid(const CloseSignals& signals) {
  require_days("days_in_stage", signals.days_in_stage);
  require_score("lead_score", signals.lead_score);
  require_count("num_interactions", signals.num_interactions);
  require_count("num_objections_handled", signals.num_objections_handled);
  require_count("competitors_mentioned", signals.competitors_mentioned);
}

// All as written in the framework: gains and penalties are 0 or more.
struct ClosePoints {
  double engagement = 0;
  double qualification = 0;
  double disqualification = 0;
  double velocity = 0;
  double competition = 0;

  double sum() const {
    return engagement + qualification - disqualification - velocity - competition;
  }
};

double count(const std::optional<std::int64_t>& n) {
  return static_cast<double>(n.value_or(0));
}

ClosePoints points_of(const CloseSignals& signals, const Stage& stage, const CloseWeights& w) {
  ClosePoints sum;
  sum.engagement =
      w.lead_score * signals.lead_score.value_or(0) +
      capped(w.interaction, count(signals.num_interactions), w.interaction_cap) +
      capped(w.objection_handled, count(signals.num_objections_handled), w.objection_cap);
  // Indexed rather than branched: answers are as good as random, and a wrong guess costs more than
  // all the arithmetic here.
  const auto answer = [&sum](const std::optional<bool>& known, double yes, double no) {
    const int choice = known ? 1 + static_cast<int>(*known) : 0;
    const std::array<double, 3> gains{0, 0, yes};
    const std::array<double, 3> losses{0, no, 0};
    sum.qualification += gains[static_cast<std::size_t>(choice)];
    sum.disqualification += losses[static_cast<std::size_t>(choice)];
  };
  answer(signals.champion_identified, w.champion, w.champion_absent);
  answer(signals.budget_confirmed, w.budget, w.budget_absent);
  answer(signals.decision_maker_engaged, w.decision_maker, w.decision_maker_absent);
  const double days_over = signals.days_in_stage.value_or(0) - stage.typical_days;
  sum.velocity = capped(w.stale_day, std::max(days_over, 0.0), w.velocity_cap);
  sum.competition = capped(w.competitor, count(signals.competitors_mentioned), w.competition_cap);
  return sum;
}

// sigmoid(logit(base) + ln2 x doublings), with the base's odds computed beforehand. exp2 may run to
// 0 or infinity, which gives 1 or 0 and never NaN, because an open stage's odds are positive.
double probability_of(const Stage& stage, double points, const CompiledFramework& framework) {
  return 1 / (1 + stage.odds_against * std::exp2(-points * framework.doublings_per_point()));
}

std::vector<std::string_view> unknown_inputs(const CloseSignals& signals) {
  std::vector<std::string_view> unknown;
  visit_fields(signals, [&unknown](std::string_view name, const auto& value) {
    if (!value) unknown.push_back(name);
  });
  return unknown;
}

double confidence_of(const CloseSignals& signals, const CloseConfidence& w) {
  Confidence confidence;
  confidence.add(signals.deal_stage.has_value(), w.deal_stage);
  confidence.add(signals.days_in_stage.has_value(), w.days_in_stage);
  confidence.add(signals.lead_score.has_value(), w.lead_score);
  confidence.add(signals.num_interactions.has_value(), w.num_interactions);
  confidence.add(signals.num_objections_handled.has_value(), w.num_objections_handled);
  confidence.add(signals.champion_identified.has_value(), w.champion_identified);
  confidence.add(signals.budget_confirmed.has_value(), w.budget_confirmed);
  confidence.add(signals.decision_maker_engaged.has_value(), w.decision_maker_engaged);
  confidence.add(signals.competitors_mentioned.has_value(), w.competitors_mentioned);
  return confidence.value();
}

void add_answer(std::vector<std::string>& factors, const std::optional<bool>& known, double gain,
                double penalty, const char* yes, const char* no) {
  if (!known) return;
  if (*known && gain > 0) factors.emplace_back(yes);
  if (!*known && penalty > 0) factors.emplace_back(no);
}

std::vector<std::string> key_factors(const CloseSignals& signals, const ClosePoints& sum,
                                     const CloseWeights& w) {
  std::vector<std::string> factors;
  factors.reserve(4);
  if (sum.engagement >= w.strong_engagement) factors.emplace_back("Strong engagement");
  // Silence about engagement is no weak engagement: both main inputs have to be known.
  else if (sum.engagement < w.weak_engagement && signals.lead_score && signals.num_interactions)
    factors.emplace_back("Weak engagement");
  if (sum.qualification - sum.disqualification >= w.well_qualified) {
    factors.emplace_back("Well qualified");
  } else {
    add_answer(factors, signals.champion_identified, w.champion, w.champion_absent,
               "Champion identified", "No champion");
    add_answer(factors, signals.budget_confirmed, w.budget, w.budget_absent, "Budget confirmed",
               "No budget confirmed");
    add_answer(factors, signals.decision_maker_engaged, w.decision_maker, w.decision_maker_absent,
               "Decision maker engaged", "No decision maker");
  }
  if (sum.velocity > 0 && sum.velocity >= w.stagnant)
    factors.push_back("Stagnant for " + day_count(*signals.days_in_stage));
  if (signals.competitors_mentioned.value_or(0) > 0)
    factors.push_back(counted(*signals.competitors_mentioned, "competitor"));
  return factors;
}

}  // namespace

double close_probability(const CloseSignals& signals, const CompiledFramework& framework) {
  require_valid(signals);
  const Stage& stage = framework.stage(signals.deal_stage);
  if (stage.closed()) return stage.probability;
  const CloseWeights& weights = framework.weights().close_probability;
  return probability_of(stage, points_of(signals, stage, weights).sum(), framework);
}

CloseExplanation explain_close_probability(const CloseSignals& signals,
                                           const CompiledFramework& framework) {
  require_valid(signals);
  const Stage& stage = framework.stage(signals.deal_stage);
  const CloseWeights& weights = framework.weights().close_probability;

  CloseExplanation result;
  result.confidence = confidence_of(signals, weights.confidence);
  result.unknown_inputs = unknown_inputs(signals);
  CloseBreakdown& breakdown = result.breakdown;
  breakdown.base_probability = nearest_decimal(100 * stage.probability);
  if (stage.closed()) {
    result.confidence = 1;
    result.key_factors.emplace_back(stage.probability > 0 ? "Won" : "Lost");
    breakdown.probability = breakdown.base_probability;
  } else {
    const ClosePoints sum = points_of(signals, stage, weights);
    const Micropoints engagement = micropoints(sum.engagement);
    const Micropoints qualification =
        micropoints(sum.qualification) - micropoints(sum.disqualification);
    const Micropoints velocity = -micropoints(sum.velocity);
    const Micropoints competition = -micropoints(sum.competition);
    breakdown.engagement_boost = points(engagement);
    breakdown.qualification_boost = points(qualification);
    breakdown.velocity_penalty = points(velocity);
    breakdown.competition_penalty = points(competition);
    breakdown.raw_points = points(engagement + qualification + velocity + competition);
    breakdown.probability = nearest_millionth(100 * probability_of(stage, sum.sum(), framework));
    result.key_factors = key_factors(signals, sum, weights);
  }
  result.raw_points = breakdown.raw_points;
  result.close_probability = static_cast<std::int32_t>(std::lround(breakdown.probability));
  return result;
}

}  // namespace revenue::scoring
