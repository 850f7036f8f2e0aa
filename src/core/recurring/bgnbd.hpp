#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/poll.hpp"

namespace revenue::recurring {

/// The BG/NBD model of repeat purchases (Fader, Hardie & Lee 2005): customers buy at their own
/// rate, Gamma(r, alpha), and leave for good after each purchase with their own probability,
/// Beta(a, b). alpha is in the unit of time of recency and age.
struct Bgnbd {
  double r = 0;
  double alpha = 0;
  double a = 0;
  double b = 0;
};
REVENUE_FIELDS(Bgnbd, r, alpha, a, b)

/// method: likelihood, or moments where the likelihood is flat: of the purchases alone, nobody
/// leaving; converged says whether the parameters are the maximum.
struct BgnbdFit {
  double r = 0;
  double alpha = 0;
  double a = 0;
  double b = 0;
  double log_likelihood = 0;
  std::int64_t n = 0;
  bool converged = false;
  std::string method;
};
REVENUE_FIELDS(BgnbdFit, r, alpha, a, b, log_likelihood, n, converged, method)

/// A customer: repeat purchases, when the last one was and how long he is known, both since the
/// first purchase.
struct Purchases {
  std::int64_t frequency = 0;
  double recency = 0;
  double age = 0;
};
REVENUE_FIELDS(Purchases, frequency, recency, age)

/// Throws invalid_argument unless 0 <= recency <= age and recency is 0 exactly without a repeat;
/// at most 1,000,000 repeats.
void require_purchases(const Purchases& purchases);

/// Aggregate state of fit_bgnbd: one entry for each kind of customer.
class BgnbdState {
 public:
  explicit BgnbdState(std::pmr::memory_resource* memory) : customers_(memory) {}

  void add(std::int64_t frequency, double recency, double age);
  void merge(const BgnbdState& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);
  BgnbdFit result(Poll poll) const;

 private:
  std::pmr::vector<Purchases> customers_;
};

double log_likelihood(const Bgnbd& model, const Purchases& customer);

/// The probability that the customer has not left.
double probability_alive(const Bgnbd& model, const Purchases& customer);

/// Purchases to expect within `time` from now on.
double expected_purchases(const Bgnbd& model, const Purchases& customer, double time, Poll poll);

}  // namespace revenue::recurring
