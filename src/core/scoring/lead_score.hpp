#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scoring/compiled_framework.hpp"

namespace revenue::scoring {

/// What is known of a contact. Nothing in a field means unknown: for fit it earns unknown_share of
/// the points, for engagement none.
struct LeadSignals {
  std::optional<std::string_view> seniority;  ///< a name in lead_score.seniority_share
  std::optional<std::int64_t> company_employees;
  std::optional<bool> industry_match;
  std::optional<std::int64_t> email_opens;
  std::optional<std::int64_t> email_clicks;
  std::optional<std::int64_t> page_visits;
  std::optional<std::int64_t> replies;
  std::optional<std::int64_t> meetings;
  std::optional<double> days_since_last_engagement;  ///< 0 or more
  std::optional<bool> unsubscribed;
};
REVENUE_FIELDS(LeadSignals, seniority, company_employees, industry_match, email_opens, email_clicks,
               page_visits, replies, meetings, days_since_last_engagement, unsubscribed)

/// Points in steps of 1e-6 that add up to the score exactly.
struct LeadBreakdown {
  double seniority = 0;
  double company_size = 0;
  double industry_match = 0;
  double email_opens = 0;
  double email_clicks = 0;
  double page_visits = 0;
  double replies = 0;
  double meetings = 0;
  double recency_decay = 0;        ///< 0 or less: what engagement has lost with age
  double unsubscribe_penalty = 0;  ///< 0 or less
};
REVENUE_FIELDS(LeadBreakdown, seniority, company_size, industry_match, email_opens, email_clicks,
               page_visits, replies, meetings, recency_decay, unsubscribe_penalty)

struct LeadExplanation {
  double lead_score = 0;
  std::string_view grade;  ///< 'A' to 'E'
  double fit = 0;          ///< points of seniority, company size and industry
  double engagement = 0;   ///< points of the five activities after the decay
  double confidence = 0;   ///< 0 to 1: the share of the inputs that is known
  std::vector<std::string> key_factors;
  LeadBreakdown breakdown;
};
REVENUE_FIELDS(LeadExplanation, lead_score, grade, fit, engagement, confidence, key_factors,
               breakdown)

/// 0 to 100. Throws invalid_argument for a value that cannot be.
double lead_score(const LeadSignals& signals,
                  const CompiledFramework& framework = builtin_compiled());

LeadExplanation explain_lead_score(const LeadSignals& signals,
                                   const CompiledFramework& framework = builtin_compiled());

}  // namespace revenue::scoring
