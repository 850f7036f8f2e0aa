#include "core/scoring/framework.hpp"

#include <functional>

#include "core/scoring/compiled_framework.hpp"
#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::error_of;
using test::expect_invalid;

TEST(Framework, TheBuiltInOneIsValid) {
  EXPECT_NO_THROW(validate(builtin_framework()));
}

// Calls `action(path, coefficient)` for every double that `group` holds.
template <class T, class Action>
void each_coefficient(T& group, const std::string& path, Action&& action) {
  visit_fields(group, [&](std::string_view name, auto& field) {
    using Field = std::remove_reference_t<decltype(field)>;
    const std::string here = path.empty() ? std::string(name) : path + "." + std::string(name);
    if constexpr (std::is_same_v<Field, double>) {
      action(here, field);
    } else if constexpr (std::is_same_v<Field, Table>) {
      const Table before = field;
      for (const auto& [key, value] : before.entries()) {
        double changed = value;
        action(here + "." + key, changed);
        field.set(key, changed);
      }
    } else {
      each_coefficient(field, here, action);
    }
  });
}

TEST(Framework, EveryCoefficientMustBeANumberThatMakesSense) {
  int coefficients = 0;
  Framework built_in;
  each_coefficient(built_in, "", [&](const std::string&, double&) { ++coefficients; });
  EXPECT_GT(coefficients, 200);
  for (const double bad : {test::kNaN, test::kInfinity, -test::kInfinity, -1.0, 1e7})
    for (int chosen = 0; chosen < coefficients; ++chosen) {
      Framework framework;
      std::string name;
      int index = 0;
      each_coefficient(framework, "", [&](const std::string& path, double& value) {
        if (index++ != chosen) return;
        name = path;
        value = bad;
      });
      expect_invalid(name, [&framework] { validate(framework); });
    }
}

TEST(Framework, ProbabilitiesSharesAndLimitsAreChecked) {
  struct Case {
    const char* name;
    std::function<void(Framework&)> spoil;
  };
  const std::vector<Case> cases{
      {"stages.probability.proposal",
       [](Framework& f) { f.stages.probability.set("proposal", 1.01); }},
      {"stages.value_factor.demo", [](Framework& f) { f.stages.value_factor.set("demo", 2); }},
      {"stages.unknown_probability", [](Framework& f) { f.stages.unknown_probability = 1.5; }},
      {"stages.probability", [](Framework& f) { f.stages.probability.set("", 0.5); }},
      {"points_per_doubling", [](Framework& f) { f.close_probability.points_per_doubling = 0; }},
      {"strong_engagement", [](Framework& f) { f.close_probability.strong_engagement = 1; }},
      {"close_probability.confidence",
       [](Framework& f) {
         visit_fields(f.close_probability.confidence,
                      [](std::string_view, double& weight) { weight = 0; });
       }},
      {"silent_days", [](Framework& f) { f.deal_health.silent_days = 7; }},
      {"stagnant_multiple", [](Framework& f) { f.deal_health.stagnant_multiple = 1; }},
      {"enough_interactions", [](Framework& f) { f.deal_health.enough_interactions = 0; }},
      {"velocity",
       [](Framework& f) {
         f.deal_health.velocity = f.deal_health.engagement = f.deal_health.qualification = 0;
       }},
      {"strong_from", [](Framework& f) { f.deal_health.strong_from = 50; }},
      {"industry_factor.tech", [](Framework& f) { f.deal_value.industry_factor.set("tech", 101); }},
      {"default_term_months", [](Framework& f) { f.deal_value.default_term_months = 1.5; }},
      {"lead_score", [](Framework& f) { f.lead_score.meeting_cap = 30; }},
      {"engagement_half_life_days",
       [](Framework& f) { f.lead_score.engagement_half_life_days = 0; }},
      {"grade_a_from", [](Framework& f) { f.lead_score.grade_a_from = 50; }},
      {"churn_risk", [](Framework& f) { f.churn_risk.usage_decline = 50; }},
      {"csat_good", [](Framework& f) { f.churn_risk.csat_good = 40; }},
      {"full_seats", [](Framework& f) { f.expansion_score.full_seats = 0.5; }},
      {"expansion_score", [](Framework& f) { f.expansion_score.upsell = 90; }},
  };
  for (const Case& bad : cases) {
    Framework framework;
    bad.spoil(framework);
    expect_invalid(bad.name, [&framework] { validate(framework); });
    expect_invalid(bad.name, [&framework] { CompiledFramework{framework}; });
  }
}

TEST(CompiledFramework, FindsEveryStageHoweverItIsWritten) {
  for (const auto& [name, probability] : builtin_framework().stages.probability.entries()) {
    const Stage* stage = builtin_compiled().find_stage(name);
    ASSERT_NE(stage, nullptr) << name;
    EXPECT_EQ(stage->name, name);
    EXPECT_EQ(stage->probability, probability);
  }
  EXPECT_EQ(builtin_compiled().find_stage("Closed Won"),
            builtin_compiled().find_stage("closed_won"));
  for (const char* name : {"", " ", "x", "proposals", "PROPOSAL ", "closedwon"})
    EXPECT_EQ(builtin_compiled().find_stage(name), nullptr) << name;
}

TEST(CompiledFramework, AStageOfOnesOwn) {
  Framework framework;
  framework.stages.probability.set("Pilot", 0.6);
  const CompiledFramework compiled(framework);
  const Stage& pilot = compiled.stage("pilot");
  EXPECT_EQ(pilot.probability, 0.6);
  EXPECT_EQ(pilot.typical_days, framework.stages.default_typical_days);
  EXPECT_EQ(pilot.value_factor, 0.6) << "without a value factor of its own, the probability";
}

TEST(CompiledFramework, ManyStagesAndNone) {
  Framework framework;
  for (int i = 0; i < 5000; ++i)
    framework.stages.probability.set("stage_" + std::to_string(i), i / 5000.0);
  const CompiledFramework many(framework);
  for (int i = 0; i < 5000; ++i)
    EXPECT_EQ(many.stage("Stage " + std::to_string(i)).probability, i / 5000.0);

  framework.stages.probability = {};
  const CompiledFramework none(framework);
  EXPECT_EQ(none.find_stage("proposal"), nullptr);
  EXPECT_EQ(none.stage(std::nullopt).probability, framework.stages.unknown_probability);
}

TEST(CompiledFramework, AnUnknownStageNameSaysWhatToDo) {
  const auto error = error_of([] { builtin_compiled().stage("prposal"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::invalid_argument);
  EXPECT_EQ(error->message, "unknown deal_stage \"prposal\"");
  EXPECT_NE(error->detail.find("proposal, negotiation"), std::string::npos) << error->detail;
  EXPECT_NE(error->hint.find("weights"), std::string::npos) << error->hint;
}

TEST(CompiledFramework, AnAbsurdStageNameIsShortenedBetweenCharacters) {
  std::string name = "x";
  for (int i = 0; i < 100'000; ++i) name += "\xC3\xA4";
  const auto error = error_of([&name] { builtin_compiled().stage(name); });
  ASSERT_TRUE(error);
  EXPECT_LT(error->message.size(), 100U);
  EXPECT_NE(error->message.find("\xC3\xA4...\""), std::string::npos) << error->message;
}

// Further along is likelier: the built-in ladder and the funnel never step down.
TEST(Framework, StagesClimb) {
  const Table& probability = builtin_framework().stages.probability;
  const std::vector<std::vector<const char*>> ladders{
      {"lead", "prospecting", "qualification", "qualified", "discovery", "needs_analysis", "demo",
       "evaluation", "proposal", "negotiation", "contract", "verbal_commit", "won"},
      {"lost", "prospecting", "engaging", "won"},
      {"cold", "awareness", "consideration", "decision", "call_booked", "closed"}};
  for (const auto& ladder : ladders)
    for (std::size_t i = 1; i < ladder.size(); ++i)
      EXPECT_LT(probability.find(ladder[i - 1]).value(), probability.find(ladder[i]).value())
          << ladder[i];
}

}  // namespace
}  // namespace revenue::scoring
