#include "core/scoring/lead_score.hpp"

#include <cmath>

#include "core/scoring/arguments.hpp"
#include "core/scoring/points.hpp"
#include "core/scoring/text.hpp"

namespace revenue::scoring {
namespace {

void require_valid(const LeadSignals& signals) {
  require_count("company_employees", signals.company_employees);
  require_count("email_opens", signals.email_opens);
  require_count("email_clicks", signals.email_clicks);
  require_count("page_visits", signals.page_visits);
  require_count("replies", signals.replies);
  require_count("meetings", signals.meetings);
  require_days("days_since_last_engagement", signals.days_since_last_engagement);
}

struct LeadPoints {
  Micropoints seniority = 0;
  Micropoints company_size = 0;
  Micropoints industry_match = 0;
  Micropoints email_opens = 0;
  Micropoints email_clicks = 0;
  Micropoints page_visits = 0;
  Micropoints replies = 0;
  Micropoints meetings = 0;
  Micropoints recency_decay = 0;
  Micropoints unsubscribe_penalty = 0;

  Micropoints fit() const { return seniority + company_size + industry_match; }
  Micropoints engagement() const {
    return email_opens + email_clicks + page_visits + replies + meetings + recency_decay;
  }
  Micropoints sum() const { return fit() + engagement() + unsubscribe_penalty; }
};

// Engagement halves with each half-life; the decay is what that takes away.
double kept_share(const std::optional<double>& days, const LeadWeights& w) {
  return days ? std::exp2(-*days / w.engagement_half_life_days) : w.unknown_recency;
}

LeadPoints points_of(const LeadSignals& signals, const LeadWeights& w) {
  LeadPoints sum;
  const auto level = signals.seniority ? w.seniority_share.find(*signals.seniority) : std::nullopt;
  sum.seniority = micropoints(w.seniority * level.value_or(w.unknown_share));
  const double size = signals.company_employees
                          ? std::min(std::log1p(static_cast<double>(*signals.company_employees)) /
                                         std::log1p(w.full_company_size),
                                     1.0)
                          : w.unknown_share;
  sum.company_size = micropoints(w.company_size * size);
  const double match =
      signals.industry_match ? (*signals.industry_match ? 1.0 : 0.0) : w.unknown_share;
  sum.industry_match = micropoints(w.industry_match * match);

  const auto earned = [](const std::optional<std::int64_t>& n, double each, double cap) {
    return micropoints(capped(each, static_cast<double>(n.value_or(0)), cap));
  };
  sum.email_opens = earned(signals.email_opens, w.email_open, w.email_open_cap);
  sum.email_clicks = earned(signals.email_clicks, w.email_click, w.email_click_cap);
  sum.page_visits = earned(signals.page_visits, w.page_visit, w.page_visit_cap);
  sum.replies = earned(signals.replies, w.reply, w.reply_cap);
  sum.meetings = earned(signals.meetings, w.meeting, w.meeting_cap);
  const Micropoints active = sum.engagement();
  const double kept = kept_share(signals.days_since_last_engagement, w);
  sum.recency_decay = micropoints(points(active) * kept) - active;
  if (signals.unsubscribed.value_or(false))
    sum.unsubscribe_penalty = -std::min(micropoints(w.unsubscribed), sum.fit() + sum.engagement());
  return sum;
}

std::string_view grade_of(double score, const LeadWeights& w) {
  if (score >= w.grade_a_from) return "A";
  if (score >= w.grade_b_from) return "B";
  if (score >= w.grade_c_from) return "C";
  if (score >= w.grade_d_from) return "D";
  return "E";
}

double confidence_of(const LeadSignals& signals, const LeadWeights& w) {
  Confidence confidence;
  visit_fields(signals, [&confidence](std::string_view name, const auto& value) {
    if (name != "seniority") confidence.add(value.has_value(), 1);
  });
  // A level that the framework does not name tells nothing.
  confidence.add(signals.seniority && w.seniority_share.find(*signals.seniority), 1);
  return confidence.value();
}

std::vector<std::string> key_factors(const LeadSignals& signals, const LeadPoints& sum,
                                     const LeadWeights& w) {
  std::vector<std::string> factors;
  if (points(sum.fit()) >= w.strong_fit) factors.emplace_back("Strong fit");
  if (points(sum.engagement()) >= w.strong_engagement) factors.emplace_back("Strong engagement");
  if (signals.meetings.value_or(0) > 0) factors.push_back(counted(*signals.meetings, "meeting"));
  if (signals.days_since_last_engagement &&
      *signals.days_since_last_engagement >= w.engagement_half_life_days)
    factors.push_back("Quiet for " + day_count(*signals.days_since_last_engagement));
  if (signals.industry_match == false) factors.emplace_back("Outside target industries");
  if (signals.unsubscribed == true) factors.emplace_back("Unsubscribed");
  return factors;
}

}  // namespace

double lead_score(const LeadSignals& signals, const CompiledFramework& framework) {
  require_valid(signals);
  return points(points_of(signals, framework.weights().lead_score).sum());
}

LeadExplanation explain_lead_score(const LeadSignals& signals, const CompiledFramework& framework) {
  require_valid(signals);
  const LeadWeights& weights = framework.weights().lead_score;
  const LeadPoints sum = points_of(signals, weights);

  LeadExplanation result;
  result.lead_score = points(sum.sum());
  result.grade = grade_of(result.lead_score, weights);
  result.fit = points(sum.fit());
  result.engagement = points(sum.engagement());
  result.confidence = confidence_of(signals, weights);
  result.key_factors = key_factors(signals, sum, weights);
  result.breakdown = {points(sum.seniority),      points(sum.company_size),
                      points(sum.industry_match), points(sum.email_opens),
                      points(sum.email_clicks),   points(sum.page_visits),
                      points(sum.replies),        points(sum.meetings),
                      points(sum.recency_decay),  points(sum.unsubscribe_penalty)};
  return result;
}

}  // namespace revenue::scoring
