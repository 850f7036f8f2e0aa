#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/recurring/movements.hpp"

namespace revenue::recurring {

/// A share of MRR over a window, with what it is a share of; `ratio` is nothing where `reason` says
/// why.
struct MrrRatio {
  Money numerator;
  Money denominator;
  std::optional<double> ratio;
  std::optional<std::string> reason;
};
REVENUE_FIELDS(MrrRatio, numerator, denominator, ratio, reason)

/// Customers lost over a window.
struct LogoChurn {
  std::int64_t numerator = 0;    ///< opening customers who are none at the close
  std::int64_t denominator = 0;  ///< opening customers
  std::optional<double> ratio;
  std::optional<std::string> reason;
  std::int64_t new_and_lost = 0;  ///< customers who came and went within the window, not in ratio
};
REVENUE_FIELDS(LogoChurn, numerator, denominator, ratio, reason, new_and_lost)

/// A window runs from the start of `from_date` to the start of `to_date`: the opening is what is
/// paid before anything changes on `from_date`, the closing what is paid at the end of the day
/// before `to_date`. The closing stands at the opening's rates: what of it is revaluation is taken
/// out customer by customer, exactly so for those billed in one currency.
struct Window {
  Date from_date;
  Date to_date;
};
REVENUE_FIELDS(Window, from_date, to_date)

/// What the ratios of a window are made of.
struct WindowRetention {
  Money opening;
  Money retained;        ///< closing MRR of the opening customers
  Money gross_retained;  ///< the smaller of the two, customer by customer
  std::int64_t customers = 0;
  std::int64_t lost = 0;
  std::int64_t new_and_lost = 0;
};
REVENUE_FIELDS(WindowRetention, opening, retained, gross_retained, customers, lost, new_and_lost)

/// All of net_retention(), gross_retention() and logo_churn() in one reading of the ledger.
std::vector<WindowRetention> window_retention(const MrrLedger& ledger, const Window& window,
                                              const LedgerOptions& options, Poll poll);

/// Closing MRR of the opening customers / their opening MRR.
std::vector<MrrRatio> net_retention(const MrrLedger& ledger, const Window& window,
                                    const LedgerOptions& options, Poll poll);

/// `min`: sum of min(closing, opening) / sum of opening, customer by customer. `flow`: (opening -
/// contraction - churn) / opening, with the flows of all customers.
std::vector<MrrRatio> gross_retention(const MrrLedger& ledger, const Window& window,
                                      std::string_view variant, const LedgerOptions& options,
                                      Poll poll);

std::vector<LogoChurn> logo_churn(const MrrLedger& ledger, const Window& window,
                                  const LedgerOptions& options, Poll poll);

/// (new + expansion + reactivation) / (contraction + churn), absolute amounts.
std::vector<MrrRatio> quick_ratio(const MrrLedger& ledger, const Window& window,
                                  const LedgerOptions& options, Poll poll);

}  // namespace revenue::recurring
