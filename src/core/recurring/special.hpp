#pragma once

#include "core/foundation/poll.hpp"

namespace revenue::recurring {

/// The derivative of ln gamma(x); x above 0, relative error about 1e-14.
double digamma(double x);

/// Gauss's hypergeometric function F(1, b; c; z) for b, c above 0 and z from 0 to below 1, by his
/// continued fraction: some 10 / sqrt(1 - z) steps.
double hypergeometric_1(double b, double c, double z, Poll poll);

/// F(a, b; c; z) for c above 0 and z from 0 to below 1, by its series.
double hypergeometric(double a, double b, double c, double z, Poll poll);

}  // namespace revenue::recurring
