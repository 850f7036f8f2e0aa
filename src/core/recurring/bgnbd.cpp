#include "core/recurring/bgnbd.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "core/foundation/error.hpp"
#include "core/foundation/number_text.hpp"
#include "core/recurring/maximise.hpp"
#include "core/recurring/special.hpp"

namespace revenue::recurring {
namespace {

constexpr std::int64_t kMostRepeats = 1'000'000;
constexpr std::size_t kPollEvery = 1 << 14;

// Customers of the same purchases count as one with a weight.
struct Kind {
  Purchases of;
  double customers;
};

std::vector<Kind> kinds_of(std::span<const Purchases> customers) {
  std::vector<Purchases> sorted(customers.begin(), customers.end());
  const auto key = [](const Purchases& p) { return std::tie(p.frequency, p.recency, p.age); };
  std::sort(sorted.begin(), sorted.end(),
            [&](const Purchases& a, const Purchases& b) { return key(a) < key(b); });
  std::vector<Kind> kinds;
  for (const Purchases& purchases : sorted) {
    if (kinds.empty() || key(kinds.back().of) != key(purchases)) kinds.push_back({purchases, 0});
    ++kinds.back().customers;
  }
  return kinds;
}

// What only the number of repeats decides: ln of gamma(r + x) / gamma(r) and of
// B(a, b + x) / B(a, b), with their slopes. Sums over the repeats, so that each further one is a
// step.
struct ByRepeats {
  double value = 0;
  double by_r = 0;
  double by_a = 0;
  double by_b = 0;

  void step(const Bgnbd& m, double i) {
    value += std::log(m.r + i) + std::log(m.b + i) - std::log(m.a + m.b + i);
    by_r += 1 / (m.r + i);
    by_a -= 1 / (m.a + m.b + i);
    by_b += 1 / (m.b + i) - 1 / (m.a + m.b + i);
  }
};

// The part that recency and age decide, and what it adds to the gradient in r, alpha, a, b. The
// customer has bought x times and not since; still there, or gone after the last time.
double add_last(const Bgnbd& m, const Purchases& p, double weight,
                std::array<double, 4>& gradient) {
  const auto x = static_cast<double>(p.frequency);
  const double log_age = std::log(m.alpha + p.age);
  const double stayed = -(m.r + x) * log_age;
  double value = stayed + m.r * std::log(m.alpha);
  double gone_share = 0;
  double log_recency = log_age;
  if (p.frequency > 0) {
    log_recency = std::log(m.alpha + p.recency);
    const double left = std::log(m.a / (m.b + x - 1)) - (m.r + x) * log_recency;
    const double odds = std::exp(left - stayed);
    value += std::isfinite(odds) ? std::log1p(odds) : left - stayed;
    gone_share = std::isfinite(odds) ? odds / (1 + odds) : 1;
  }
  const double stayed_share = 1 - gone_share;
  gradient[0] += weight * (std::log(m.alpha) - stayed_share * log_age - gone_share * log_recency);
  gradient[1] += weight * (m.r / m.alpha - (m.r + x) * (stayed_share / (m.alpha + p.age) +
                                                        gone_share / (m.alpha + p.recency)));
  if (p.frequency > 0) {
    gradient[2] += weight * gone_share / m.a;
    gradient[3] -= weight * gone_share / (m.b + x - 1);
  }
  return value;
}

double likelihood_of(std::span<const Kind> kinds, const Bgnbd& model, std::span<double> gradient,
                     Poll poll) {
  double value = 0;
  std::array<double, 4> slopes{};
  ByRepeats repeats;
  std::int64_t x = 0;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (i % kPollEvery == 0) poll();
    const auto& [of, customers] = kinds[i];
    for (; x < of.frequency; ++x) repeats.step(model, static_cast<double>(x));
    value += customers * (repeats.value + add_last(model, of, customers, slopes));
    slopes[0] += customers * repeats.by_r;
    slopes[2] += customers * repeats.by_a;
    slopes[3] += customers * repeats.by_b;
  }
  std::copy(slopes.begin(), slopes.end(), gradient.begin());
  return value;
}

// Of a mixture of Poisson counts over different times: mean rate r / alpha, its variance
// r / alpha^2 from what the counts vary beyond chance.
Bgnbd moments(std::span<const Kind> kinds) {
  double purchases = 0;
  double time = 0;
  double square = 0;
  for (const auto& [of, customers] : kinds) {
    purchases += customers * static_cast<double>(of.frequency);
    time += customers * of.age;
    square += customers * of.age * of.age;
  }
  // Half a purchase where there is none.
  const double rate = std::max(purchases, 0.5) / std::max(time, 1e-9);
  double excess = 0;
  for (const auto& [of, customers] : kinds) {
    const double miss = static_cast<double>(of.frequency) - rate * of.age;
    excess += customers * (miss * miss - rate * of.age);
  }
  constexpr double kAllAlike = 1000;  // r where customers do not differ
  const double variance = std::max(square > 0 ? excess / square : 0, rate * rate / kAllAlike);
  return {rate * rate / variance, rate / variance, 1e-9, 1};
}

void require_model(const Bgnbd& model) {
  bool valid = true;
  visit_fields(model, [&](std::string_view, double parameter) {
    valid = valid && parameter > 0 && parameter <= 1e15;
  });
  if (!valid)
    throw Error(ErrorCode::invalid_argument, "r, alpha, a and b must be above 0",
                "Pass what fit_bgnbd() gives.");
}

double odds_gone(const Bgnbd& m, const Purchases& p) {
  if (p.frequency == 0) return 0;
  const auto x = static_cast<double>(p.frequency);
  return m.a / (m.b + x - 1) * std::pow((m.alpha + p.age) / (m.alpha + p.recency), m.r + x);
}

double purchases_at(const Bgnbd& m, const Purchases& p, double time, Poll poll) {
  const auto x = static_cast<double>(p.frequency);
  const double most = (m.r + x) / (m.alpha + p.age) * time / (1 + odds_gone(m, p));  // if nobody left
  constexpr double kNobodyLeaves = 1e-6;
  if (m.a < kNobodyLeaves) return most;
  const double z = time / (m.alpha + p.age + time);
  // Euler's transformation of the published form leaves small parameters.
  const double function = hypergeometric(m.a + m.b - 1 - m.r, m.a - 1, m.a + m.b + x - 1, z, poll);
  const double purchases = (m.a + m.b + x - 1) / (m.a - 1) * (1 - std::pow(1 - z, m.a - 1) * function) /
                           (1 + odds_gone(m, p));
  // The series alternates where r is large, and far ahead its terms leave nothing of the sum.
  if (!(purchases >= 0 && purchases <= most * (1 + 1e-6)))
    throw Error(ErrorCode::out_of_range, "the purchases so far ahead cannot be computed for this model",
                "Use a nearer horizon.");
  return purchases;
}

}  // namespace

void require_purchases(const Purchases& purchases) {
  const auto& [frequency, recency, age] = purchases;
  const char* fault = nullptr;
  if (frequency < 0 || frequency > kMostRepeats)
    fault = "frequency must be from 0 to 1,000,000";
  else if (!(recency >= 0 && age >= recency && age <= 1e9))
    fault = "recency must be from 0 to age, and age at most 1e9";
  else if ((frequency == 0) != (recency == 0))
    fault = "recency is 0 for a customer without a repeat purchase, and for no other";
  if (fault != nullptr)
    throw Error(ErrorCode::invalid_argument, fault,
                "Pass the number of repeat purchases, and the time from the first purchase to the "
                "last and to today.",
                "Frequency is " + std::to_string(frequency) + ", recency " +
                    shown(recency) + ", age " + shown(age) + ".");
}

void BgnbdState::add(std::int64_t frequency, double recency, double age) {
  const Purchases purchases{frequency, recency, age};
  require_purchases(purchases);
  customers_.push_back(purchases);
}

void BgnbdState::merge(const BgnbdState& other) {
  customers_.insert(customers_.end(), other.customers_.begin(), other.customers_.end());
}

void BgnbdState::serialize(Writer& writer) const {
  writer.put(customers_.size());
  writer.put_all(std::span(customers_));
}

void BgnbdState::deserialize(Reader& reader) {
  const auto customers = reader.get_all<Purchases>(reader.get<std::size_t>());
  try {
    std::for_each(customers.begin(), customers.end(), require_purchases);
  } catch (const Error&) {
    Reader::malformed();
  }
  customers_.assign(customers.begin(), customers.end());
}

BgnbdFit BgnbdState::result(Poll poll) const {
  const auto kinds = kinds_of(customers_);
  const auto likelihood = [&](std::span<const double> at, std::span<double> gradient) {
    return likelihood_of(kinds, {at[0], at[1], at[2], at[3]}, gradient, poll);
  };
  const Bgnbd start = moments(kinds);
  const double first[] = {std::clamp(start.r, 0.01, 10.0),
                          start.alpha / start.r * std::clamp(start.r, 0.01, 10.0), 1, 3};
  const Maximum maximum = maximise(likelihood, first, poll);
  BgnbdFit fit{maximum.at[0],
               maximum.at[1],
               maximum.at[2],
               maximum.at[3],
               maximum.value,
               static_cast<std::int64_t>(customers_.size()),
               maximum.converged && !maximum.flat,
               "likelihood"};
  if (!fit.converged) {
    std::array<double, 4> unused{};
    fit.method = "moments";
    fit.r = start.r;
    fit.alpha = start.alpha;
    fit.a = start.a;
    fit.b = start.b;
    fit.log_likelihood = likelihood_of(kinds, start, unused, poll);
  }
  return fit;
}

double probability_alive(const Bgnbd& model, const Purchases& customer) {
  require_model(model);
  require_purchases(customer);
  return 1 / (1 + odds_gone(model, customer));
}

double expected_purchases(const Bgnbd& model, const Purchases& customer, double time, Poll poll) {
  require_model(model);
  require_purchases(customer);
  if (!(time >= 0 && time <= 1e9))
    throw Error(ErrorCode::invalid_argument, "time must be from 0 to 1e9",
                "Pass it in the unit of recency and age.");
  // At a = 1 the form divides 0 by 0; it is smooth there.
  constexpr double kNear = 1e-4;
  if (std::fabs(model.a - 1) >= kNear) return purchases_at(model, customer, time, poll);
  Bgnbd below = model;
  Bgnbd above = model;
  below.a = 1 - kNear;
  above.a = 1 + kNear;
  return std::lerp(purchases_at(below, customer, time, poll),
                   purchases_at(above, customer, time, poll), (model.a - below.a) / (2 * kNear));
}

}  // namespace revenue::recurring
