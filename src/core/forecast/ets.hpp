#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/foundation/poll.hpp"

namespace revenue::forecast {

enum class Component : std::uint8_t { none, additive, damped, multiplicative };

/// Which of the exponential smoothing models: error, trend, season as in ETS(A,Ad,N). The error is
/// additive or multiplicative, the trend none, additive or damped, the season none, additive or
/// multiplicative.
struct EtsForm {
  Component error = Component::additive;
  Component trend = Component::none;
  Component season = Component::none;
};

/// "ETS(M,Ad,M)".
std::string name_of(const EtsForm& form);

struct EtsModel {
  EtsForm form;
  double alpha = 0;
  double beta = 0;
  double gamma = 0;
  double phi = 1;
  double level = 0;
  double slope = 0;
  std::vector<double> season;  ///< the effect of the next period first; empty without season
  double information = 0;      ///< AICc
};

/// Fits the models of the admissible set (Hyndman & Khandakar 2008: no multiplicative trend, no
/// additive error with a multiplicative season; multiplicative parts only for positive values) and
/// gives the one with the least AICc. Needs a value. `fitted` receives the one-step forecasts, if it is not empty.
EtsModel fit_ets(std::span<const double> values, std::size_t season, Poll poll = no_poll,
                 std::span<double> fitted = {});

/// Fits one form. `season` is that of the data, used where the form has one.
EtsModel fit_ets_form(std::span<const double> values, std::size_t season, const EtsForm& form,
                      std::span<double> fitted = {});

/// The forecasts of the next periods.
void forecast_ets(const EtsModel& model, std::span<double> into);

}  // namespace revenue::forecast
