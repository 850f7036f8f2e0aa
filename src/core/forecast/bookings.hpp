#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/forecast/ensemble.hpp"
#include "core/foundation/fields.hpp"

namespace revenue::forecast {

/// What an organisation has won, by month; month 0 is the first it won a deal in, `months` the
/// one that runs. The first four vectors go together, a cell each; so do the next three.
struct BookingsHistory {
  std::int32_t months = 0;
  std::vector<std::int32_t> won_in;
  std::vector<std::int32_t> created_in;      ///< when the deals were made; may be below 0
  std::vector<std::int32_t> customer_since;  ///< when their accounts won the first deal
  std::vector<double> value;
  std::vector<std::int32_t> origin;  ///< months at whose beginning the pipeline was looked at
  std::vector<double> open_value;    ///< of the deals open then
  /// What was to be won of them within 1, 2, ... kMostMonths months, an origin after another.
  std::vector<double> expected;
};
REVENUE_FIELDS(BookingsHistory, months, won_in, created_in, customer_since, value, origin,
               open_value, expected)

/// The window to forecast: what is won in the months `first` to `last` - 1 from the running one on,
/// of which the share `remaining` of a month's usual value is still to come.
struct BookingsWindow {
  std::int32_t first = 0;
  std::int32_t last = 1;
  double remaining = 1;
  double open_now = 0;       ///< value of the deals open now
  double expected_now = 0;   ///< what is to be won of them in the window
  double deviation_now = 0;  ///< its standard deviation
  double signal = 1;         ///< what churn and expansion scores make of repeat business
};
REVENUE_FIELDS(BookingsWindow, first, last, remaining, open_now, expected_now, deviation_now,
               signal)

inline constexpr int kMostMonths = 24;
inline constexpr int kLeastHistory = 6;  ///< two quarters
inline constexpr int kMostOrigins = 36;

/// The components of a forecast of bookings and what each would have said at the beginning of past
/// months, knowing nothing of what came after:
///   pipeline     open deals by when deals of their stage were won, and deals not made yet, as many
///                as in windows of that length before
///   conversion   open value x won in windows of that length / open value then
///   run_rate     the series of months, by theta and the season before
///   seasonality  the same months a year before, x growth
///   customers    repeat business in proportion to the year before, x signal, and first deals
/// Averages over the past count half every six months. Throws invalid_argument for vectors that do
/// not go together and a window out of range.
std::vector<Predictor> bookings_components(const BookingsHistory& history,
                                           const BookingsWindow& window, Past& past);

/// Their combination. `closed` is what is won in the period already.
EnsembleForecast bookings_forecast(const BookingsHistory& history, const BookingsWindow& window,
                                   double closed, const std::string& method,
                                   const std::vector<double>& levels);

}  // namespace revenue::forecast
