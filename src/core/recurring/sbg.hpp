#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/foundation/error.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/money.hpp"
#include "core/foundation/poll.hpp"

namespace revenue::recurring {

/// The shifted beta-geometric model of contracts (Fader & Hardie 2007): each customer has his own
/// probability not to renew, Beta(alpha, beta) over customers, the same at each renewal.
struct Sbg {
  double alpha = 0;
  double beta = 0;
};
REVENUE_FIELDS(Sbg, alpha, beta)

/// method: likelihood, or moments where the likelihood is flat; converged says whether alpha and
/// beta are its maximum.
struct SbgFit {
  double alpha = 0;
  double beta = 0;
  double log_likelihood = 0;
  bool converged = false;
  std::string method;
};
REVENUE_FIELDS(SbgFit, alpha, beta, log_likelihood, converged, method)

/// `survivors`: the customers of a cohort at its start and after each renewal. Throws
/// invalid_argument for less than two, for numbers that rise, are negative or not finite, and for
/// a cohort of none.
std::vector<SbgFit> fit_sbg(const std::vector<double>& survivors, Poll poll);

/// The same over cohorts of different ages: how many there were before each renewal, in all cohorts
/// that have come to it, and how many of them did not renew.
std::vector<SbgFit> fit_sbg_at_risk(const std::vector<double>& at_risk,
                                    const std::vector<double>& lost, Poll poll);

struct SbgPeriod {
  std::int32_t period = 0;
  double survival = 1;                ///< share of the cohort that is left after so many renewals
  std::optional<double> retention;    ///< share of those left before that renewed
  std::optional<double> churn_share;  ///< share of the cohort that did not renew this time
};
REVENUE_FIELDS(SbgPeriod, period, survival, retention, churn_share)

/// Periods 0 to `periods`, at most 10,000.
std::vector<SbgPeriod> sbg_curve(const Sbg& model, std::int32_t periods);

/// How a stream of payments is valued.
struct Valuation {
  double gross_margin = 1;
  double discount_rate = 0.1;   ///< a year
  double periods_per_year = 1;  ///< 12 where a contract renews by the month
  bool in_advance = true;       ///< the first payment is now and not discounted
};
REVENUE_FIELDS(Valuation, gross_margin, discount_rate, periods_per_year, in_advance)

/// What a customer is worth who pays `arpa` a period: arpa x margin x the discounted expected
/// number of payments, of a new customer or of one who has renewed `age` times; of `periods`
/// payments, or of all (nothing). Throws invalid_argument where nothing bounds it: no discount, and
/// no end expected.
Money sbg_ltv(const Sbg& model, Money arpa, const Valuation& valuation,
              std::optional<std::int32_t> periods, std::int32_t age, Poll poll);

/// ARPA x margin / churn.
struct SimpleLtv {
  std::optional<Money> ltv;
  std::string basis;
  std::optional<std::string> reason;
};
REVENUE_FIELDS(SimpleLtv, ltv, basis, reason)

/// `churn` is a share of customers a period, `churn_basis` says how it was counted and is named in
/// the result. No value, with the reason, where nobody churns.
std::vector<SimpleLtv> simple_ltv(Money arpa, double gross_margin, double churn,
                                  const std::string& churn_basis);

}  // namespace revenue::recurring
