#include "core/recurring/movements.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace revenue::recurring {
namespace {

constexpr Date kNever{INT32_MIN};

}  // namespace

std::string_view name_of(MovementKind kind) {
  constexpr std::array<std::string_view, kMovementKinds> names{
      "new", "expansion", "reactivation", "contraction", "churn", "fx"};
  return names[static_cast<std::size_t>(kind)];
}

bool MovementNamer::gone(const Step& step) const {
  return options_.free_is_active ? !step.present : step.mrr == 0;
}

bool MovementNamer::active(const Step& step) const {
  return options_.free_is_active ? step.present : step.mrr > 0;
}

std::optional<MovementKind> MovementNamer::kind_of(bool was_gone, bool was_here_before,
                                                   std::int64_t held, const Step& step) const {
  if (was_gone && active(step))
    return was_here_before ? MovementKind::reactivation : MovementKind::new_;
  if (!was_gone && gone(step)) return MovementKind::churn;
  if (step.mrr > held) return MovementKind::expansion;
  if (step.mrr < held) return MovementKind::contraction;
  return std::nullopt;
}

std::span<const Movement> MovementNamer::movements_of(std::span<const Step> steps) {
  if (options_.reactivation_gap_days > 0) steps = bridge_gaps(steps);
  if (netted_by_.unit != PeriodUnit::day) steps = net_periods(steps);
  movements_.clear();
  Step now{};
  Date left_on = kNever;
  for (const Step& step : steps) {
    if (options_.reactivation_days &&
        std::int64_t{step.day.days} - left_on.days > *options_.reactivation_days)
      left_on = kNever;
    const bool was_here_before = left_on != kNever;
    std::int64_t held = now.mrr;
    if (step.fx != 0) {
      held = narrow(static_cast<Wide>(now.mrr) + step.fx).micros;
      movements_.push_back({step.day, MovementKind::fx, Presence::same, now.mrr, held});
    }
    if (const auto kind = kind_of(gone(now), was_here_before, held, step))
      movements_.push_back({step.day, *kind, Presence::same, held, step.mrr});
    if (active(step) && !active(now))
      movements_.back().presence = was_here_before ? Presence::regained : Presence::gained;
    if (active(now) && !active(step)) {
      movements_.back().presence = Presence::lost;
      left_on = step.day;
    }
    now = step;
  }
  return movements_;
}

// The step into a short gap is left out, so that what was paid before it goes on.
std::span<const Step> MovementNamer::bridge_gaps(std::span<const Step> steps) {
  bridged_.clear();
  for (auto step = steps.begin(); step != steps.end(); ++step) {
    if (!bridged_.empty() && !gone(bridged_.back()) && gone(*step)) {
      const auto back = std::find_if(step, steps.end(), [this](const Step& s) { return !gone(s); });
      if (back != steps.end() && back->day.days - step->day.days <= options_.reactivation_gap_days)
        step = back;
    }
    bridged_.push_back(*step);
  }
  return bridged_;
}

std::span<const Step> MovementNamer::net_periods(std::span<const Step> steps) {
  netted_.clear();
  std::int32_t last = 0;
  bool opened_gone = true;
  for (const Step& step : steps) {
    const std::int32_t number = netted_by_.number_of(step.day);
    if (netted_.empty() || number != last) {
      opened_gone = netted_.empty() || gone(netted_.back());
      netted_.push_back(step);
      last = number;
    } else {
      const Wide fx = static_cast<Wide>(netted_.back().fx) + step.fx;
      netted_.back() = step;
      netted_.back().fx = narrow(fx).micros;
    }
    // Revaluation of what came and went within the period goes with it.
    if (opened_gone && gone(step)) netted_.back().fx = 0;
  }
  return netted_;
}

ChangeRows mrr_changes(MrrLedger ledger, std::string_view period, std::optional<Date> from_date,
                       std::optional<Date> to_date, const LedgerOptions& options, Poll poll) {
  return {std::move(ledger),
          options,
          calendar_of(options, period_unit_from(period)),
          from_date.value_or(kFirstDay),
          to_date.value_or(kEndOfDays),
          poll};
}

}  // namespace revenue::recurring
