#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scoring/compiled_framework.hpp"

namespace revenue::scoring {

/// What is known of an account. Nothing in a field means unknown: it adds unknown_share of the
/// points it could add.
struct ChurnSignals {
  std::optional<double> usage_recent;  ///< over a window, any unit; 0 is a complete stop
  std::optional<double> usage_prior;   ///< over the equal window before; 0 makes usage unknown
  std::optional<std::int64_t> open_tickets;
  std::optional<std::int64_t> escalations;
  std::optional<double> days_overdue;  ///< of the oldest unpaid invoice; 0 or more
  std::optional<std::int64_t> failed_payments;
  std::optional<double> nps;              ///< -100 to 100
  std::optional<double> csat;             ///< percent satisfied, 0 to 100
  std::optional<double> days_to_renewal;  ///< negative: the date has passed
  std::optional<bool> champion_left;
};
REVENUE_FIELDS(ChurnSignals, usage_recent, usage_prior, open_tickets, escalations, days_overdue,
               failed_payments, nps, csat, days_to_renewal, champion_left)

/// Points in steps of 1e-6 that add up to the score exactly.
struct ChurnBreakdown {
  double usage = 0;
  double support = 0;
  double financial = 0;
  double sentiment = 0;
};
REVENUE_FIELDS(ChurnBreakdown, usage, support, financial, sentiment)

struct ChurnExplanation {
  double churn_risk = 0;
  std::string_view category;  ///< 'low', 'medium', 'high' or 'critical'
  double confidence = 0;      ///< 0 to 1: the weighted share of the inputs that is known
  std::vector<std::string> risk_factors;
  ChurnBreakdown breakdown;
};
REVENUE_FIELDS(ChurnExplanation, churn_risk, category, confidence, risk_factors, breakdown)

/// 0 to 100; a score, not a probability. Throws invalid_argument for a value that cannot be.
double churn_risk(const ChurnSignals& signals,
                  const CompiledFramework& framework = builtin_compiled());

ChurnExplanation explain_churn_risk(const ChurnSignals& signals,
                                    const CompiledFramework& framework = builtin_compiled());

}  // namespace revenue::scoring
