#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/recurring/movements.hpp"

namespace revenue::recurring {

/// One cell of the cohort matrix: the customers who first paid in the period `cohort`, at the close
/// of a period. A ratio is its numerator (customers, mrr) over its denominator (cohort_customers,
/// cohort_mrr), nothing where that is 0.
struct CohortRow {
  Date cohort;
  Date period_from;
  std::int32_t age = 0;  ///< periods since the cohort's own
  std::int64_t customers = 0;
  std::int64_t cohort_customers = 0;
  std::optional<double> customer_retention;
  Money mrr;
  Money cohort_mrr;  ///< what the customers first paid
  std::optional<double> mrr_retention;
};
REVENUE_FIELDS(CohortRow, cohort, period_from, age, customers, cohort_customers,
               customer_retention, mrr, cohort_mrr, mrr_retention)

/// The cohorts of from_date <= first payment < to_date, whole periods, each until the period before
/// `to_date`; nothing = from the first to the last change of the ledger. Over the cohorts of all
/// time the MRR of a period sums to the closing of the waterfall. Throws invalid_argument for more
/// than a million cells.
std::vector<CohortRow> mrr_cohorts(const MrrLedger& ledger, std::string_view period,
                                   std::optional<Date> from_date, std::optional<Date> to_date,
                                   const LedgerOptions& options, Poll poll);

}  // namespace revenue::recurring
