#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/foundation/poll.hpp"

namespace revenue::recurring {

/// The logarithm of a likelihood at the parameters, and its gradient.
using LogLikelihood = std::function<double(std::span<const double> at, std::span<double> gradient)>;

struct Maximum {
  std::vector<double> at;  ///< the parameters, all above 0
  double value = 0;
  bool converged = false;  ///< the gradient is 0 there, as far as doubles tell
  bool flat = false;       ///< a parameter could as well be 1,000 times larger or smaller
};

/// Climbs from `start` over positive parameters, by BFGS on their logarithms (Nocedal & Wright
/// 2006) within e^-25 to e^25. Deterministic.
Maximum maximise(const LogLikelihood& likelihood, std::span<const double> start, Poll poll);

}  // namespace revenue::recurring
