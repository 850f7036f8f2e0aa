#include "core/recurring/retention.hpp"

#include <algorithm>
#include <array>

#include "core/recurring/ledger_range.hpp"

namespace revenue::recurring {
namespace {

struct WindowTotals {
  Wide opening = 0;
  Wide closing = 0;   // of the opening customers, at opening rates
  Wide retained = 0;  // the smaller of the two, customer by customer
  std::int64_t customers = 0;
  std::int64_t lost = 0;
  std::int64_t new_and_lost = 0;
  std::array<Wide, kMovementKinds> flows{};

  Wide flow(MovementKind kind) const { return flows[static_cast<std::size_t>(kind)]; }
};

bool is_here(bool here, const Movement& movement) {
  return movement.presence == Presence::same ? here : movement.presence != Presence::lost;
}

void count(std::span<const Movement> movements, const Window& window, bool drop_new_and_lost,
           WindowTotals& totals) {
  std::int64_t opening = 0;
  bool opened_here = false;
  auto movement = movements.begin();
  for (; movement != movements.end() && movement->day < window.from_date; ++movement) {
    opening = movement->after;
    opened_here = is_here(opened_here, *movement);
  }
  std::int64_t closing = opening;
  bool here = opened_here;
  double rates = 1;  // of the closing over those of the opening
  std::array<Wide, kMovementKinds> flows{};
  const auto first = movement;
  for (; movement != movements.end() && movement->day < window.to_date; ++movement) {
    if (movement->kind == MovementKind::fx && movement->before > 0 && movement->after > 0)
      rates *= static_cast<double>(movement->after) / static_cast<double>(movement->before);
    flows[static_cast<std::size_t>(movement->kind)] += movement->amount();
    closing = movement->after;
    here = is_here(here, *movement);
  }
  const bool new_and_lost = first != movement && !opened_here && !here;
  totals.new_and_lost += new_and_lost;
  const bool dropped = new_and_lost && drop_new_and_lost && first->kind == MovementKind::new_;
  for (std::size_t kind = 0; kind < kMovementKinds && !dropped; ++kind)
    totals.flows[kind] += flows[kind];
  if (!opened_here) return;
  if (rates != 1) closing = multiply(Money{closing}, 1 / rates).micros;
  ++totals.customers;
  totals.lost += !here;
  totals.opening += opening;
  totals.closing += closing;
  totals.retained += std::min(opening, closing);
}

WindowTotals totals_of(const MrrLedger& ledger, const Window& window, const LedgerOptions& options,
                       Poll poll) {
  require_window(window.from_date, window.to_date);
  WindowTotals totals;
  MovementNamer namer(options, Calendar{PeriodUnit::day});
  for (LedgerReader reader(ledger, poll); reader.next();)
    count(namer.movements_of(reader.steps()), window, options.drop_same_period_new_churn, totals);
  return totals;
}

std::vector<MrrRatio> ratio_of(Wide numerator, Wide denominator, const char* reason) {
  MrrRatio ratio{narrow(numerator), narrow(denominator), std::nullopt, std::nullopt};
  if (denominator != 0)
    ratio.ratio = ratio.numerator.value() / ratio.denominator.value();
  else
    ratio.reason = reason;
  return {ratio};
}

constexpr const char* kNoOpening = "no MRR at the opening";

}  // namespace

std::vector<WindowRetention> window_retention(const MrrLedger& ledger, const Window& window,
                                              const LedgerOptions& options, Poll poll) {
  const WindowTotals totals = totals_of(ledger, window, options, poll);
  return {{narrow(totals.opening), narrow(totals.closing), narrow(totals.retained),
           totals.customers, totals.lost, totals.new_and_lost}};
}

std::vector<MrrRatio> net_retention(const MrrLedger& ledger, const Window& window,
                                    const LedgerOptions& options, Poll poll) {
  const WindowTotals totals = totals_of(ledger, window, options, poll);
  return ratio_of(totals.closing, totals.opening, kNoOpening);
}

std::vector<MrrRatio> gross_retention(const MrrLedger& ledger, const Window& window,
                                      std::string_view variant, const LedgerOptions& options,
                                      Poll poll) {
  const bool flow = variant == "flow";
  if (!flow && variant != "min")
    throw Error(ErrorCode::invalid_argument, "unknown variant \"" + std::string(variant) + "\"",
                "The variant is min or flow.");
  const WindowTotals totals = totals_of(ledger, window, options, poll);
  if (!flow) return ratio_of(totals.retained, totals.opening, kNoOpening);
  return ratio_of(
      totals.opening + totals.flow(MovementKind::contraction) + totals.flow(MovementKind::churn),
      totals.opening, kNoOpening);
}

std::vector<LogoChurn> logo_churn(const MrrLedger& ledger, const Window& window,
                                  const LedgerOptions& options, Poll poll) {
  const WindowTotals totals = totals_of(ledger, window, options, poll);
  LogoChurn churn{totals.lost, totals.customers, std::nullopt, std::nullopt, totals.new_and_lost};
  if (totals.customers > 0)
    churn.ratio = static_cast<double>(totals.lost) / static_cast<double>(totals.customers);
  else
    churn.reason = "no customers at the opening";
  return {churn};
}

std::vector<MrrRatio> quick_ratio(const MrrLedger& ledger, const Window& window,
                                  const LedgerOptions& options, Poll poll) {
  const WindowTotals totals = totals_of(ledger, window, options, poll);
  const Wide gained = totals.flow(MovementKind::new_) + totals.flow(MovementKind::expansion) +
                      totals.flow(MovementKind::reactivation);
  const Wide lost = totals.flow(MovementKind::contraction) + totals.flow(MovementKind::churn);
  return ratio_of(gained, -lost, "no contraction and no churn");
}

}  // namespace revenue::recurring
