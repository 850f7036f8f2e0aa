#include "core/pipeline/stage_history.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "core/pipeline/age_bands.hpp"
#include "core/pipeline/kaplan_meier.hpp"
#include "core/pipeline/month_of_quarter.hpp"

namespace revenue::pipeline {
namespace {

struct Spell {
  std::int32_t stage;
  std::optional<std::int32_t> to;  // nothing: still in it at the end
  double first_day;                // before the end, so that 0 is the end itself
  double days;
  bool won;
};

constexpr std::size_t kPollEvery = 1 << 16;
constexpr std::size_t kPeriod = 30;
constexpr std::size_t kPeriods = 24;
constexpr std::size_t kDays = kPeriod * kPeriods;
constexpr double kFewQuarters = 2;  // quarters that no effect of the month is worth
constexpr double kFewPeriods = 4;   // periods that the usual dispersion is worth
constexpr std::array kQuartiles{0.25, 0.5, 0.75};

struct StageSpells {
  StageRecord record;
  std::vector<Duration> durations;
  std::map<std::int32_t, StageExits> exits;
  std::array<double, kAgeBands.size()> exposure{};
  std::array<double, kAgeBands.size()> wins{};
};

void count(const Spell& spell, StageSpells& into) {
  ++into.record.entered;
  into.durations.push_back({spell.days, spell.to.has_value()});
  each_band(spell.days, [&](std::size_t band, double from, double to) { into.exposure[band] += to - from; });
  if (!spell.to) return;
  ++into.record.left;
  StageExits& exits = into.exits[*spell.to];
  exits.by_age.resize(kAgeBands.size());
  exits.to = *spell.to;
  ++exits.deals;
  ++exits.by_age[band_of(spell.days)];
  into.wins[band_of(spell.days)] += spell.won;
}

// Wins by days before the end: those that happened, and those the rates let expect.
struct Wins {
  std::vector<double> found = std::vector<double>(kDays);
  std::vector<double> expected = std::vector<double>(kDays);
  std::vector<double> change = std::vector<double>(kDays + 1);  // of what each whole day expects
};

void expect_wins(const Spell& spell, const StageSpells& stage, Wins& wins) {
  const double last = spell.first_day - spell.days;
  if (spell.won && last < kDays) ++wins.found[static_cast<std::size_t>(last)];
  each_band(spell.days, [&](std::size_t band, double from, double to) {
    // Later ages are nearer to the end.
    const double first = spell.first_day - to;
    const double until = std::min(spell.first_day - from, static_cast<double>(kDays));
    if (stage.wins[band] == 0 || first >= until) return;
    const double rate = stage.wins[band] / stage.exposure[band];
    const auto first_day = static_cast<std::size_t>(first);
    const auto last_day = static_cast<std::size_t>(until);
    if (first_day == last_day) {
      wins.expected[first_day] += rate * (until - first);
      return;
    }
    wins.expected[first_day] += rate * (static_cast<double>(first_day + 1) - first);
    wins.change[first_day + 1] += rate;
    wins.change[last_day] -= rate;
    if (last_day < kDays) wins.expected[last_day] += rate * (until - static_cast<double>(last_day));
  });
}

std::array<double, 3> month_factors(const Wins& wins, std::int32_t last_day) {
  std::array<double, 3> found{};
  std::array<double, 3> expected{};
  double days = 0;
  for (std::size_t day = 0; day < kDays; ++day) {
    const std::size_t month = month_of_quarter(last_day - static_cast<std::int32_t>(day));
    found[month] += wins.found[day];
    expected[month] += wins.expected[day];
    days += wins.expected[day] > 0;
  }
  constexpr double kQuarter = 91.3;
  const double weight = days / kQuarter / (days / kQuarter + kFewQuarters);
  std::array<double, 3> factors{1, 1, 1};
  for (std::size_t month = 0; month < 3; ++month)
    if (expected[month] >= 1) factors[month] += weight * (found[month] / expected[month] - 1);
  return factors;
}

// Moments estimate: what the squared error has more than a Poisson count would.
double dispersion_over(const Wins& wins, std::size_t length) {
  double excess = 0;
  double square = 0;
  double periods = 0;
  for (std::size_t first = 0; first + length <= kPeriods; ++first) {
    double found = 0;
    double expected = 0;
    for (std::size_t day = first * kPeriod; day < (first + length) * kPeriod; ++day) {
      found += wins.found[day];
      expected += wins.expected[day];
    }
    if (expected < 1) continue;
    ++periods;
    excess += (found - expected) * (found - expected) - expected;
    square += expected * expected;
  }
  const double measured = square > 0 ? std::clamp(excess / square, 0.0, kMostDispersion) : 0;
  return (periods * measured + kFewPeriods * kUsualDispersion) / (periods + kFewPeriods);
}

}  // namespace

void StageHistory::add(std::int64_t deal, std::optional<std::int32_t> stage, std::string_view kind,
                       Timestamp entered_at, std::optional<Timestamp> deleted_at, Timestamp end) {
  if (stage && *stage <= 0)
    throw Error(ErrorCode::invalid_argument, "a stage is a number from 1 up",
                "Number the stages, for example by row_number().", "It is " + std::to_string(*stage) + ".");
  if (kind != "open" && kind != "won" && kind != "lost")
    throw Error(ErrorCode::invalid_argument, "a stage is of the kind open, won or lost",
                "Pass the kind of the row in revenue.stages.", "It is \"" + std::string(kind) + "\".");
  if (!entered_at.finite() || (deleted_at && !deleted_at->finite()) || !end.finite())
    throw Error(ErrorCode::invalid_argument, "entered_at, deleted_at and data_end must be finite",
                "Leave rows without an instant out.", "One of them is infinity or -infinity.");
  end_ = std::max(end_, end);
  entries_.push_back({deal, entered_at, stage.value_or(0), stage && kind == "won", stage && kind == "open"});
  if (deleted_at) entries_.push_back({deal, *deleted_at, 0, false, false});
}

void StageHistory::merge(const StageHistory& other) {
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
  end_ = std::max(end_, other.end_);
}

void StageHistory::serialize(Writer& writer) const {
  writer.put(end_);
  writer.put(entries_.size());
  for (const Entry& entry : entries_) {
    writer.put(entry.deal);
    writer.put(entry.at);
    writer.put(entry.stage);
    writer.put(static_cast<std::uint8_t>(entry.won * 2 + entry.open));
  }
}

void StageHistory::deserialize(Reader& reader) {
  end_ = reader.get<Timestamp>();
  const auto size = reader.get<std::size_t>();
  for (std::size_t i = 0; i < size; ++i) {
    Entry entry{};
    entry.deal = reader.get<std::int64_t>();
    entry.at = reader.get<Timestamp>();
    entry.stage = reader.get<std::int32_t>();
    const auto kind = reader.get<std::uint8_t>();
    if (entry.stage < 0 || kind > 2 || !entry.at.finite() || !end_.finite()) Reader::malformed();
    entry.won = kind == 2;
    entry.open = kind == 1;
    entries_.push_back(entry);
  }
}

StageHistoryResult StageHistory::result(Poll poll) const {
  std::vector<Entry> entries;
  entries.reserve(entries_.size());
  std::copy_if(entries_.begin(), entries_.end(), std::back_inserter(entries),
               [this](const Entry& entry) { return entry.at <= end_; });
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.deal, a.at, a.stage) < std::tie(b.deal, b.at, b.stage);
  });

  StageHistoryResult result;
  std::vector<Spell> spells;
  for (std::size_t i = 0; i < entries.size();) {
    const Entry& entry = entries[i];
    if (i == 0 || entries[i - 1].deal != entry.deal) ++result.deals;
    std::size_t next = i + 1;
    while (next < entries.size() && entries[next].deal == entry.deal && entries[next].stage == entry.stage) ++next;
    const bool left = next < entries.size() && entries[next].deal == entry.deal;
    if (entry.won) ++result.wins;
    if (entry.open)
      spells.push_back({entry.stage, left ? std::optional(entries[next].stage) : std::nullopt,
                        days_between(entry.at, end_),
                        days_between(entry.at, left ? entries[next].at : end_), left && entries[next].won});
    i = next;
  }

  std::map<std::int32_t, StageSpells> stages;
  for (std::size_t i = 0; i < spells.size(); ++i) {
    if (i % kPollEvery == 0) poll();
    count(spells[i], stages[spells[i].stage]);
  }
  Wins wins;
  for (std::size_t i = 0; i < spells.size(); ++i) {
    if (i % kPollEvery == 0) poll();
    expect_wins(spells[i], stages[spells[i].stage], wins);
  }
  double change = 0;
  for (std::size_t day = 0; day < kDays; ++day) wins.expected[day] += change += wins.change[day];
  constexpr double kMicrosPerDay = 86400e6;
  result.last_day = static_cast<std::int32_t>(std::floor(static_cast<double>(end_.micros) / kMicrosPerDay));
  const auto factors = month_factors(wins, result.last_day);
  result.month_factors.assign(factors.begin(), factors.end());
  for (std::size_t day = 0; day < kDays; ++day)
    wins.expected[day] *= factors[month_of_quarter(result.last_day - static_cast<std::int32_t>(day))];
  for (std::size_t length = 1; length <= 3; ++length)
    result.dispersion.push_back(dispersion_over(wins, length));

  for (auto& [stage, found] : stages) {
    StageRecord record = found.record;
    record.stage = stage;
    const auto quartiles = kaplan_meier_quantiles(found.durations, kQuartiles);
    record.lower_quartile_days = quartiles[0];
    record.median_days = quartiles[1];
    record.upper_quartile_days = quartiles[2];
    record.exposure.assign(found.exposure.begin(), found.exposure.end());
    for (auto& [to, exits] : found.exits) record.exits.push_back(std::move(exits));
    result.stages.push_back(std::move(record));
  }
  return result;
}

}  // namespace revenue::pipeline
