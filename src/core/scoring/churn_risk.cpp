#include "core/scoring/churn_risk.hpp"

#include <cmath>

#include "core/scoring/arguments.hpp"
#include "core/scoring/points.hpp"
#include "core/scoring/text.hpp"

namespace revenue::scoring {
namespace {

void require_valid(const ChurnSignals& signals) {
  require_at_least("usage_recent", signals.usage_recent, 0, "a finite number, 0 or more");
  require_at_least("usage_prior", signals.usage_prior, 0, "a finite number, 0 or more");
  require_count("open_tickets", signals.open_tickets);
  require_count("escalations", signals.escalations);
  require_days("days_overdue", signals.days_overdue);
  require_count("failed_payments", signals.failed_payments);
  if (signals.nps && !(*signals.nps >= -100 && *signals.nps <= 100))
    reject_argument("nps", "from -100 to 100", *signals.nps);
  require_score("csat", signals.csat);
  require_signed_days("days_to_renewal", signals.days_to_renewal);
}

// The share of usage lost, 0 to 1; growth loses nothing. Nothing to compare with: unknown.
std::optional<double> usage_lost(const ChurnSignals& signals) {
  if (!signals.usage_recent || !signals.usage_prior || *signals.usage_prior <= 0)
    return std::nullopt;
  return std::max(1 - *signals.usage_recent / *signals.usage_prior, 0.0);
}

// The points of each input; the groups add them up.
struct ChurnPoints {
  double usage = 0;
  double tickets = 0;
  double escalations = 0;
  double overdue = 0;
  double payments = 0;
  double renewal = 0;
  double nps = 0;
  double csat = 0;
  double champion = 0;

  Micropoints usage_group() const { return micropoints(usage); }
  Micropoints support() const { return micropoints(tickets + escalations); }
  Micropoints financial() const { return micropoints(overdue + payments + renewal); }
  Micropoints sentiment() const { return micropoints(nps + csat + champion); }
  Micropoints sum() const { return usage_group() + support() + financial() + sentiment(); }
};

ChurnPoints points_of(const ChurnSignals& signals, const ChurnWeights& w) {
  ChurnPoints sum;
  if (const auto lost = usage_lost(signals))
    sum.usage = w.usage_decline * *lost + (*signals.usage_recent <= 0 ? w.usage_stopped : 0);
  else
    sum.usage = w.unknown_share * (w.usage_decline + w.usage_stopped);

  const auto counted_points = [&w](const auto& n, double each, double cap) {
    return n ? capped(each, static_cast<double>(*n), cap) : w.unknown_share * cap;
  };
  sum.tickets = counted_points(signals.open_tickets, w.open_ticket, w.open_ticket_cap);
  sum.escalations = counted_points(signals.escalations, w.escalation, w.escalation_cap);
  sum.overdue = counted_points(signals.days_overdue, w.overdue_day, w.overdue_cap);
  sum.payments = counted_points(signals.failed_payments, w.failed_payment, w.failed_payment_cap);

  const auto scaled_points = [&w](const auto& value, double good, double bad, double most) {
    return most * (value ? share_between(*value, good, bad) : w.unknown_share);
  };
  sum.renewal = scaled_points(signals.days_to_renewal, w.renewal_window_days, 0, w.renewal);
  sum.nps = scaled_points(signals.nps, w.nps_good, w.nps_good - w.nps_span, w.nps);
  sum.csat = scaled_points(signals.csat, w.csat_good, w.csat_bad, w.csat);
  const double gone =
      signals.champion_left ? (*signals.champion_left ? 1.0 : 0.0) : w.unknown_share;
  sum.champion = w.champion_left * gone;
  return sum;
}

std::string_view category_of(double score, const ChurnWeights& w) {
  if (score < w.medium_from) return "low";
  if (score < w.high_from) return "medium";
  if (score < w.critical_from) return "high";
  return "critical";
}

double confidence_of(const ChurnSignals& signals, const ChurnWeights& w) {
  Confidence confidence;
  confidence.add(usage_lost(signals).has_value(), w.usage_decline + w.usage_stopped);
  confidence.add(signals.open_tickets.has_value(), w.open_ticket_cap);
  confidence.add(signals.escalations.has_value(), w.escalation_cap);
  confidence.add(signals.days_overdue.has_value(), w.overdue_cap);
  confidence.add(signals.failed_payments.has_value(), w.failed_payment_cap);
  confidence.add(signals.days_to_renewal.has_value(), w.renewal);
  confidence.add(signals.nps.has_value(), w.nps);
  confidence.add(signals.csat.has_value(), w.csat);
  confidence.add(signals.champion_left.has_value(), w.champion_left);
  return confidence.value();
}

std::vector<std::string> risks_of(const ChurnSignals& signals, const ChurnPoints& sum,
                                  const ChurnWeights& w) {
  std::vector<std::string> risks;
  const auto notable = [&w](bool known, double points) {
    return known && points > 0 && points >= w.notable;
  };
  if (const auto lost = usage_lost(signals); notable(lost.has_value(), sum.usage))
    risks.push_back(*signals.usage_recent <= 0 ? "Usage stopped" : "Usage down " + percent(*lost));
  if (notable(signals.open_tickets.has_value(), sum.tickets))
    risks.push_back(counted(*signals.open_tickets, "open ticket"));
  if (notable(signals.escalations.has_value(), sum.escalations))
    risks.push_back(counted(*signals.escalations, "escalation"));
  if (notable(signals.days_overdue.has_value(), sum.overdue))
    risks.push_back("Payment " + day_count(*signals.days_overdue) + " overdue");
  if (notable(signals.failed_payments.has_value(), sum.payments))
    risks.push_back(counted(*signals.failed_payments, "failed payment"));
  if (notable(signals.days_to_renewal.has_value(), sum.renewal))
    risks.push_back(*signals.days_to_renewal < 0
                        ? "Renewal date passed"
                        : "Renewal in " + day_count(*signals.days_to_renewal));
  if (notable(signals.nps.has_value(), sum.nps))
    risks.push_back("NPS " + std::to_string(std::lround(*signals.nps)));
  if (notable(signals.csat.has_value(), sum.csat))
    risks.push_back("CSAT " + percent(*signals.csat / 100));
  if (signals.champion_left == true) risks.emplace_back("Champion left");
  return risks;
}

}  // namespace

double churn_risk(const ChurnSignals& signals, const CompiledFramework& framework) {
  require_valid(signals);
  return points(points_of(signals, framework.weights().churn_risk).sum());
}

ChurnExplanation explain_churn_risk(const ChurnSignals& signals,
                                    const CompiledFramework& framework) {
  require_valid(signals);
  const ChurnWeights& weights = framework.weights().churn_risk;
  const ChurnPoints sum = points_of(signals, weights);

  ChurnExplanation result;
  result.churn_risk = points(sum.sum());
  result.category = category_of(result.churn_risk, weights);
  result.confidence = confidence_of(signals, weights);
  result.risk_factors = risks_of(signals, sum, weights);
  result.breakdown = {points(sum.usage_group()), points(sum.support()), points(sum.financial()),
                      points(sum.sentiment())};
  return result;
}

}  // namespace revenue::scoring
