#include "core/scoring/quality.hpp"

#include "support.hpp"

namespace revenue::scoring {
namespace {

using test::expect_invalid;

TEST(ScoreQuality, WorkedExample) {
  static_assert(std::is_trivially_copyable_v<ScoreQuality>);
  ScoreQuality state;
  state.add(0.9, true);
  state.add(0.8, true);
  state.add(0.3, false);
  state.add(0.6, false);
  const ScoreQualityResult result = state.result();
  EXPECT_EQ(result.n, 4);
  EXPECT_DOUBLE_EQ(result.log_loss.value(),
                   -(std::log(0.9) + std::log(0.8) + std::log(0.7) + std::log(0.4)) / 4);
  EXPECT_DOUBLE_EQ(result.brier.value(), (0.01 + 0.04 + 0.09 + 0.36) / 4);
  EXPECT_DOUBLE_EQ(result.calibration_error.value(), (0.1 + 0.2 + 0.3 + 0.6) / 4);
  EXPECT_DOUBLE_EQ(result.mean_predicted.value(), 0.65);
  EXPECT_EQ(result.win_rate, 0.5);
  EXPECT_EQ(result.binned_auc, 1);
  ASSERT_EQ(result.calibration.size(), 4U);
  EXPECT_EQ(result.calibration.front().bin, 4);
  EXPECT_EQ(result.calibration.back().bin, 10);
  EXPECT_EQ(result.calibration.back().n, 1);
  EXPECT_EQ(result.calibration.back().mean_predicted, 0.9);
  EXPECT_EQ(result.calibration.back().observed, 1);
}

TEST(ScoreQuality, NoOutcomeNoFigure) {
  const ScoreQualityResult result = ScoreQuality{}.result();
  EXPECT_EQ(result.n, 0);
  EXPECT_EQ(result.log_loss, std::nullopt);
  EXPECT_EQ(result.brier, std::nullopt);
  EXPECT_TRUE(result.calibration.empty());
}

TEST(ScoreQuality, OneClassOnlyHasNoAuc) {
  ScoreQuality state;
  state.add(1, true);
  state.add(1, true);
  EXPECT_EQ(state.result().binned_auc, std::nullopt);
  EXPECT_NEAR(state.result().log_loss.value(), 0, 1e-14);
}

TEST(ScoreQuality, ACertainErrorIsClipped) {
  ScoreQuality state;
  state.add(1, false);
  state.add(0, true);
  EXPECT_NEAR(state.result().log_loss.value(), -std::log(1e-15), 1e-12);
  EXPECT_EQ(state.result().binned_auc, 0);
}

TEST(ScoreQuality, TiesCountHalf) {
  ScoreQuality state;
  for (const bool outcome : {true, false, true, false}) state.add(0.5, outcome);
  EXPECT_EQ(state.result().binned_auc, 0.5);
}

TEST(ScoreQuality, CalibratedProbabilitiesHaveASmallError) {
  test::RandomInputs random;
  ScoreQuality calibrated;
  ScoreQuality overconfident;
  for (int i = 0; i < 10 * test::kRandomInputs; ++i) {
    const double p = random.number(0, 1);
    const bool won = random.number(0, 1) < p;
    calibrated.add(p, won);
    overconfident.add(p < 0.5 ? p / 2 : 1 - (1 - p) / 2, won);
  }
  EXPECT_LT(calibrated.result().calibration_error.value(), 0.01);
  EXPECT_GT(overconfident.result().calibration_error.value(), 0.1);
  EXPECT_LT(calibrated.result().log_loss.value(), overconfident.result().log_loss.value());
  EXPECT_NEAR(calibrated.result().binned_auc.value(), 5.0 / 6, 0.01);
}

TEST(ScoreQuality, MergingIsAddingInAnyOrder) {
  test::RandomInputs random;
  ScoreQuality whole;
  std::array<ScoreQuality, 3> parts;
  for (std::size_t i = 0; i < test::kRandomInputs; ++i) {
    const double p = random.number(0, 1);
    const bool won = random.coin();
    whole.add(p, won);
    parts[i % parts.size()].add(p, won);
  }
  ScoreQuality merged;
  merged.merge(ScoreQuality{});
  for (const ScoreQuality& part : parts) {
    ScoreQuality copy;
    ASSERT_FALSE(test::read_state(test::bytes_of(part), copy));
    merged.merge(copy);
  }
  merged.merge(ScoreQuality{});
  const ScoreQualityResult a = whole.result();
  const ScoreQualityResult b = merged.result();
  EXPECT_EQ(a.n, b.n);
  EXPECT_NEAR(a.log_loss.value(), b.log_loss.value(), 1e-12);
  EXPECT_NEAR(a.brier.value(), b.brier.value(), 1e-12);
  EXPECT_NEAR(a.calibration_error.value(), b.calibration_error.value(), 1e-12);
  EXPECT_EQ(a.binned_auc, b.binned_auc);
}

TEST(ScoreQuality, BadInput) {
  for (const double bad : {-0.01, 1.01, test::kNaN, test::kInfinity})
    expect_invalid("p", [bad] { ScoreQuality{}.add(bad, true); });
}

TEST(ScoreQuality, MalformedBytes) {
  ScoreQuality state;
  state.add(0.5, true);
  test::expect_malformed_rejected(state);
}

}  // namespace
}  // namespace revenue::scoring
