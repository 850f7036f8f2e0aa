#pragma once

#include <cstdint>
#include <optional>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/money.hpp"
#include "core/foundation/wide_sum.hpp"
#include "core/scoring/deal_health.hpp"

namespace revenue::scoring {

/// What a set of open deals adds up to. Values are in the deals' currency, which is to be one.
struct PipelineTotalsResult {
  std::int64_t deal_count = 0;
  std::int64_t valued_deals = 0;   ///< deals that have an amount
  double weighted_value = 0;       ///< sum of amount x close_probability
  double forecast = 0;             ///< the same x date_weight
  double forecast_90d = 0;         ///< of it, deals that close within 90 days or are overdue
  std::int64_t at_risk_deals = 0;  ///< health critical or at risk
  double health_sum = 0;
  double days_in_stage_sum = 0;
};
REVENUE_FIELDS(PipelineTotalsResult, deal_count, valued_deals, weighted_value, forecast,
               forecast_90d, at_risk_deals, health_sum, days_in_stage_sum)

/// Aggregate state: every score of an open deal computed once and summed, in one pass over the
/// deals. Values are rounded to 1e-6 and summed as integers, so that no order of the rows matters.
class PipelineTotals {
 public:
  /// Throws as close_probability and deal_health do.
  void add(std::optional<Money> amount, const HealthSignals& signals,
           std::optional<std::int64_t> num_objections_handled,
           std::optional<std::int64_t> competitors_mentioned, const CompiledFramework& framework);
  void merge(const PipelineTotals& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);
  PipelineTotalsResult result() const;

 private:
  std::int64_t deal_count_ = 0;
  std::int64_t valued_deals_ = 0;
  std::int64_t at_risk_deals_ = 0;
  WideSum weighted_value_;
  WideSum forecast_;
  WideSum forecast_90d_;
  WideSum health_;
  WideSum days_in_stage_;
};

}  // namespace revenue::scoring
