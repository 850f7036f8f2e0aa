#include <algorithm>
#include <cmath>
#include <functional>

#include "core/forecast/lumpy.hpp"
#include "core/forecast/parts.hpp"
#include "core/forecast/seasonality.hpp"

namespace revenue::forecast {

namespace {

constexpr std::size_t kMostSeason = 24;  // of the methods that carry a season in their state

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
    // Nor is a season fitted where there are hardly more than two, which do not show it.
    const bool none = outside || (adjusted_.effects.empty() && 2 * values_.size() < 5 * season_);
    const std::size_t own = none ? 1 : season_;
    switch (method) {
      case Method::ets:
        part.fitted = fit_ets(held, own, poll_, one);
        part.adjusted = outside;
        break;
      case Method::ces:
        part.fitted = fit_ces(held, own, poll_, one);
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
    distrust_misfits();
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

  // A part that errs far more than the best one, one step ahead, has the wrong form for the series, as the
  // season before has for what grows. A season ahead all err more, so that it is allowed more.
  void distrust_misfits() {
    const std::size_t begin = std::min(season_, values_.size() / 2);
    std::vector<double> errors;
    for (const auto& one : one_step_) {
      double& sum = errors.emplace_back(0.0);
      for (std::size_t t = begin; t < one.size(); ++t) sum += std::fabs(values_[t] - one[t]);
    }
    // One that fits far better than most has rather too many parameters than the right form.
    constexpr double kOfMost = 0.5;
    std::vector<double> sorted = errors;
    std::sort(sorted.begin(), sorted.end());
    const double least = std::max(sorted.front(), kOfMost * sorted[sorted.size() / 2]);
    for (std::size_t i = 0; i < errors.size(); ++i) {
      Part& part = mixture_.parts[i];
      const double allowed = (part.method == Method::seasonal_naive ? 6.0 : 1.5) * least;
      if (errors[i] > allowed) part.weight *= std::pow(allowed / errors[i], 4);
    }
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

}  // namespace

Mixture fit_mixture(std::span<const double> values, std::int32_t season, Method method, std::vector<Note>& notes,
                    std::vector<double>& fitted, Poll poll) {
  Fitter fitter(values, season, notes, poll);
  if (method == Method::automatic || method == Method::fast) fitter.automatic(method == Method::fast);
  else fitter.add(method, 1);
  return fitter.finish(fitted);
}

}  // namespace revenue::forecast
