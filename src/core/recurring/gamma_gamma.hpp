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

/// The Gamma-Gamma model of what a purchase is worth (Fader & Hardie 2013): a customer's purchases
/// are Gamma(p, v), his v is Gamma(q, gamma).
struct GammaGamma {
  double p = 0;
  double q = 0;
  double gamma = 0;
};
REVENUE_FIELDS(GammaGamma, p, q, gamma)

/// method: likelihood, or moments where the likelihood is flat: everybody's mean is that of all;
/// converged says whether the parameters are the maximum.
struct GammaGammaFit {
  double p = 0;
  double q = 0;
  double gamma = 0;
  double log_likelihood = 0;
  std::int64_t n = 0;
  bool converged = false;
  std::string method;
};
REVENUE_FIELDS(GammaGammaFit, p, q, gamma, log_likelihood, n, converged, method)

/// Aggregate state of fit_gamma_gamma.
class GammaGammaState {
 public:
  explicit GammaGammaState(std::pmr::memory_resource* memory) : customers_(memory) {}

  /// The number of purchases and their mean value, above 0 unless there is no purchase, which tells
  /// nothing and is left out. Throws invalid_argument for anything else.
  void add(std::int64_t frequency, double mean_value);
  void merge(const GammaGammaState& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);
  /// Nothing where nobody purchased.
  std::optional<GammaGammaFit> result(Poll poll) const;

  struct Customer {
    double purchases;
    double mean_value;
  };

 private:
  std::pmr::vector<Customer> customers_;
};

/// What a customer's purchase is worth on average, between what his were and what all are. Throws
/// invalid_argument where the model has no mean (q at most 1 and no purchase).
double expected_value(const GammaGamma& model, std::int64_t frequency, std::optional<double> mean_value);

}  // namespace revenue::recurring
