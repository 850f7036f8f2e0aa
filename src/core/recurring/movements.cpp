#include "core/recurring/movements.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace revenue::recurring {

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

std::span<const Movement> MovementNamer::movements_of(std::span<const Step> steps) {
  if (options_.reactivation_gap_days > 0) steps = bridge_gaps(steps);
  if (netted_by_.unit != PeriodUnit::day) steps = net_periods(steps);
  movements_.clear();
  Step now{};
  std::optional<Date> left_on;
  const auto move = [&](MovementKind kind, const Step& to) {
    Movement movement{to.day, kind, Presence::same, now.mrr, to.mrr};
    if (active(to) && !active(now))
      movement.presence = left_on ? Presence::regained : Presence::gained;
    if (active(now) && !active(to)) {
      movement.presence = Presence::lost;
      left_on = to.day;
    }
    movements_.push_back(movement);
    now = to;
  };
  for (const Step& step : steps) {
    if (left_on && options_.reactivation_days &&
        step.day.days - left_on->days > *options_.reactivation_days)
      left_on.reset();
    const bool was_gone = gone(now);
    if (step.fx != 0) {
      Step revalued = now;
      revalued.day = step.day;
      revalued.mrr = narrow(static_cast<Wide>(now.mrr) + step.fx).micros;
      move(MovementKind::fx, revalued);
    }
    if (was_gone && active(step))
      move(left_on ? MovementKind::reactivation : MovementKind::new_, step);
    else if (!was_gone && gone(step))
      move(MovementKind::churn, step);
    else if (step.mrr > now.mrr)
      move(MovementKind::expansion, step);
    else if (step.mrr < now.mrr)
      move(MovementKind::contraction, step);
    else
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
      if (back != steps.end() &&
          back->day.days - step->day.days <= options_.reactivation_gap_days)
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
