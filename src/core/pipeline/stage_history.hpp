#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/poll.hpp"
#include "core/foundation/time.hpp"

namespace revenue::pipeline {

/// The most dispersion that is believed.
inline constexpr double kMostDispersion = 99;

/// Where deals went from a stage.
struct StageExits {
  std::int32_t to = 0;  ///< the stage entered next; 0 = deleted
  std::int64_t deals = 0;
  std::vector<std::int64_t> by_age;  ///< how many left within each of kAgeBands
};
REVENUE_FIELDS(StageExits, to, deals, by_age)

/// What the past says of one stage.
struct StageRecord {
  std::int32_t stage = 0;
  std::int64_t entered = 0;                    ///< times the stage was entered
  std::int64_t left = 0;                       ///< times it was left; the others are still in it
  std::optional<double> lower_quartile_days;   ///< of the time in the stage, Kaplan-Meier
  std::optional<double> median_days;
  std::optional<double> upper_quartile_days;
  std::vector<double> exposure;                ///< days spent within each of kAgeBands
  std::vector<StageExits> exits;
};
REVENUE_FIELDS(StageRecord, stage, entered, left, lower_quartile_days, median_days,
               upper_quartile_days, exposure, exits)

struct StageHistoryResult {
  std::int64_t deals = 0;
  std::int64_t wins = 0;
  std::int32_t last_day = 0;  ///< when the data end, in days since 2000-01-01
  /// How the wins of the two years before the end were spread over the months of a quarter, January
  /// first: found over expected, drawn towards 1 while there are few quarters.
  std::vector<double> month_factors;
  /// Squared coefficient of variation of the number of wins in 30, 60 and 90 days beyond what
  /// independent deals explain: what forecasts of the same years, each with what was known by then,
  /// were off by, and the more the fewer such periods there are.
  std::vector<double> dispersion;
  std::vector<StageRecord> stages;
};
REVENUE_FIELDS(StageHistoryResult, deals, wins, last_day, month_factors, dispersion, stages)

/// Aggregate state: which stages deals entered when, in any order, as the rates at which they leave
/// each stage for each other by the time they have spent in it: competing risks with constant
/// rates within kAgeBands (occurrences over exposure; Hoem 1987).
class StageHistory {
 public:
  explicit StageHistory(std::pmr::memory_resource* memory) : entries_(memory) {}

  /// `stage` > 0, nothing where the deal left for no stage; `kind` is open, won or lost;
  /// `deleted_at` is when the deal was deleted in that stage, if it was. `end` is when the data end,
  /// the same in every row. Throws invalid_argument for anything else.
  void add(std::int64_t deal, std::optional<std::int32_t> stage, std::string_view kind,
           Timestamp entered_at, std::optional<Timestamp> deleted_at, Timestamp end);
  void merge(const StageHistory& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);
  StageHistoryResult result(Poll poll) const;

 private:
  struct Entry {
    std::int64_t deal;
    Timestamp at;
    std::int32_t stage;
    bool won;
    bool open;
  };
  std::vector<Entry> by_deal() const;

  std::pmr::vector<Entry> entries_;
  Timestamp end_{INT64_MIN};
};

}  // namespace revenue::pipeline
