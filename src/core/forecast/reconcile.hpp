#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/forecast/hierarchy.hpp"
#include "core/foundation/eigen.hpp"
#include "core/foundation/poll.hpp"

namespace revenue::forecast {

/// How the forecasts of a hierarchy are made to add up.
enum class ReconciliationMethod {
  mint,        ///< by the covariance of the errors, shrunk
  structural,  ///< as if every bottom node erred alike and apart
  ols,         ///< as if every node did
  bottom_up    ///< by the bottom nodes alone
};

/// mint, structural, ols or bottom_up. Throws invalid_argument for anything else.
ReconciliationMethod reconciliation_method(std::string_view name);
std::string_view name_of(ReconciliationMethod method);

/// Forecasts made for each node by itself, a row a node in the order of the hierarchy.
struct BaseForecasts {
  Eigen::MatrixXd mean;       ///< a column a step
  Eigen::MatrixXd residuals;  ///< errors one step ahead, a column a time; NaN where there is none
  std::vector<bool> non_negative;  ///< whether a bottom node's forecast may not be below 0
  std::vector<bool> fixed;         ///< whether a node keeps its forecast; empty = none does
};

struct Reconciled {
  Eigen::MatrixXd mean;  ///< adds up: each total is the sum of its bottom nodes
  std::vector<double>
      spread;  ///< how large the error of a node one step ahead is beside that of its own forecast
  ReconciliationMethod method = ReconciliationMethod::mint;
  double shrinkage = 0;  ///< 0 the covariance as it is, 1 the variances alone
};

/// Makes the forecasts add up. mint: minimum trace (Wickramasuriya, Athanasopoulos & Hyndman 2019)
/// with correlations shrunk towards none by as much as they are uncertain (Schaefer & Strimmer
/// 2005); structural instead where a node has fewer than kFewResiduals residuals; the mean of that
/// and bottom_up (Hollyman, Petropoulos & Tipping 2021) but for totals that are fixed. A negative
/// forecast of a bottom node that has none becomes 0 before the sums. O(nodes x totals^2 + nodes x
/// totals x times). Throws invalid_argument for forecasts that are not finite and for more than
/// kMostTotals totals.
Reconciled reconcile(const Hierarchy& hierarchy, const BaseForecasts& base,
                     ReconciliationMethod method, Poll poll = no_poll);

inline constexpr int kFewResiduals = 8;
inline constexpr std::size_t kMostTotals = 2000;

}  // namespace revenue::forecast
