#include "core/recurring/gamma_gamma.hpp"

#include <algorithm>
#include <cmath>

#include "core/foundation/error.hpp"
#include "core/foundation/number_text.hpp"
#include "core/recurring/maximise.hpp"
#include "core/recurring/special.hpp"

namespace revenue::recurring {
namespace {

constexpr std::int64_t kMostPurchases = 1'000'000'000;
constexpr double kMostValue = 1e15;
constexpr double kLeastValue = 1e-9;
constexpr std::size_t kPollEvery = 1 << 13;

using Customer = GammaGammaState::Customer;

/// Customers with equally many purchases: how many, and what their parts of the likelihood that no parameter
/// enters add up to. What is left of each customer is the sum of his purchases.
struct Kind {
  double purchases = 0;
  double count = 0;
  double logs = 0;  ///< of the sums
  double means = 0; ///< of the logarithms of the mean values
  std::size_t end = 0;  ///< of its sums, which begin where the kind before ends
};

struct Kinds {
  std::vector<Kind> kinds;
  std::vector<double> sums;
};

Kinds kinds_of(std::span<const Customer> customers, Poll poll) {
  Kinds found;
  for (std::size_t i = 0; i < customers.size(); ++i) {
    if (i % kPollEvery == 0) poll();
    const auto& [x, mean] = customers[i];
    if (found.kinds.empty() || found.kinds.back().purchases != x) found.kinds.push_back({.purchases = x});
    Kind& kind = found.kinds.back();
    found.sums.push_back(x * mean);
    kind.count += 1;
    kind.means += std::log(mean);
    kind.logs += std::log(x * mean);
    kind.end = found.sums.size();
  }
  return found;
}

double likelihood_of(const Kinds& customers, const GammaGamma& m, std::span<double> gradient, Poll poll) {
  double value = 0;
  std::fill(gradient.begin(), gradient.end(), 0);
  const double log_gamma_q = std::lgamma(m.q);
  const double digamma_q = digamma(m.q);
  const double log_gamma = std::log(m.gamma);
  std::size_t i = 0;
  for (const Kind& kind : customers.kinds) {
    double logs = 0;      // of gamma and the customer's sum together
    double inverses = 0;  // one over it
    // Eight logarithms are that of one product, which stays far from the ends of the range.
    constexpr std::size_t kTogether = 8;
    while (i < kind.end) {
      if (i % kPollEvery < kTogether) poll();
      double product = 1;
      for (const std::size_t end = std::min(i + kTogether, kind.end); i < end; ++i) {
        const double sum = m.gamma + customers.sums[i];
        product *= sum;
        inverses += 1 / sum;
      }
      logs += std::log(product);
    }
    const double px = m.p * kind.purchases;
    const double digamma_both = digamma(px + m.q);
    value += kind.count * (std::lgamma(px + m.q) - std::lgamma(px) - log_gamma_q + m.q * log_gamma) +
             px * kind.logs - kind.means - (px + m.q) * logs;
    gradient[0] += kind.purchases * (kind.count * (digamma_both - digamma(px)) + kind.logs - logs);
    gradient[1] += kind.count * (digamma_both - digamma_q + log_gamma) - logs;
    gradient[2] += kind.count * m.q / m.gamma - (px + m.q) * inverses;
  }
  return value;
}

double mean_of(std::span<const Customer> customers) {
  double sum = 0;
  double purchases = 0;
  for (const auto& [x, mean] : customers) {
    sum += x * mean;
    purchases += x;
  }
  return sum / purchases;
}

void require_customer(std::int64_t frequency, std::optional<double> mean_value) {
  if (frequency < 0 || frequency > kMostPurchases)
    throw Error(ErrorCode::invalid_argument, "frequency must be from 0 to 1,000,000,000",
                "Pass the number of purchases that the mean is of.",
                "It is " + std::to_string(frequency) + ".");
  if (frequency > 0 && !(mean_value && *mean_value >= kLeastValue && *mean_value <= kMostValue))
    throw Error(ErrorCode::invalid_argument, "mean_value must be above 0 and at most 1e15",
                "Leave customers out whose purchases were free, or were refunded.",
                "It is " + shown(mean_value) + ".");
}

}  // namespace

void GammaGammaState::add(std::int64_t frequency, double mean_value) {
  require_customer(frequency, mean_value);
  if (frequency > 0) customers_.push_back({static_cast<double>(frequency), mean_value});
}

void GammaGammaState::merge(const GammaGammaState& other) {
  customers_.insert(customers_.end(), other.customers_.begin(), other.customers_.end());
}

void GammaGammaState::serialize(Writer& writer) const {
  writer.put(customers_.size());
  writer.put_all(std::span(customers_));
}

void GammaGammaState::deserialize(Reader& reader) {
  const auto customers = reader.get_all<Customer>(reader.get<std::size_t>());
  for (const auto& [x, mean] : customers)
    if (!(x >= 1 && x <= static_cast<double>(kMostPurchases) && mean >= kLeastValue &&
          mean <= kMostValue))
      Reader::malformed();
  customers_.assign(customers.begin(), customers.end());
}

std::optional<GammaGammaFit> GammaGammaState::result(Poll poll) const {
  if (customers_.empty()) return std::nullopt;
  // In an order of their own, so that the sums do not depend on that of the rows.
  std::vector<Customer> customers(customers_.begin(), customers_.end());
  polled_sort(customers, poll, [](const Customer& a, const Customer& b) {
    return std::pair(a.purchases, a.mean_value) < std::pair(b.purchases, b.mean_value);
  });
  const Kinds kinds = kinds_of(customers, poll);
  // The mean of all customers is p gamma / (q - 1).
  const double mean = mean_of(customers);
  const GammaGamma start{2, 3, mean};
  const auto likelihood = [&](std::span<const double> at, std::span<double> gradient) {
    return likelihood_of(kinds, {at[0], at[1], at[2]}, gradient, poll);
  };
  const double first[] = {start.p, start.q, start.gamma};
  const Maximum maximum = maximise(likelihood, first, poll);
  GammaGammaFit fit{maximum.at[0],
                    maximum.at[1],
                    maximum.at[2],
                    maximum.value,
                    static_cast<std::int64_t>(customers.size()),
                    maximum.converged && !maximum.flat,
                    "likelihood"};
  if (!fit.converged) {
    constexpr double kAllAlike = 1e6;  // q that leaves a customer's own mean without weight
    double unused[3];
    fit.method = "moments";
    fit.p = 1;
    fit.q = kAllAlike;
    fit.gamma = mean * (kAllAlike - 1);
    fit.log_likelihood = likelihood_of(kinds, {fit.p, fit.q, fit.gamma}, unused, poll);
  }
  return fit;
}

double expected_value(const GammaGamma& model, std::int64_t frequency, std::optional<double> mean_value) {
  require_customer(frequency, mean_value);
  if (!(model.p > 0 && model.q > 0 && model.gamma > 0 && model.p <= 1e15 && model.q <= 1e15 &&
        model.gamma <= 1e30))
    throw Error(ErrorCode::invalid_argument, "p, q and gamma must be above 0",
                "Pass what fit_gamma_gamma() gives.");
  const auto x = static_cast<double>(frequency);
  const double weight = model.p * x + model.q - 1;
  if (!(weight > 0))
    throw Error(ErrorCode::invalid_argument, "the model has no mean value for this customer",
                "It needs q above 1, or more purchases.");
  return model.p * (model.gamma + (frequency > 0 ? x * *mean_value : 0)) / weight;
}

}  // namespace revenue::recurring
