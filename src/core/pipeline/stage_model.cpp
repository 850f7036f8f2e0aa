#include "core/pipeline/stage_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/foundation/eigen.hpp"
#include "core/foundation/number_text.hpp"
#include "core/pipeline/age_bands.hpp"
#include "core/pipeline/common_factor.hpp"
#include "core/pipeline/month_of_quarter.hpp"

namespace revenue::pipeline {
namespace {

[[noreturn]] void bad_model(const std::string& detail) {
  throw Error(ErrorCode::invalid_argument, "this is no model of stages",
              "Pass what revenue.stage_model() gives.", detail);
}

// Events that the rate of the whole stage is worth within one band (gamma prior of the rates).
constexpr double kBandEvents = 2;

// Of every day that an age and a horizon reach together.
std::size_t band_of_day(int day) {
  static const auto bands = [] {
    std::array<std::uint8_t, 2 * WinClock::kLastDay + 1> table{};
    for (std::size_t i = 0; i < table.size(); ++i)
      table[i] = static_cast<std::uint8_t>(band_of(static_cast<double>(i)));
    return table;
  }();
  return bands[static_cast<std::size_t>(day)];
}

}  // namespace

WinClock::WinClock(const StageModel& model, Poll poll, Scope scope) : scope_(scope) {
  const std::vector<double>& factors = model.history.month_factors;
  if (!factors.empty() && factors.size() != 3) bad_model("month_factors has not three values.");
  if (std::abs(model.history.last_day) > kMostDays) bad_model("last_day is out of range.");
  busy_days_.push_back(0);
  for (std::int32_t day = 0; day < scope_.last_day; ++day) {
    const double factor = factors.empty() ? 1 : factors[month_of_quarter(model.history.last_day + day)];
    if (!(factor >= 0 && factor <= 10)) bad_model("a month factor is out of range.");
    busy_days_.push_back(busy_days_.back() + factor);
  }

  std::vector<std::int32_t> won;
  for (const StageBelief& belief : model.beliefs) {
    if (belief.stage <= 0 || belief.default_conversion < 0 || belief.default_conversion > 1 ||
        !(belief.default_days >= 0 && belief.default_days <= kLastDay))
      bad_model("stage " + std::to_string(belief.stage) + " has a number out of range.");
    if (belief.kind == "won") won.push_back(belief.stage);
    if (belief.kind != "open") continue;
    if (!index_.emplace(belief.stage, stages_.size()).second)
      bad_model("stage " + std::to_string(belief.stage) + " is there twice.");
    stages_.emplace_back();
  }

  const std::size_t won_index = stages_.size();
  const auto target = [&](std::int32_t stage) {
    if (std::find(won.begin(), won.end(), stage) != won.end()) return won_index;
    const auto found = index_.find(stage);
    return found != index_.end() ? found->second : won_index + 1;
  };
  for (const StageBelief& belief : model.beliefs) {
    if (belief.kind != "open") continue;
    Stage& stage = stages_[index_.at(belief.stage)];
    stage.next = target(belief.next);
    stage.default_conversion = belief.default_conversion;
    stage.default_days = static_cast<int>(std::lround(belief.default_days));
  }

  for (const StageRecord& record : model.history.stages) {
    const auto found = index_.find(record.stage);
    if (found == index_.end()) continue;
    if (record.exposure.size() != kAgeBands.size() || record.entered < 0 || record.left < 0)
      bad_model("the record of stage " + std::to_string(record.stage) + " is incomplete.");
    double exposure = 0;
    for (const double days : record.exposure) {
      if (!(days >= 0)) bad_model("an exposure is negative.");
      exposure += days;
    }
    // Nobody has left, or nobody has stayed for any time: nothing can be said of rates.
    if (record.left == 0 || exposure <= 0) continue;
    Stage& stage = stages_[found->second];
    const auto entered = static_cast<double>(record.entered);
    stage.weight = scope_.believes ? entered / (entered + kBeliefWeight) : 1;
    const double all_rate = static_cast<double>(record.left) / exposure;
    for (const StageExits& exits : record.exits) {
      if (exits.by_age.size() != kAgeBands.size() || exits.deals < 0)
        bad_model("the exits of stage " + std::to_string(record.stage) + " are incomplete.");
      Exit exit{target(exits.to), {}};
      const double share = static_cast<double>(exits.deals) / static_cast<double>(record.left);
      for (std::size_t band = 0; band < kAgeBands.size(); ++band) {
        const double rate = (static_cast<double>(exits.by_age[band]) + kBandEvents * share) /
                            (record.exposure[band] + kBandEvents / all_rate);
        exit.hazard.push_back(rate);
      }
      stage.exits.push_back(std::move(exit));
    }
    // Competing within a day: the chance to leave at all is shared out by the rates.
    stage.leaving.assign(kAgeBands.size(), 0);
    for (std::size_t band = 0; band < kAgeBands.size(); ++band) {
      double rate = 0;
      for (const Exit& exit : stage.exits) rate += exit.hazard[band];
      stage.leaving[band] = -std::expm1(-rate);
      if (rate > 0)
        for (Exit& exit : stage.exits) exit.hazard[band] *= stage.leaving[band] / rate;
    }
  }
  for (Stage& stage : stages_) {
    stage.surviving.assign(kLastDay + 1, 1);
    if (!stage.leaving.empty())
      for (int day = 1; day <= kLastDay; ++day)
        stage.surviving[static_cast<std::size_t>(day)] =
            stage.surviving[static_cast<std::size_t>(day - 1)] * (1 - stage.leaving[band_of_day(day - 1)]);
  }
  solve(poll);
}

double WinClock::won_by(std::size_t stage, int days) const {
  if (stage == stages_.size()) return days >= 0 ? 1 : 0;
  if (stage > stages_.size() || days < 0) return 0;
  return stages_[stage].won[static_cast<std::size_t>(std::min(days, scope_.last_day))];
}

// Visits (to, first day, last day, share) of what leaves within `days` after `age` whole days: in
// the history sometime between two days, by belief on a day.
template <class Visitor>
void WinClock::each_exit(const Stage& stage, int age, int days, Visitor&& visit) const {
  const double by_history = stage.weight * stage.surviving[static_cast<std::size_t>(age)];
  const double by_belief = age < stage.default_days ? 1 - stage.weight : 0;
  const double all = by_history + by_belief;
  if (by_belief > 0 || all <= 0) {
    // A deal that has outlived all that is known is due now.
    const double share = all > 0 ? by_belief / all : 1;
    const int due = std::max(stage.default_days - age, 0);
    if (due <= days) visit(stage.next, due, due, share * stage.default_conversion);
  }
  if (by_history <= 0) return;
  double still = by_history / all;
  for (int day = 1; day <= days; ++day) {
    const std::size_t band = band_of_day(age + day - 1);
    for (const Exit& exit : stage.exits) visit(exit.to, day - 1, day, still * exit.hazard[band]);
    still *= 1 - stage.leaving[band];
  }
}

// The renewal equation, day by day. What moves on within a day is still to be won on that day, so
// a day depends on itself through stages left on their first day: a linear system, the same one
// every day but the first.
void WinClock::solve(Poll poll) {
  const std::size_t won_index = stages_.size();
  const auto size = static_cast<Eigen::Index>(stages_.size());
  if (size == 0) return;
  // Stages that only lead to each other, without a way out, are never won: it is the least solution
  // that counts, which those of a system a little damped converge to.
  constexpr double kDamped = 1 - 1e-12;
  struct Step {
    std::size_t to;
    Eigen::VectorXd share;  // leaving for it on the day before each day
  };
  std::vector<std::vector<Step>> steps(stages_.size());
  // Mean of the days at both ends of the day on which a stage is entered.
  std::vector<Eigen::VectorXd> halfway(stages_.size(), Eigen::VectorXd::Zero(scope_.last_day + 1));
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    Stage& stage = stages_[i];
    stage.won.assign(static_cast<std::size_t>(scope_.last_day) + 1, 0);
    for (const Exit& exit : stage.exits) {
      if (exit.to > won_index) continue;
      Step step{exit.to, Eigen::VectorXd::Zero(scope_.last_day + 1)};
      for (int day = 1; day <= scope_.last_day; ++day)
        step.share[day] = stage.weight * stage.surviving[static_cast<std::size_t>(day - 1)] *
                          exit.hazard[band_of_day(day - 1)];
      steps[i].push_back(std::move(step));
    }
  }
  Eigen::MatrixXd on_first = Eigen::MatrixXd::Identity(size, size);
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const Stage& stage = stages_[i];
    if (stage.default_days == 0 && stage.next < won_index)
      on_first(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(stage.next)) -=
          kDamped * (1 - stage.weight) * stage.default_conversion;
  }
  Eigen::MatrixXd on_later = on_first;
  for (std::size_t i = 0; i < stages_.size(); ++i)
    for (const Step& step : steps[i])
      if (step.to < won_index && scope_.last_day > 0)
        on_later(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(step.to)) -= kDamped * step.share[1] / 2;
  const Eigen::PartialPivLU<Eigen::MatrixXd> first_day(on_first);
  const Eigen::PartialPivLU<Eigen::MatrixXd> later_day(on_later);
  Eigen::VectorXd earlier(size);  // what does not depend on this very day
  for (int day = 0; day <= scope_.last_day; ++day) {
    poll();
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      const Stage& stage = stages_[i];
      double& won = earlier[static_cast<Eigen::Index>(i)];
      won = 0;
      if (stage.default_days > 0 || stage.next >= won_index)
        won += (1 - stage.weight) * stage.default_conversion * won_by(stage.next, day - stage.default_days);
      for (const Step& step : steps[i]) {
        if (step.to == won_index) {
          won += step.share.head(day + 1).sum();
          continue;
        }
        if (day > 1) won += step.share.segment(2, day - 1).dot(halfway[step.to].segment(1, day - 1).reverse());
        if (day > 0) won += step.share[1] * won_by(step.to, day - 1) / 2;
      }
    }
    const Eigen::VectorXd today = (day == 0 ? first_day : later_day).solve(earlier);
    for (std::size_t i = 0; i < stages_.size(); ++i)
      stages_[i].won[static_cast<std::size_t>(day)] = std::clamp(today[static_cast<Eigen::Index>(i)], 0.0, 1.0);
    for (std::size_t i = 0; i < stages_.size(); ++i)
      if (day > 0) halfway[i][day] = (won_by(i, day) + won_by(i, day - 1)) / 2;
  }

  // The first moments: those of the stages entered next, and the days until then.
  Eigen::MatrixXd moves = Eigen::MatrixXd::Identity(size, size);
  Eigen::VectorXd days = Eigen::VectorXd::Zero(size);
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    each_exit(stages_[i], 0, scope_.last_day, [&](std::size_t to, int first, int last, double share) {
      if (to > won_index) return;
      days[row] += share * won_by(to, scope_.last_day) * (first + last) / 2;
      if (to < won_index) moves(row, static_cast<Eigen::Index>(to)) -= share;
    });
  }
  const Eigen::VectorXd moments = moves.partialPivLu().solve(days);
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    // Stages that only lead to each other have none.
    const double moment = moments[static_cast<Eigen::Index>(i)];
    stages_[i].days_moment = std::isfinite(moment) ? moment : 0;
  }
}

const WinClock::Stage* WinClock::find(std::int32_t stage, std::optional<double> age) const {
  if (age && !(*age >= 0))
    throw Error(ErrorCode::invalid_argument, "days_in_stage must be 0 or more",
                "Count the days from stage_entered_at; NULL means unknown.",
                "It is " + shown(*age) + ".");
  const auto found = index_.find(stage);
  return found == index_.end() || !age ? nullptr : &stages_[found->second];
}

double WinClock::won_within(const Stage& stage, int age, int days) const {
  const auto at = static_cast<std::uint64_t>(&stage - stages_.data());
  const std::uint64_t key = (at << 32) | (static_cast<std::uint64_t>(age) << 16) | static_cast<std::uint64_t>(days);
  const auto [known, is_new] = known_.try_emplace(key, 0.0);
  if (is_new) {
    double won = 0;
    each_exit(stage, age, days, [&](std::size_t to, int first, int last, double share) {
      won += to == stages_.size() ? share
                                  : share * (won_by(to, days - first) + won_by(to, days - last)) / 2;
    });
    known->second = std::min(won, 1.0);
  }
  return known->second;
}

std::optional<double> WinClock::win_probability(std::int32_t stage_no, std::optional<double> age,
                                                double horizon) const {
  if (!(horizon >= 0))
    throw Error(ErrorCode::invalid_argument, "horizon must be 0 days or more", "30, 60 and 90 are usual.",
                "It is " + shown(horizon) + ".");
  const Stage* stage = find(stage_no, age);
  if (stage == nullptr) return std::nullopt;
  const int old = static_cast<int>(std::min<double>(*age, kLastDay));
  const auto days = static_cast<std::size_t>(std::min<double>(horizon, scope_.last_day));
  const double busy = std::min<double>(busy_days_[days], scope_.last_day);
  const int whole = static_cast<int>(busy);
  const double part = busy - whole;
  const double won = won_within(*stage, old, whole);
  return part > 0 ? won + part * (won_within(*stage, old, std::min(whole + 1, scope_.last_day)) - won) : won;
}

std::optional<double> WinClock::days_to_win(std::int32_t stage_no, std::optional<double> age) const {
  const Stage* stage = find(stage_no, age);
  if (stage == nullptr) return std::nullopt;
  const int old = static_cast<int>(std::min<double>(*age, kLastDay));
  double won = 0;
  double days = 0;
  each_exit(*stage, old, scope_.last_day, [&](std::size_t to, int first, int last, double share) {
    const double mean = (first + last) / 2.0;
    if (to == stages_.size()) {
      won += share;
      days += share * mean;
    } else if (to < stages_.size()) {
      won += share * stages_[to].won.back();
      days += share * (mean * stages_[to].won.back() + stages_[to].days_moment);
    }
  });
  if (won <= 0) return std::nullopt;
  const auto reached = std::lower_bound(busy_days_.begin(), busy_days_.end(), days / won);
  if (reached == busy_days_.end()) return days / won;
  const auto whole = static_cast<double>(reached - busy_days_.begin());
  if (whole == 0 || *reached == *(reached - 1)) return whole;
  return whole - (*reached - days / won) / (*reached - *(reached - 1));
}

double win_dispersion(const StageModel& model, double horizon) {
  const std::vector<double>& measured = model.history.dispersion;
  if (measured.size() > 3) bad_model("dispersion has more than three values.");
  if (model.history.wins < 0) bad_model("wins is negative.");
  // NaN is the shortest.
  const auto wanted = static_cast<std::size_t>(horizon > 60 ? 2 : horizon > 30 ? 1 : 0);
  const double beyond_chance = wanted < measured.size() ? measured[wanted] : common_dispersion({}, 1) + unknown_month_dispersion(0, wanted + 1);
  if (!(beyond_chance >= 0 && beyond_chance <= kMostDispersion)) bad_model("dispersion is out of range.");
  return parameter_dispersion(model.history.wins) + beyond_chance;
}

double parameter_dispersion(std::int64_t wins) {
  return 1 / (static_cast<double>(wins) + WinClock::kBeliefWeight);
}

}  // namespace revenue::pipeline
