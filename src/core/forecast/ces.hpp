#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/foundation/poll.hpp"

namespace revenue::forecast {

enum class CesSeason : std::uint8_t { none, simple, partial, full };

/// Complex exponential smoothing (Svetunkov & Kourentzes 2022): a level and a potential that smooth each
/// other, so that level and trend need not be told apart.
struct CesModel {
  CesSeason season = CesSeason::none;
  double a0 = 1.3;  ///< complex smoothing parameter a0 + i a1
  double a1 = 1;
  double b0 = 1.3;  ///< that of the season
  double b1 = 1;
  std::vector<double> level;      ///< one value, or a season of them, the next first
  std::vector<double> potential;
  std::vector<double> seasonal;            ///< partial and full
  std::vector<double> seasonal_potential;  ///< full
  double information = 0;                  ///< AICc
};

/// The model with the least AICc among those with no season and, where there are two seasons of data, simple,
/// partial and full. First states by backcasting. Needs a value. `fitted` receives the one-step forecasts, if it is
/// not empty.
CesModel fit_ces(std::span<const double> values, std::size_t season, Poll poll = no_poll,
                 std::span<double> fitted = {});

/// The forecasts of the next periods.
void forecast_ces(const CesModel& model, std::span<double> into);

}  // namespace revenue::forecast
