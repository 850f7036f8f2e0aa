#include "core/recurring/mrr_ledger_state.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "core/recurring/calendar.hpp"
#include "core/recurring/wide.hpp"

namespace revenue::recurring {
namespace {

constexpr std::size_t kMostPeriods = std::size_t{1} << 24;
constexpr std::size_t kPollEvery = 1 << 16;
constexpr std::size_t kAhead = 16;  // periods that are fetched while others are read

// What begins or ends on a day.
struct Event {
  Date day;
  std::int32_t periods;  // +1 begins, -1 ends, 0 is a revaluation
  std::int64_t micros;
};

// The events of one customer, by day, netted into steps.
void sweep(std::span<const Event> events, std::vector<Step>& steps) {
  steps.clear();
  Step now{};
  std::int32_t periods = 0;
  for (auto event = events.begin(); event != events.end();) {
    const Step before = now;
    now.day = event->day;
    Wide mrr = now.mrr;
    Wide fx = 0;
    for (; event != events.end() && event->day == now.day; ++event) {
      periods += event->periods;
      if (event->periods == 0)
        fx += event->micros;
      else
        mrr += static_cast<Wide>(event->periods) * event->micros;
    }
    now.mrr = narrow(mrr).micros;
    now.fx = narrow(fx).micros;
    now.present = periods > 0;
    if (now.mrr != before.mrr || now.present != before.present || now.fx != 0) steps.push_back(now);
  }
}

}  // namespace

void MrrLedgerState::add(std::string_view customer, Date valid_from, std::optional<Date> valid_to,
                         Money mrr) {
  const Date to = valid_to.value_or(kOpen);
  if (!in_calendar(valid_from) || !(in_calendar(to) || to == kOpen || to < valid_from))
    throw Error(ErrorCode::invalid_argument, "period outside the years 1 to 9999",
                "valid_from is a date, valid_to one, or NULL or infinity where the period is open.",
                "It belongs to customer \"" + std::string(customer) + "\".");
  if (to < valid_from)
    throw Error(ErrorCode::invalid_argument, "period ends before it begins",
                "valid_to is the day after the last, NULL or infinity where the period is open.",
                "It belongs to customer \"" + std::string(customer) + "\".");
  if (to > valid_from) keep({customers_.number_of(customer), valid_from, to, mrr.micros});
}

void MrrLedgerFxState::add(std::string_view customer, Date valid_from, std::optional<Date> valid_to,
                           Money mrr, std::optional<Money> revalued_from) {
  MrrLedgerState::add(customer, valid_from, valid_to, mrr);
  if (!revalued_from || *revalued_from == mrr || valid_to == valid_from) return;
  const Money fx = narrow(static_cast<Wide>(mrr.micros) - revalued_from->micros);
  keep({customers_.number_of(customer), valid_from, kRevaluation, fx.micros});
}

void MrrLedgerState::keep(const Period& period) {
  if (periods_.size() == kMostPeriods)
    throw Error(ErrorCode::out_of_range, "a ledger of MRR holds at most 16,777,216 periods",
                "Group the rows, for example by organisation or segment.");
  periods_.push_back(period);
}

void MrrLedgerState::merge(const MrrLedgerState& other, Poll poll) {
  std::vector<std::uint32_t> number(other.customers_.size());
  for (std::uint32_t customer = 0; customer < other.customers_.size(); ++customer) {
    if (customer % kPollEvery == 0) poll();
    number[customer] = customers_.number_of(other.customers_.name(customer));
  }
  for (const auto& block : other.periods_) {
    poll();
    for (Period period : block) {
      period.customer = number[period.customer];
      keep(period);
    }
  }
}

void MrrLedgerState::serialize(Writer& writer, Poll poll) const {
  writer.put(customers_.size());
  for (std::uint32_t customer = 0; customer < customers_.size(); ++customer) {
    if (customer % kPollEvery == 0) poll();
    const std::string_view name = customers_.name(customer);
    writer.put(static_cast<std::uint32_t>(name.size()));
    writer.put_all(std::span(name));
  }
  writer.put(periods_.size());
  for (const auto& block : periods_) {
    poll();
    for (const Period& period : block) {
      writer.put(period.customer);
      writer.put(period.from);
      writer.put(period.to);
      writer.put(period.micros);
    }
  }
}

void MrrLedgerState::deserialize(Reader& reader, Poll poll) {
  const auto customers = reader.get<std::uint32_t>();
  for (std::uint32_t customer = 0; customer < customers; ++customer) {
    if (customer % kPollEvery == 0) poll();
    const std::vector<char> name = reader.get_all<char>(reader.get<std::uint32_t>());
    if (customers_.number_of({name.data(), name.size()}) != customer) Reader::malformed();
  }
  const auto periods = reader.get<std::size_t>();
  for (std::size_t i = 0; i < periods; ++i) {
    if (i % kPollEvery == 0) poll();
    Period period{};
    period.customer = reader.get<std::uint32_t>();
    period.from = reader.get<Date>();
    period.to = reader.get<Date>();
    period.micros = reader.get<std::int64_t>();
    const bool ends = in_calendar(period.to) && period.to > period.from;
    if (period.customer >= customers || !in_calendar(period.from) ||
        !(ends || period.to == kOpen || period.to == kRevaluation))
      Reader::malformed();
    keep(period);
  }
}

MrrLedger MrrLedgerState::result(Poll poll) const {
  // Where the periods of each customer are: a counting sort of their numbers.
  std::vector<std::uint32_t> ends(customers_.size() + 1);
  for (const auto& block : periods_)
    for (const Period& period : block) ++ends[period.customer + 1];
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<std::uint32_t> order(periods_.size());
  std::uint32_t number = 0;
  for (const auto& block : periods_) {
    poll();
    for (const Period& period : block) order[ends[period.customer]++] = number++;
  }

  MrrLedger ledger;
  std::vector<Event> events;
  std::vector<Step> steps;
  std::uint32_t i = 0;
  std::size_t next_poll = 0;
  for (std::uint32_t customer = 0; customer < customers_.size(); ++customer) {
    events.clear();
    for (; i < ends[customer]; ++i) {
      if (i + kAhead < order.size()) __builtin_prefetch(&periods_[order[i + kAhead]]);
      if (i >= next_poll) {
        poll();
        next_poll = i + kPollEvery;
      }
      const Period& period = periods_[order[i]];
      const bool revaluation = period.to == kRevaluation;
      events.push_back({period.from, revaluation ? 0 : 1, period.micros});
      if (!revaluation && period.to != kOpen) events.push_back({period.to, -1, period.micros});
    }
    std::sort(events.begin(), events.end(),
              [](const Event& a, const Event& b) { return a.day < b.day; });
    sweep(events, steps);
    if (!steps.empty()) ledger.append(customers_.name(customer), steps);
  }
  return ledger;
}

}  // namespace revenue::recurring
