#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/foundation/fields.hpp"
#include "core/foundation/poll.hpp"

namespace revenue::pipeline {

/// A rate after `successes` of `trials`: Beta(a, b). Jeffreys' prior Beta(1/2, 1/2) makes it
/// Beta(successes + 1/2, failures + 1/2), whose equal-tailed interval covers well at every size
/// (Brown, Cai and DasGupta 2001).
struct Beta {
  double a;
  double b;
};

/// The posterior under Jeffreys' prior. Throws invalid_argument unless
/// 0 <= successes <= trials <= 1e15.
Beta jeffreys_posterior(std::int64_t successes, std::int64_t trials);

/// Where the distribution function reaches `probability`, above 0 and below 1; absolute error of
/// the probability below 1e-12. Throws invalid_argument for another probability.
double quantile(const Beta& beta, double probability);

/// For each posterior the probability that its rate is the highest of all: the integral of its
/// density times the distribution functions of the others,
/// by Gauss-Legendre quadrature over panels fine enough for the narrowest. Not by simulation: the
/// same counts give the same figure, and the figures sum to 1 within 1e-12.
std::vector<double> probabilities_best(const std::vector<Beta>& betas, Poll poll = &no_poll);

/// The quantile of a rate's posterior: rate_quantile(k, n, 0.025) and (k, n, 0.975) bound the
/// central 95 %.
double rate_quantile(std::int64_t successes, std::int64_t trials, double probability);

struct Variant {
  std::string variant;
  std::int64_t successes = 0;
  std::int64_t trials = 0;
  double p_best = 0;
};
REVENUE_FIELDS(Variant, variant, successes, trials, p_best)

/// Fills in p_best. Throws invalid_argument for counts that cannot be and for more than 200
/// variants.
std::vector<Variant> compare_variants(std::vector<Variant> variants, Poll poll = &no_poll);

}  // namespace revenue::pipeline
