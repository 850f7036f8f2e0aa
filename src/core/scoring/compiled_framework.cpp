#include "core/scoring/compiled_framework.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "core/foundation/error.hpp"
#include "core/foundation/name.hpp"
#include "core/scoring/text.hpp"

namespace revenue::scoring {
namespace {

constexpr std::int32_t kFree = -1;

// Length and three letters tell the few dozen stages of a company apart; a clash costs one more
// comparison.
std::uint32_t hash_of(std::string_view name) {
  const auto letter = [](char c) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(normal_letter(c)));
  };
  if (name.empty()) return 0;
  const std::uint32_t key = letter(name.front()) | letter(name[name.size() / 2]) << 8 |
                            letter(name.back()) << 16 |
                            static_cast<std::uint32_t>(name.size()) << 24;
  constexpr std::uint32_t kGoldenRatio = 0x9E3779B1;
  return key * kGoldenRatio >> 16;
}

double odds_against(double probability) {
  // Finite even for the least of probabilities, so that no product with it is inf x 0.
  return probability > 0
             ? std::min((1 - probability) / probability, std::numeric_limits<double>::max())
             : 0;
}

}  // namespace

CompiledFramework::CompiledFramework(Framework framework) : weights_(std::move(framework)) {
  validate(weights_);
  const StageWeights& weights = weights_.stages;
  for (const auto& [name, probability] : weights.probability.entries())
    stages_.push_back(
        {name, probability, weights.typical_days.find(name).value_or(weights.default_typical_days),
         weights.value_factor.find(name).value_or(probability), odds_against(probability)});
  unknown_stage_ = {"", weights.unknown_probability, weights.default_typical_days,
                    weights.unknown_value_factor, odds_against(weights.unknown_probability)};
  doublings_per_point_ = 1 / weights_.close_probability.points_per_doubling;

  // At most half full, so that a search always meets a free slot soon.
  slots_.assign(std::bit_ceil(2 * stages_.size() + 2), kFree);
  slot_mask_ = static_cast<std::uint32_t>(slots_.size() - 1);
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    std::uint32_t slot = hash_of(stages_[i].name) & slot_mask_;
    while (slots_[slot] != kFree) slot = (slot + 1) & slot_mask_;
    slots_[slot] = static_cast<std::int32_t>(i);
  }
}

const Stage* CompiledFramework::find_stage(std::string_view name) const {
  for (std::uint32_t slot = hash_of(name) & slot_mask_; slots_[slot] != kFree;
       slot = (slot + 1) & slot_mask_) {
    const Stage& stage = stages_[static_cast<std::size_t>(slots_[slot])];
    if (is_name(stage.name, name)) return &stage;
  }
  return nullptr;
}

void CompiledFramework::throw_unknown_stage(std::string_view name) const {
  std::string known;
  for (const Stage& stage : stages_) known.append(known.empty() ? "" : ", ").append(stage.name);
  throw Error(ErrorCode::invalid_argument, "unknown deal_stage " + quoted(name),
              "Use one of the known stages, pass NULL where the stage is not known, or add a stage "
              "to the framework's weights, such as "
              R"({"stages": {"probability": {"my_stage": 0.4}}}.)",
              "Known stages: " + known + ".");
}

const CompiledFramework& builtin_compiled() {
  static const CompiledFramework framework{builtin_framework()};
  return framework;
}

}  // namespace revenue::scoring
