#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/recurring/movements.hpp"

namespace revenue::recurring {

/// One period of the waterfall: opening + new + expansion + reactivation + contraction + churn + fx
/// = closing, contraction and churn being negative; opening_customers + new_customers +
/// reactivated_customers - churned_customers = closing_customers.
struct WaterfallRow {
  Date period_from;
  Money opening;
  Money new_;
  Money expansion;
  Money reactivation;
  Money contraction;
  Money churn;
  Money fx;
  Money closing;
  std::int64_t opening_customers = 0;
  std::int64_t new_customers = 0;
  std::int64_t expanded_customers = 0;  ///< each once a period, however often
  std::int64_t reactivated_customers = 0;
  std::int64_t contracted_customers = 0;  ///< each once a period, however often
  std::int64_t churned_customers = 0;
  std::int64_t closing_customers = 0;
};
REVENUE_FIELDS(WaterfallRow, period_from, opening, new_, expansion, reactivation, contraction,
               churn, fx, closing, opening_customers, new_customers, expanded_customers,
               reactivated_customers, contracted_customers, churned_customers, closing_customers)

/// The periods from that of `from_date` to that before `to_date`, gaps included; nothing = from the
/// first to the last change of the ledger. Throws invalid_argument for more than 100,000 periods
/// and where they would end before they begin.
std::vector<WaterfallRow> mrr_waterfall(const MrrLedger& ledger, std::string_view period,
                                        std::optional<Date> from_date, std::optional<Date> to_date,
                                        const LedgerOptions& options, Poll poll);

}  // namespace revenue::recurring
