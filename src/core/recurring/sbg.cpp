#include "core/recurring/sbg.hpp"

#include <algorithm>
#include <cmath>

#include "core/recurring/maximise.hpp"
#include "core/recurring/special.hpp"

namespace revenue::recurring {
namespace {

constexpr double kAllAlike = 1e6;  // alpha + beta where customers do not differ
constexpr std::int32_t kMostPeriods = 10'000;

struct Renewal {
  double at_risk;
  double lost;

  double renewed() const { return at_risk - lost; }
};

// At the renewal i each fails with the probability alpha / (alpha + beta + i).
double log_likelihood(std::span<const Renewal> renewals, const Sbg& model,
                      std::span<double> gradient) {
  double value = 0;
  std::fill(gradient.begin(), gradient.end(), 0);
  for (std::size_t i = 0; i < renewals.size(); ++i) {
    const Renewal& renewal = renewals[i];
    const double right = model.beta + static_cast<double>(i);
    const double both = model.alpha + right;
    value +=
        renewal.lost * std::log(model.alpha / both) + renewal.renewed() * std::log(right / both);
    gradient[0] += renewal.lost / model.alpha - renewal.at_risk / both;
    gradient[1] += renewal.renewed() / right - renewal.at_risk / both;
  }
  return value;
}

// From the first two renewal rates, or from one rate for all where they do not rise.
Sbg moments(std::span<const Renewal> renewals) {
  double lost = 0;
  double at_risk = 0;
  for (const Renewal& renewal : renewals) {
    lost += renewal.lost;
    at_risk += renewal.at_risk;
  }
  if (renewals.size() > 1 && renewals[0].at_risk > 0 && renewals[1].at_risk > 0) {
    const double first = renewals[0].renewed() / renewals[0].at_risk;
    const double second = renewals[1].renewed() / renewals[1].at_risk;
    const double both = second < 1 && second > first ? (1 - second) / (second - first) : 0;
    if (first > 0 && both > 0 && both < kAllAlike) return {(1 - first) * both, first * both};
  }
  // Half a loss and half a renewal keep the rate off 0 and 1.
  const double churn = (lost + 0.5) / (at_risk + 1);
  return {churn * kAllAlike, (1 - churn) * kAllAlike};
}

std::vector<SbgFit> fit(std::span<const Renewal> renewals, Poll poll) {
  const auto likelihood = [&](std::span<const double> at, std::span<double> gradient) {
    return log_likelihood(renewals, {at[0], at[1]}, gradient);
  };
  const Sbg start = moments(renewals);
  // Alike customers are so far away that the way from there is level.
  const double scale = start.alpha + start.beta < kAllAlike / 2 ? 1 : 5 / kAllAlike;
  const double first[] = {start.alpha * scale, start.beta * scale};
  const Maximum maximum = maximise(likelihood, first, poll);
  if (maximum.converged && !maximum.flat)
    return {{maximum.at[0], maximum.at[1], maximum.value, true, "likelihood"}};
  double unused[2];
  return {{start.alpha, start.beta, log_likelihood(renewals, start, unused), false, "moments"}};
}

void require_counts(bool valid, const char* fault) {
  if (!valid)
    throw Error(ErrorCode::invalid_argument, fault,
                "Pass the size of the cohort, then how many were left after each renewal, such as "
                "{1000, 869, 743}; who returns is not counted again.");
}

bool is_count(double number) {
  return number >= 0 && number <= 1e15;
}

void require_model(const Sbg& model) {
  if (!(model.alpha > 0 && model.beta > 0 && model.alpha <= 1e12 && model.beta <= 1e12))
    throw Error(ErrorCode::invalid_argument, "alpha and beta must be above 0",
                "Pass what fit_sbg() gives.");
}

void require_periods(const char* name, std::int32_t periods) {
  if (periods < 0 || periods > kMostPeriods)
    throw Error(ErrorCode::invalid_argument, std::string(name) + " must be from 0 to 10,000",
                "Pass a number of renewals.", "It is " + std::to_string(periods) + ".");
}

void require_share(const char* name, double share) {
  if (!(share >= 0 && share <= 1))
    throw Error(ErrorCode::invalid_argument, std::string(name) + " must be from 0 to 1",
                "Write 80 percent as 0.8.");
}

}  // namespace

std::vector<SbgFit> fit_sbg(const std::vector<double>& survivors, Poll poll) {
  require_counts(survivors.size() >= 2, "survivors needs the cohort and at least one renewal");
  std::vector<Renewal> renewals;
  for (std::size_t i = 0; i + 1 < survivors.size(); ++i) {
    require_counts(is_count(survivors[i]) && is_count(survivors[i + 1]),
                   "survivors must be numbers from 0");
    require_counts(survivors[i + 1] <= survivors[i], "survivors must not rise");
    renewals.push_back({survivors[i], survivors[i] - survivors[i + 1]});
  }
  require_counts(survivors.front() > 0, "survivors needs a cohort of some customers");
  return fit(renewals, poll);
}

std::vector<SbgFit> fit_sbg_at_risk(const std::vector<double>& at_risk,
                                    const std::vector<double>& lost, Poll poll) {
  require_counts(!at_risk.empty() && at_risk.size() == lost.size(),
                 "at_risk and lost must have one number for each renewal");
  std::vector<Renewal> renewals;
  for (std::size_t i = 0; i < at_risk.size(); ++i) {
    require_counts(is_count(at_risk[i]) && is_count(lost[i]) && lost[i] <= at_risk[i],
                   "lost must be from 0 to at_risk");
    renewals.push_back({at_risk[i], lost[i]});
  }
  require_counts(at_risk.front() > 0, "at_risk needs some customers before the first renewal");
  return fit(renewals, poll);
}

std::vector<SbgPeriod> sbg_curve(const Sbg& model, std::int32_t periods) {
  require_model(model);
  require_periods("periods", periods);
  std::vector<SbgPeriod> curve(1);
  for (std::int32_t period = 1; period <= periods; ++period) {
    const double before = curve.back().survival;
    const double retention = (model.beta + period - 1) / (model.alpha + model.beta + period - 1);
    curve.push_back({period, before * retention, retention, before * (1 - retention)});
  }
  return curve;
}

Money sbg_ltv(const Sbg& model, Money arpa, const Valuation& valuation,
              std::optional<std::int32_t> periods, std::int32_t age, Poll poll) {
  require_model(model);
  require_share("gross_margin", valuation.gross_margin);
  require_periods("age", age);
  if (periods) require_periods("periods", *periods);
  if (!(valuation.discount_rate >= 0 && valuation.discount_rate <= 1000))
    throw Error(ErrorCode::invalid_argument, "discount_rate must be from 0 to 1000",
                "Write 10 percent a year as 0.1.");
  if (!(valuation.periods_per_year > 0 && valuation.periods_per_year <= 366))
    throw Error(ErrorCode::invalid_argument, "periods_per_year must be above 0 and at most 366",
                "Pass 1 for contracts of a year, 12 for those of a month.");
  const double discount = std::pow(1 + valuation.discount_rate, -1 / valuation.periods_per_year);
  const double beta = model.beta + age;
  const double both = model.alpha + beta;
  double payments = 0;
  if (periods) {
    double survival = 1;
    for (std::int32_t t = 0; t < *periods; ++t) {
      payments += survival;
      survival *= discount * (beta + t) / (both + t);
    }
  } else if (discount < 1) {
    payments = hypergeometric_1(beta, both, discount, poll);
  } else if (model.alpha > 1) {
    payments = (both - 1) / (model.alpha - 1);
  } else {
    throw Error(ErrorCode::invalid_argument, "without a discount this lifetime value has no bound",
                "Pass a discount_rate or a number of periods.");
  }
  return multiply(arpa, valuation.gross_margin * payments * (valuation.in_advance ? 1 : discount));
}

std::vector<SimpleLtv> simple_ltv(Money arpa, double gross_margin, double churn,
                                  const std::string& churn_basis) {
  require_share("gross_margin", gross_margin);
  require_share("churn", churn);
  SimpleLtv simple{std::nullopt, "ARPA x gross margin / " + churn_basis, std::nullopt};
  if (churn > 0)
    simple.ltv = multiply(arpa, gross_margin / churn);
  else
    simple.reason = "no churn";
  return {simple};
}

}  // namespace revenue::recurring
