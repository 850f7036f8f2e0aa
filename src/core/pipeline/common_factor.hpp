#pragma once

#include <span>

namespace revenue::pipeline {

/// What a forecast of wins said of a period before it began, and what came.
struct PastForecast {
  double expected = 0;
  double variance = 0;   ///< of independent deals
  double parameter = 0;  ///< squared coefficient of variation for what was not known of the rates
  double won = 0;
};

/// Squared coefficient of variation of the factor that all deals of a period have in common, such
/// that a lognormal one reaches as far as 95 of 100 would, given what past forecasts were off by.
/// Each counts `weight`, below 1 where they overlap. The prior of its logarithm's deviation sigma
/// is exponential, with one organisation in twenty above 1 (Simpson et al. 2017): while little is
/// known the uncertainty of sigma itself makes the factor reach further.
double common_dispersion(std::span<const PastForecast> past, double weight);

}  // namespace revenue::pipeline
