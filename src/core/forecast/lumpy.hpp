#pragma once

#include <cstddef>
#include <span>

namespace revenue::forecast {

/// Periods per period with demand; more than 1.32 is lumpy (Syntetos, Boylan & Croston 2005).
double mean_interval(std::span<const double> values);
inline constexpr double kLumpy = 1.32;

/// Zeros at the end.
std::size_t trailing_zeros(std::span<const double> values);

/// Expected demand per period; `fitted` receives the one-step forecasts, if it is not empty.
/// Syntetos & Boylan 2005: smoothed size over smoothed interval, less its bias.
double fit_sba(std::span<const double> values, std::span<double> fitted = {});

/// Teunter, Syntetos & Babai 2011: smoothed probability times smoothed size, so that demand may die out.
double fit_tsb(std::span<const double> values, std::span<double> fitted = {});

/// Nikolopoulos et al. 2011: simple smoothing of sums over the mean interval.
double fit_adida(std::span<const double> values, std::span<double> fitted = {});

/// The last level of simple exponential smoothing, fitted to the squared one-step errors.
double fit_ses(std::span<const double> values, std::span<double> fitted = {});

}  // namespace revenue::forecast
