#include <cmath>
#include <utility>
#include <variant>

#include "core/forecast/parts.hpp"

namespace revenue::forecast {

namespace {

constexpr std::size_t kMostParts = 16;
constexpr std::size_t kMostStored = 1000;

void put_list(Writer& writer, const std::vector<double>& values) {
  writer.put(static_cast<std::uint32_t>(values.size()));
  writer.put_all(std::span(values));
}

std::vector<double> get_list(Reader& reader) {
  const auto count = reader.get<std::uint32_t>();
  if (count > kMostStored) Reader::malformed();
  std::vector<double> values = reader.get_all<double>(count);
  for (const double value : values)
    if (!std::isfinite(value)) Reader::malformed();
  return values;
}

double get_number(Reader& reader) {
  const auto value = reader.get<double>();
  if (!std::isfinite(value)) Reader::malformed();
  return value;
}

template <class T>
T get_enum(Reader& reader, T last) {
  const auto value = reader.get<std::uint8_t>();
  if (value > static_cast<std::uint8_t>(last)) Reader::malformed();
  return static_cast<T>(value);
}

void put(Writer& writer, const Flat& flat) { writer.put(flat.level); }
void put(Writer& writer, const Repeat& repeat) { put_list(writer, repeat.season); }
void put(Writer& writer, const ThetaModel& model) {
  for (const double value : {model.alpha, model.pull, model.level, model.mean, model.slope, model.count})
    writer.put(value);
}
void put(Writer& writer, const EtsModel& model) {
  for (const Component part : {model.form.error, model.form.trend, model.form.season})
    writer.put(static_cast<std::uint8_t>(part));
  for (const double value : {model.alpha, model.beta, model.gamma, model.phi, model.level, model.slope})
    writer.put(value);
  put_list(writer, model.season);
}
void put(Writer& writer, const CesModel& model) {
  writer.put(static_cast<std::uint8_t>(model.season));
  for (const double value : {model.a0, model.a1, model.b0, model.b1}) writer.put(value);
  for (const auto* list : {&model.level, &model.potential, &model.seasonal, &model.seasonal_potential})
    put_list(writer, *list);
}

Flat get(Reader& reader, std::in_place_type_t<Flat>) { return {get_number(reader)}; }
Repeat get(Reader& reader, std::in_place_type_t<Repeat>) {
  Repeat repeat{get_list(reader)};
  if (repeat.season.empty()) Reader::malformed();
  return repeat;
}
ThetaModel get(Reader& reader, std::in_place_type_t<ThetaModel>) {
  ThetaModel model;
  for (double* value : {&model.alpha, &model.pull, &model.level, &model.mean, &model.slope, &model.count})
    *value = get_number(reader);
  if (!(model.alpha > 0 && model.alpha < 1 && model.count >= 1)) Reader::malformed();
  return model;
}
EtsModel get(Reader& reader, std::in_place_type_t<EtsModel>) {
  EtsModel model;
  model.form.error = get_enum(reader, Component::multiplicative);
  model.form.trend = get_enum(reader, Component::damped);
  model.form.season = get_enum(reader, Component::multiplicative);
  for (double* value : {&model.alpha, &model.beta, &model.gamma, &model.phi, &model.level, &model.slope})
    *value = get_number(reader);
  model.season = get_list(reader);
  const bool proper = model.form.error == Component::additive || model.form.error == Component::multiplicative;
  if (!proper || model.form.season == Component::damped ||
      (model.form.season == Component::none) != model.season.empty())
    Reader::malformed();
  return model;
}
CesModel get(Reader& reader, std::in_place_type_t<CesModel>) {
  CesModel model;
  model.season = get_enum(reader, CesSeason::full);
  for (double* value : {&model.a0, &model.a1, &model.b0, &model.b1}) *value = get_number(reader);
  for (auto* list : {&model.level, &model.potential, &model.seasonal, &model.seasonal_potential})
    *list = get_list(reader);
  const bool own_season = model.season == CesSeason::partial || model.season == CesSeason::full;
  if (model.level.empty() || model.level.size() != model.potential.size() || own_season == model.seasonal.empty() ||
      model.seasonal_potential.size() != (model.season == CesSeason::full ? model.seasonal.size() : 0))
    Reader::malformed();
  return model;
}

template <std::size_t I = 0>
decltype(Part::fitted) get_fitted(Reader& reader, std::size_t kind) {
  if constexpr (I < std::variant_size_v<decltype(Part::fitted)>) {
    using Kind = std::variant_alternative_t<I, decltype(Part::fitted)>;
    if (kind == I) return get(reader, std::in_place_type<Kind>);
    return get_fitted<I + 1>(reader, kind);
  }
  Reader::malformed();
}

}  // namespace

void Mixture::serialize(Writer& writer) const {
  writer.put(static_cast<std::uint8_t>(multiplicative));
  put_list(writer, effects);
  writer.put(static_cast<std::uint8_t>(parts.size()));
  for (const Part& part : parts) {
    writer.put(static_cast<std::uint8_t>(part.method));
    writer.put(part.weight);
    writer.put(static_cast<std::uint8_t>(part.adjusted));
    writer.put(static_cast<std::uint8_t>(part.fitted.index()));
    std::visit([&](const auto& fitted) { put(writer, fitted); }, part.fitted);
  }
}

Mixture Mixture::deserialize(Reader& reader) {
  Mixture mixture;
  mixture.multiplicative = get_enum(reader, std::uint8_t{1}) == 1;
  mixture.effects = get_list(reader);
  const auto count = reader.get<std::uint8_t>();
  if (count == 0 || count > kMostParts) Reader::malformed();
  for (std::size_t i = 0; i < count; ++i) {
    Part part;
    part.method = get_enum(reader, Method::adida);
    part.weight = get_number(reader);
    part.adjusted = get_enum(reader, std::uint8_t{1}) == 1;
    part.fitted = get_fitted(reader, reader.get<std::uint8_t>());
    mixture.parts.push_back(std::move(part));
  }
  return mixture;
}

}  // namespace revenue::forecast
