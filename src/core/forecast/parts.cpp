#include "core/forecast/parts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/forecast/lumpy.hpp"
#include "core/forecast/seasonality.hpp"

namespace revenue::forecast {

namespace {

constexpr std::size_t kMostSeason = 24;  // of the methods that carry a season in their state

constexpr std::string_view kNames[] = {"auto", "fast",  "ets", "theta", "ces", "ces_adjusted", "damped",
                                       "ses",  "naive", "seasonal_naive", "sba",   "tsb", "adida"};

Repeat last_season(std::span<const double> values, std::size_t season) {
  return {std::vector<double>(values.end() - static_cast<std::ptrdiff_t>(season), values.end())};
}

// The values without their season, and the season from the next period on.
struct Adjusted {
  std::vector<double> values;
  bool multiplicative = false;
  std::vector<double> effects;
};

Adjusted adjust(std::span<const double> values, std::size_t season) {
  Adjusted adjusted;
  adjusted.values.assign(values.begin(), values.end());
  adjusted.multiplicative = *std::min_element(values.begin(), values.end()) > 0;
  std::vector<double> effects = shrunk_effects(values, season, adjusted.multiplicative);
  if (effects.empty()) return adjusted;
  if (adjusted.multiplicative)
    for (double& effect : effects) effect = std::max(effect, 0.01);
  for (std::size_t t = 0; t < values.size(); ++t) {
    double& value = adjusted.values[t];
    value = adjusted.multiplicative ? value / effects[t % season] : value - effects[t % season];
  }
  std::rotate(effects.begin(), effects.begin() + static_cast<std::ptrdiff_t>(values.size() % season), effects.end());
  adjusted.effects = std::move(effects);
  return adjusted;
}

class Fitter {
 public:
  Fitter(std::span<const double> values, std::int32_t season, std::vector<Note>& notes, Poll poll)
      : values_(values),
        season_(static_cast<std::size_t>(std::max(season, 1))),
        adjusted_(adjust(values, season_)),
        notes_(notes),
        poll_(poll) {}

  void add(Method method, double weight) {
    poll_();
    Part part{method, weight, false, Flat{values_.back()}};
    std::vector<double>& one = one_step_.emplace_back(values_.size());
    // Their states hold no season as long as this one, which is then taken out before.
    const bool outside = season_ > kMostSeason;
    const std::span<const double> adjusted = adjusted_.values;
    const std::span<const double> held = outside ? adjusted : values_;
    switch (method) {
      case Method::ets:
        part.fitted = fit_ets(held, outside ? 1 : season_, poll_, one);
        part.adjusted = outside;
        break;
      case Method::ces:
        part.fitted = fit_ces(held, outside ? 1 : season_, poll_, one);
        part.adjusted = outside;
        break;
      case Method::ces_adjusted:
        part.fitted = fit_ces(adjusted, 1, poll_, one);
        part.adjusted = true;
        break;
      case Method::theta:
      case Method::fast:
        part.method = Method::theta;
        part.fitted = fit_theta(adjusted, method == Method::theta, one);
        part.adjusted = true;
        break;
      case Method::damped:
        part.fitted =
            fit_ets_form(adjusted, 1, {Component::additive, Component::damped, Component::none}, one);
        part.adjusted = true;
        break;
      case Method::ses:
        part.fitted = Flat{fit_ses(adjusted, one)};
        part.adjusted = true;
        break;
      case Method::seasonal_naive:
        if (values_.size() >= season_) part.fitted = last_season(values_, season_);
        copy_before(values_, std::min(season_, values_.size()), one);
        break;
      case Method::sba: part.fitted = Flat{fit_sba(values_, one)}; break;
      case Method::tsb: part.fitted = Flat{fit_tsb(values_, one)}; break;
      case Method::adida: part.fitted = Flat{fit_adida(values_, one)}; break;
      case Method::automatic:
      case Method::naive:
        part.fitted = Flat{adjusted.back()};
        part.adjusted = true;
        copy_before(adjusted, 1, one);
        break;
    }
    if (part.adjusted) put_season_back(one);
    mixture_.parts.push_back(std::move(part));
  }

  void automatic(bool fast) {
    const std::size_t n = values_.size();
    if (std::adjacent_find(values_.begin(), values_.end(), std::not_equal_to<>()) == values_.end()) {
      if (n > 1) notes_.push_back({Remark::constant, 0});
      return add(Method::naive, 1);
    }
    if (has_ended()) {
      notes_.push_back({Remark::ended, static_cast<std::int64_t>(trailing_zeros(values_))});
      return add(Method::naive, 1);
    }
    if (mean_interval(values_) > kLumpy) {
      notes_.push_back({Remark::lumpy, 0});
      add(Method::tsb, 1);
      add(Method::sba, 1);
      return add(Method::adida, 1);
    }
    if (n < 5) notes_.push_back({Remark::very_short, static_cast<std::int64_t>(n)});
    if (season_ > 1) combine_seasonal(n, fast);
    else combine_plain(n, fast);
  }

  Mixture finish(std::vector<double>& fitted) {
    double sum = 0;
    for (const Part& part : mixture_.parts) sum += part.weight;
    for (Part& part : mixture_.parts) part.weight /= sum;
    fitted.assign(values_.size(), 0.0);
    for (std::size_t i = 0; i < one_step_.size(); ++i)
      for (std::size_t t = 0; t < fitted.size(); ++t) fitted[t] += mixture_.parts[i].weight * one_step_[i][t];
    mixture_.multiplicative = adjusted_.multiplicative;
    mixture_.effects = std::move(adjusted_.effects);
    return std::move(mixture_);
  }

 private:
  // Weights by rolling origin on the training parts of M1 and M3, whole and cut to short histories.
  void combine_seasonal(std::size_t n, bool fast) {
    if (n < 2 * season_) {
      if (n >= 5) notes_.push_back({Remark::short_history, 0});
    } else if (adjusted_.effects.empty()) notes_.push_back({Remark::no_season, 0});
    if (n < season_) return add(Method::ses, 1);
    if (fast) {
      add(Method::theta, 1);
      add(Method::fast, 1);
      return add(Method::seasonal_naive, n < 2 * season_ ? 2 : 0.25);
    }
    if (n < 2 * season_) {
      add(Method::theta, 1);
      add(Method::ces_adjusted, 0.5);
      return add(Method::seasonal_naive, 1);
    }
    add(Method::ets, 1);
    add(Method::theta, 1);
    add(Method::ces, 1);
    add(Method::ces_adjusted, 1);
    add(Method::damped, 1);
    add(Method::seasonal_naive, 0.5);
  }

  void combine_plain(std::size_t n, bool fast) {
    if (fast && n >= 10) return add(Method::theta, 1);
    if (fast || n < 3) {
      add(n < 5 ? Method::fast : Method::theta, 1);
      return add(Method::naive, 1);
    }
    if (n < 10) {
      add(n < 5 ? Method::fast : Method::theta, 1);
      add(Method::ces, 1);
      return add(Method::naive, 1);
    }
    add(Method::ets, 1);
    add(Method::theta, 2);
    add(Method::ces, 1);
    add(Method::damped, 1);
  }

  static void copy_before(std::span<const double> values, std::size_t lag, std::span<double> into) {
    for (std::size_t t = 0; t < into.size(); ++t) into[t] = values[t >= lag ? t - lag : t > 0 ? t - 1 : 0];
  }

  void put_season_back(std::span<double> values) const {
    const std::size_t season = adjusted_.effects.size();
    if (season == 0) return;
    const std::size_t shift = season - values.size() % season;  // the effects begin after the last value
    for (std::size_t t = 0; t < values.size(); ++t) {
      const double effect = adjusted_.effects[(t + shift) % season];
      values[t] = adjusted_.multiplicative ? values[t] * effect : values[t] + effect;
    }
  }

  // As many zeros at the end as there never were before.
  bool has_ended() const {
    const std::size_t zeros = trailing_zeros(values_);
    if (zeros < 3 || zeros == values_.size()) return false;
    std::size_t longest = 0;
    std::size_t now = 0;
    for (std::size_t t = 0; t + zeros < values_.size(); ++t) {
      now = values_[t] == 0 ? now + 1 : 0;
      longest = std::max(longest, now);
    }
    return zeros >= std::max<std::size_t>(3, season_ / 2) && zeros >= 3 * (longest + 1);
  }

  std::span<const double> values_;
  std::size_t season_;
  Adjusted adjusted_;
  std::vector<Note>& notes_;
  Poll poll_;
  Mixture mixture_;
  std::vector<std::vector<double>> one_step_;  // forecasts of each part
};

// Stored form -----------------------------------------------------------------------------------

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

Mixture fit_mixture(std::span<const double> values, std::int32_t season, Method method, std::vector<Note>& notes,
                    std::vector<double>& fitted, Poll poll) {
  Fitter fitter(values, season, notes, poll);
  if (method == Method::automatic || method == Method::fast) fitter.automatic(method == Method::fast);
  else fitter.add(method, 1);
  return fitter.finish(fitted);
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
