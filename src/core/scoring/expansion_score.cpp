#include "core/scoring/expansion_score.hpp"

#include <array>
#include <cmath>

#include "core/scoring/arguments.hpp"
#include "core/scoring/points.hpp"
#include "core/scoring/text.hpp"

namespace revenue::scoring {
namespace {

void require_valid(const ExpansionSignals& signals) {
  require_count("seats_used", signals.seats_used);
  require_count("seats_bought", signals.seats_bought);
  require_at_least("usage", signals.usage, 0, "a finite number, 0 or more");
  require_at_least("usage_limit", signals.usage_limit, 0, "a finite number, 0 or more");
  require_count("products_owned", signals.products_owned);
  require_count("products_available", signals.products_available);
  require_at_least("usage_growth", signals.usage_growth, -1, "a finite number, -1 or more");
  require_score("account_health", signals.account_health);
}

template <class T>
std::optional<double> ratio(const std::optional<T>& part, const std::optional<T>& whole) {
  if (!part || !whole || *whole <= 0) return std::nullopt;
  return static_cast<double>(*part) / static_cast<double>(*whole);
}

// Each input as a share of what it could be, where it is known.
struct Room {
  std::optional<double> seats;
  std::optional<double> usage;
  std::optional<double> growth;
  std::optional<double> products_owned;
};

Room room_of(const ExpansionSignals& signals) {
  return {ratio(signals.seats_used, signals.seats_bought),
          ratio(signals.usage, signals.usage_limit), signals.usage_growth,
          ratio(signals.products_owned, signals.products_available)};
}

// A sick account is not sold to: its points count in part only.
double readiness_of(const std::optional<double>& health, const ExpansionWeights& w) {
  if (!health) return w.unknown_readiness;
  return w.readiness_floor + (1 - w.readiness_floor) * share_between(*health, 0, w.ready_from);
}

struct ExpansionPoints {
  Micropoints seat_expansion = 0;
  Micropoints plan_upgrade = 0;
  Micropoints upsell = 0;
  Micropoints cross_sell = 0;

  Micropoints sum() const { return seat_expansion + plan_upgrade + upsell + cross_sell; }
};

ExpansionPoints points_of(const Room& room, double readiness, const ExpansionWeights& w) {
  const auto earned = [readiness](double most, const std::optional<double>& value, double from,
                                  double to) {
    return value ? micropoints(most * readiness * share_between(*value, from, to)) : 0;
  };
  return {earned(w.seat_expansion, room.seats, w.seats_from, w.full_seats),
          earned(w.plan_upgrade, room.usage, w.usage_from, w.full_usage),
          earned(w.upsell, room.growth, 0, w.full_growth),
          earned(w.cross_sell, room.products_owned, 1, 0)};
}

std::string_view category_of(double score, const ExpansionWeights& w) {
  if (score < w.medium_from) return "low";
  if (score < w.high_from) return "medium";
  return "high";
}

std::optional<std::string_view> best_kind(const ExpansionPoints& sum) {
  using Kind = std::pair<std::string_view, Micropoints>;
  const std::array<Kind, 4> kinds{{{"seat_expansion", sum.seat_expansion},
                                   {"plan_upgrade", sum.plan_upgrade},
                                   {"upsell", sum.upsell},
                                   {"cross_sell", sum.cross_sell}}};
  const auto* best = std::max_element(
      kinds.begin(), kinds.end(), [](const Kind& a, const Kind& b) { return a.second < b.second; });
  if (best->second == 0) return std::nullopt;
  return best->first;
}

double confidence_of(const Room& room, bool health_known, const ExpansionWeights& w) {
  // Health counts a fifth of the whole, because every kind depends on it.
  const double all = w.seat_expansion + w.plan_upgrade + w.upsell + w.cross_sell;
  Confidence confidence;
  confidence.add(room.seats.has_value(), w.seat_expansion);
  confidence.add(room.usage.has_value(), w.plan_upgrade);
  confidence.add(room.growth.has_value(), w.upsell);
  confidence.add(room.products_owned.has_value(), w.cross_sell);
  confidence.add(health_known, all / 4);
  return confidence.value();
}

std::vector<std::string> opportunities_of(const ExpansionSignals& signals, const Room& room,
                                          const ExpansionPoints& sum, const ExpansionWeights& w) {
  std::vector<std::string> found;
  const auto notable = [&w](Micropoints part) { return part > 0 && points(part) >= w.notable; };
  if (notable(sum.seat_expansion)) found.push_back("Seats " + percent(*room.seats) + " used");
  if (notable(sum.plan_upgrade)) found.push_back("Usage at " + percent(*room.usage) + " of plan");
  if (notable(sum.upsell)) found.push_back("Usage growing " + percent(*room.growth));
  if (notable(sum.cross_sell))
    found.push_back(counted(*signals.products_available - *signals.products_owned, "product") +
                    " not owned");
  return found;
}

}  // namespace

double expansion_score(const ExpansionSignals& signals, const CompiledFramework& framework) {
  require_valid(signals);
  const ExpansionWeights& weights = framework.weights().expansion_score;
  const double readiness = readiness_of(signals.account_health, weights);
  return points(points_of(room_of(signals), readiness, weights).sum());
}

ExpansionExplanation explain_expansion_score(const ExpansionSignals& signals,
                                             const CompiledFramework& framework) {
  require_valid(signals);
  const ExpansionWeights& weights = framework.weights().expansion_score;
  const Room room = room_of(signals);
  const double readiness = readiness_of(signals.account_health, weights);
  const ExpansionPoints sum = points_of(room, readiness, weights);

  ExpansionExplanation result;
  result.expansion_score = points(sum.sum());
  result.category = category_of(result.expansion_score, weights);
  result.best_kind = best_kind(sum);
  result.readiness = readiness;
  result.confidence = confidence_of(room, signals.account_health.has_value(), weights);
  result.opportunities = opportunities_of(signals, room, sum, weights);
  result.breakdown = {points(sum.seat_expansion), points(sum.plan_upgrade), points(sum.upsell),
                      points(sum.cross_sell)};
  return result;
}

}  // namespace revenue::scoring
