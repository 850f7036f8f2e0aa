#include "core/pipeline/stage_history.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <tuple>

#include "core/pipeline/age_bands.hpp"
#include "core/pipeline/backtest.hpp"
#include "core/pipeline/common_factor.hpp"
#include "core/pipeline/kaplan_meier.hpp"
#include "core/pipeline/month_of_quarter.hpp"

namespace revenue::pipeline {
namespace {

constexpr std::size_t kPollEvery = 1 << 16;
constexpr std::size_t kDays = kPeriod * kPeriods;
constexpr double kFewQuarters = 2;  // quarters that no effect of the month is worth
constexpr std::array kQuartiles{0.25, 0.5, 0.75};

struct StageSpells {
  StageRecord record;
  std::vector<Duration> durations;
  std::array<double, kAgeBands.size()> wins{};
};

void count(const Spell& spell, StageSpells& into) {
  count_days(spell.days, into.record);
  into.durations.push_back({spell.days, spell.to.has_value()});
  if (!spell.to) return;
  count_exit(spell.days, *spell.to, into.record);
  into.wins[band_of(spell.days)] += spell.won;
}

// Wins by days before the end: those that happened, and those the rates let expect.
struct Wins {
  std::vector<double> found = std::vector<double>(kDays);
  std::vector<double> expected = std::vector<double>(kDays);
  std::vector<double> change = std::vector<double>(kDays + 1);  // of what each whole day expects
};

void expect_wins(const Spell& spell, const StageSpells& stage, Wins& wins) {
  const double last = spell.last_day();
  if (spell.won && last < kDays) ++wins.found[static_cast<std::size_t>(last)];
  each_band(spell.days, [&](std::size_t band, double from, double to) {
    // Later ages are nearer to the end.
    const double first = spell.first_day - to;
    const double until = std::min(spell.first_day - from, static_cast<double>(kDays));
    if (stage.wins[band] == 0 || first >= until) return;
    const double rate = stage.wins[band] / stage.record.exposure[band];
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

// From the first win until `until` days before the end. Only how months differ counts, not the level.
MonthEffect month_effect(const Wins& wins, std::int32_t last_day, std::size_t until) {
  std::array<double, 3> found{};
  std::array<double, 3> expected{};
  std::size_t day = kDays;
  while (day > until && wins.found[day - 1] == 0) --day;
  constexpr double kQuarter = 91.3;
  const double repeats = std::max(static_cast<double>(day - until) / kQuarter - 1, 0.0);
  for (; day > until; --day) {
    const std::size_t month = month_of_quarter(last_day - static_cast<std::int32_t>(day - 1));
    found[month] += wins.found[day - 1];
    expected[month] += wins.expected[day - 1];
  }
  // What was seen once may be chance.
  MonthEffect effect;
  effect.known = repeats / (repeats + kFewQuarters);
  const double all_found = std::accumulate(found.begin(), found.end(), 0.0);
  const double all_expected = std::accumulate(expected.begin(), expected.end(), 0.0);
  if (all_found == 0 || all_expected == 0) return effect;
  for (std::size_t month = 0; month < 3; ++month)
    if (expected[month] >= 1)
      effect.factors[month] += effect.known * (found[month] / expected[month] * all_expected / all_found - 1);
  return effect;
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

// Up to the end, those of a deal together and in order of time. Deals need no order among themselves,
// so that they go by their mixed keys into buckets, each small enough to be sorted in no time.
std::vector<StageHistory::Entry> StageHistory::by_deal() const {
  constexpr std::size_t kBucket = 32;
  constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15;  // 2^64 over the golden ratio (Knuth 1973)
  const auto bits = static_cast<int>(std::bit_width(entries_.size() / kBucket));
  const auto bucket_of = [bits](const Entry& entry) {
    return bits == 0 ? 0 : (static_cast<std::uint64_t>(entry.deal) * kMix) >> (64 - bits);
  };
  std::vector<std::size_t> begins((std::size_t{1} << bits) + 1);
  for (const Entry& entry : entries_)
    if (entry.at <= end_) ++begins[bucket_of(entry) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  std::vector<Entry> entries(begins.back());
  std::vector<std::size_t> next = begins;
  for (const Entry& entry : entries_)
    if (entry.at <= end_) entries[next[bucket_of(entry)]++] = entry;
  for (std::size_t i = 0; i + 1 < begins.size(); ++i)
    std::sort(entries.begin() + static_cast<std::ptrdiff_t>(begins[i]),
              entries.begin() + static_cast<std::ptrdiff_t>(begins[i + 1]), [](const Entry& a, const Entry& b) {
                return std::tie(a.deal, a.at, a.stage) < std::tie(b.deal, b.at, b.stage);
              });
  return entries;
}

StageHistoryResult StageHistory::result(Poll poll) const {
  const std::vector<Entry> entries = by_deal();
  std::vector<std::int32_t> numbers;
  for (const Entry& entry : entries) {
    if (!entry.open) continue;
    const auto place = std::lower_bound(numbers.begin(), numbers.end(), entry.stage);
    if (place == numbers.end() || *place != entry.stage) numbers.insert(place, entry.stage);
  }

  // The effect of the months and the common factor show in some thousands of deals as well as in all.
  constexpr std::size_t kSampled = 1 << 17;
  const std::size_t every = entries.size() / kSampled + 1;
  StageHistoryResult result;
  std::vector<StageSpells> stages(numbers.size());
  std::vector<Spell> sample;
  std::vector<Spell> spells;
  for (std::size_t i = 0; i < entries.size(); ++result.deals) {
    if (static_cast<std::size_t>(result.deals) % kPollEvery == 0) poll();
    const std::int64_t deal = entries[i].deal;
    spells.clear();
    while (i < entries.size() && entries[i].deal == deal) {
      const Entry& entry = entries[i];
      while (i < entries.size() && entries[i].deal == deal && entries[i].stage == entry.stage) ++i;
      const Entry* next = i < entries.size() && entries[i].deal == deal ? &entries[i] : nullptr;
      if (entry.won) {
        ++result.wins;
        for (Spell& spell : spells)
          if (!spell.won_on) spell.won_on = days_between(entry.at, end_);
      }
      if (!entry.open) continue;
      const auto stage = std::lower_bound(numbers.begin(), numbers.end(), entry.stage) - numbers.begin();
      spells.push_back({static_cast<std::size_t>(stage), next ? std::optional(next->stage) : std::nullopt,
                        days_between(entry.at, end_), days_between(entry.at, next ? next->at : end_),
                        next && next->won, std::nullopt});
      count(spells.back(), stages[spells.back().stage]);
    }
    if (static_cast<std::size_t>(result.deals) % every == 0) sample.insert(sample.end(), spells.begin(), spells.end());
  }

  Wins wins;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (i % kPollEvery == 0) poll();
    expect_wins(sample[i], stages[sample[i].stage], wins);
  }
  double change = 0;
  for (std::size_t day = 0; day < kDays; ++day) wins.expected[day] += change += wins.change[day];
  constexpr double kMicrosPerDay = 86400e6;
  result.last_day = static_cast<std::int32_t>(std::floor(static_cast<double>(end_.micros) / kMicrosPerDay));
  std::vector<MonthEffect> months;
  for (std::size_t period = 0; period <= kPeriods; ++period)
    months.push_back(month_effect(wins, result.last_day, period * kPeriod));
  result.month_factors.assign(months[0].factors.begin(), months[0].factors.end());
  const auto past = backtest(sample, numbers, months, result.last_day, poll);
  for (std::size_t h = 0; h < kHorizons; ++h)
    result.dispersion.push_back(std::min(common_dispersion(past[h], 1 / static_cast<double>(h + 1)) +
                                             unknown_month_dispersion(months[0].known, h + 1),
                                         kMostDispersion));

  for (std::size_t i = 0; i < stages.size(); ++i) {
    StageSpells& found = stages[i];
    StageRecord record = std::move(found.record);
    record.stage = numbers[i];
    const auto quartiles = kaplan_meier_quantiles(found.durations, kQuartiles);
    record.lower_quartile_days = quartiles[0];
    record.median_days = quartiles[1];
    record.upper_quartile_days = quartiles[2];
    std::sort(record.exits.begin(), record.exits.end(),
              [](const StageExits& a, const StageExits& b) { return a.to < b.to; });
    result.stages.push_back(std::move(record));
  }
  return result;
}

}  // namespace revenue::pipeline
