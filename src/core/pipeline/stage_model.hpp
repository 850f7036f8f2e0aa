#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/foundation/fields.hpp"
#include "core/foundation/poll.hpp"
#include "core/pipeline/stage_history.hpp"

namespace revenue::pipeline {

/// What is believed of a stage before there is history: after `default_days` in it a share of
/// `default_conversion` goes on to the stage `next`, the others are lost.
struct StageBelief {
  std::int32_t stage = 0;
  std::string kind;       ///< open, won or lost
  std::int32_t next = 0;  ///< the open or won stage after it; 0 where there is none
  double default_conversion = 0;
  double default_days = 0;
};
REVENUE_FIELDS(StageBelief, stage, kind, next, default_conversion, default_days)

struct StageModel {
  std::vector<StageBelief> beliefs;
  StageHistoryResult history;
};
REVENUE_FIELDS(StageModel, beliefs, history)

/// Squared coefficient of variation of the wins within 30, 60 or 90 days (the nearest from above)
/// beyond chance: what the past shows and how little it may be. Throws invalid_argument for a model
/// that StageHistory did not write.
double win_dispersion(const StageModel& model, double horizon);

/// The part of it that stands for what is not known of the rates after so many wins.
double parameter_dispersion(std::int64_t wins);

/// When deals are won, given their stage and the whole days they have spent in it: a semi-Markov
/// chain over the stages, on a grid of days. Each stage mixes what its history says, which has the
/// weight n / (n + 10) after n times entered, with the belief, so that without history the times
/// are the default ones exactly. The belief dies out for a deal that has outlived it. Months of a
/// quarter in which more is won than in others pass faster. Horizons end after two years.
class WinClock {
 public:
  static constexpr int kLastDay = 730;
  static constexpr double kBeliefWeight = 10;  ///< entries that a belief is worth

  struct Scope {
    int last_day = kLastDay;  ///< horizons end here
    bool believes = true;     ///< otherwise the history alone counts, however short it is
  };

  /// Throws invalid_argument for a model that StageHistory did not write or beliefs out of range.
  explicit WinClock(const StageModel& model, Poll poll = no_poll) : WinClock(model, poll, Scope{}) {}
  WinClock(const StageModel& model, Poll poll, Scope scope);

  /// Probability of a win within `horizon` days, 0 to 1; nothing for an unknown or a closed stage
  /// or an unknown age. Throws invalid_argument for a negative or NaN age or horizon.
  std::optional<double> win_probability(std::int32_t stage, std::optional<double> age,
                                        double horizon) const;

  /// Expected days until the win, given that it comes; nothing where it cannot.
  std::optional<double> days_to_win(std::int32_t stage, std::optional<double> age) const;

 private:
  struct Exit {
    std::size_t to;  // index of the stage; won and gone are the two after the last
    std::vector<double> hazard;  // per day, by band of age
  };
  struct Stage {
    double weight = 0;  // of the history
    std::size_t next = 0;
    double default_conversion = 0;
    int default_days = 0;
    std::vector<Exit> exits;
    std::vector<double> leaving;   // per day, by band: the sum over exits
    std::vector<double> surviving; // share still there after so many days
    std::vector<double> won;       // share won within so many days of entering
    double days_moment = 0;        // first moment of the days to a win
  };

  void solve(Poll poll);
  const Stage* find(std::int32_t stage, std::optional<double> age) const;
  template <class Visitor>
  void each_exit(const Stage& stage, int age, int days, Visitor&& visit) const;
  double won_by(std::size_t stage, int days) const;
  double won_within(const Stage& stage, int age, int days) const;

  Scope scope_;
  std::unordered_map<std::int32_t, std::size_t> index_;
  std::vector<Stage> stages_;
  std::vector<double> busy_days_;  // how much is decided within so many days, in average days
  mutable std::unordered_map<std::uint64_t, double> known_;
};

}  // namespace revenue::pipeline
