#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/poll.hpp"
#include "core/foundation/table.hpp"
#include "core/forecast/ces.hpp"
#include "core/forecast/ets.hpp"
#include "core/forecast/series.hpp"
#include "core/forecast/theta.hpp"

namespace revenue::forecast {

/// The same for every period to come: naive, simple smoothing, demand rates.
struct Flat {
  double level = 0;
};

/// The last season again.
struct Repeat {
  std::vector<double> season;  ///< the next period first
};

/// One method's share of a combined forecast.
struct Part {
  Method method = Method::naive;
  double weight = 1;
  bool adjusted = false;  ///< fitted to the series without its season, which is put back
  std::variant<Flat, Repeat, ThetaModel, EtsModel, CesModel> fitted;
};

/// Parts, and the season that some of them were fitted without.
struct Mixture {
  std::vector<Part> parts;
  bool multiplicative = false;
  std::vector<double> effects;  ///< the next period first; empty without season

  /// The forecasts of the next periods.
  void forecast(std::span<double> into) const;
  /// How fast its level moves: the smoothing of the theta model, if it is one of the parts.
  std::optional<double> smoothing() const;

  void serialize(Writer& writer) const;
  static Mixture deserialize(Reader& reader);
};

/// Chooses and fits methods to consecutive values of order 1. Automatic: the recipe for its length, or one
/// for lumpy demand. `notes` receives why, `fitted` the one-step forecasts.
Mixture fit_mixture(std::span<const double> values, std::int32_t season, Method method, std::vector<Note>& notes,
                    std::vector<double>& fitted, Poll poll);

std::string_view name_of(Method method);
std::span<const std::string_view> method_names();

/// Such as "ETS(M,Ad,M)".
std::string describe_part(const Part& part);

/// The fitted parameters by name; levels in the unit of the values.
Table parameters_of(const Part& part, double unit);

}  // namespace revenue::forecast
