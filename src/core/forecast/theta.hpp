#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace revenue::forecast {

/// The dynamic optimised theta model (Fiorucci et al. 2016) of a series without season: simple
/// exponential smoothing of the series, drawn towards a straight line that is refitted with every
/// value. `pull` is 1 - 1/theta: 0 is no trend, 1/2 the theta method, towards 1 the whole slope.
struct ThetaModel {
  double alpha = 0.5;
  double pull = 0.5;
  double level = 0;
  double mean = 0;   ///< of the values so far
  double slope = 0;  ///< of the line through the values so far
  double count = 0;
};

/// Fits smoothing, first level and, where `optimise_pull`, the pull to the squared one-step errors.
/// For a given smoothing they are linear in the other two, so that one parameter is searched for.
/// Needs a value. `fitted` receives the one-step forecasts, if it is not empty.
ThetaModel fit_theta(std::span<const double> values, bool optimise_pull, std::span<double> fitted = {});

/// The forecasts of the next periods.
void forecast_theta(const ThetaModel& model, std::span<double> into);

}  // namespace revenue::forecast
