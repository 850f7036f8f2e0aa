#include "core/forecast/parts.hpp"

#include <algorithm>
#include <variant>

namespace revenue::forecast {

namespace {

constexpr std::string_view kNames[] = {"auto", "fast",  "ets", "theta", "ces", "ces_adjusted", "damped",
                                       "ses",  "naive", "seasonal_naive", "sba",   "tsb", "adida"};

void forecast_fitted(const Flat& flat, std::span<double> into) { std::fill(into.begin(), into.end(), flat.level); }
void forecast_fitted(const Repeat& repeat, std::span<double> into) {
  for (std::size_t h = 0; h < into.size(); ++h) into[h] = repeat.season[h % repeat.season.size()];
}
void forecast_fitted(const ThetaModel& model, std::span<double> into) { forecast_theta(model, into); }
void forecast_fitted(const EtsModel& model, std::span<double> into) { forecast_ets(model, into); }
void forecast_fitted(const CesModel& model, std::span<double> into) { forecast_ces(model, into); }

}  // namespace

void Mixture::forecast(std::span<double> into) const {
  std::fill(into.begin(), into.end(), 0.0);
  std::vector<double> one(into.size());
  for (const Part& part : parts) {
    std::visit([&](const auto& fitted) { forecast_fitted(fitted, one); }, part.fitted);
    for (std::size_t h = 0; h < into.size(); ++h) {
      double value = one[h];
      if (part.adjusted && !effects.empty()) {
        const double effect = effects[h % effects.size()];
        value = multiplicative ? value * effect : value + effect;
      }
      into[h] += part.weight * value;
    }
  }
}

std::optional<double> Mixture::smoothing() const {
  for (const Part& part : parts)
    if (const auto* theta = std::get_if<ThetaModel>(&part.fitted)) return theta->alpha;
  return std::nullopt;
}

std::string_view name_of(Method method) { return kNames[static_cast<std::size_t>(method)]; }

std::span<const std::string_view> method_names() { return kNames; }

std::string describe_part(const Part& part) {
  if (const auto* ets = std::get_if<EtsModel>(&part.fitted); ets != nullptr && part.method == Method::ets)
    return name_of(ets->form);
  if (const auto* ces = std::get_if<CesModel>(&part.fitted)) {
    constexpr std::string_view kSeasons[] = {"none", "simple", "partial", "full"};
    return "CES(" + std::string(kSeasons[static_cast<std::size_t>(ces->season)]) + ")";
  }
  return std::string(name_of(part.method));
}

Table parameters_of(const Part& part, double unit) {
  Table table;
  if (const auto* flat = std::get_if<Flat>(&part.fitted)) {
    table.set("level", flat->level * unit);
  } else if (const auto* theta = std::get_if<ThetaModel>(&part.fitted)) {
    table.set("alpha", theta->alpha);
    if (theta->pull < 1) table.set("theta", 1 / (1 - theta->pull));
    table.set("level", theta->level * unit);
    table.set("slope", theta->slope * unit);
  } else if (const auto* ets = std::get_if<EtsModel>(&part.fitted)) {
    table.set("alpha", ets->alpha);
    if (ets->form.trend != Component::none) table.set("beta", ets->beta);
    if (ets->form.season != Component::none) table.set("gamma", ets->gamma);
    if (ets->form.trend == Component::damped) table.set("phi", ets->phi);
    table.set("level", ets->level * unit);
    if (ets->form.trend != Component::none) table.set("slope", ets->slope * unit);
  } else if (const auto* ces = std::get_if<CesModel>(&part.fitted)) {
    table.set("a0", ces->a0);
    table.set("a1", ces->a1);
    if (!ces->seasonal.empty()) table.set("b0", ces->b0);
    if (ces->season == CesSeason::full) table.set("b1", ces->b1);
  }
  return table;
}

}  // namespace revenue::forecast
