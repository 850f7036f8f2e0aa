#include "core/forecast/reconcile.hpp"

#include <numeric>

#include "support.hpp"

namespace revenue::forecast {
namespace {

using Eigen::MatrixXd;
using test::expect_invalid;
using test::kNaN;

using Pairs = std::vector<std::pair<std::string, std::optional<std::string>>>;

const Pairs kRegions{{"all", std::nullopt}, {"east", "all"}, {"west", "all"}, {"a", "east"},
                     {"b", "east"},         {"c", "west"},   {"d", "west"}};

MatrixXd draws(Eigen::Index rows, Eigen::Index columns, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  return MatrixXd::NullaryExpr(rows, columns, [&] { return normal(random); });
}

BaseForecasts base_of(const Hierarchy& hierarchy, MatrixXd mean, MatrixXd residuals) {
  return {
      std::move(mean), std::move(residuals), std::vector<bool>(hierarchy.nodes.size(), false), {}};
}

double sum_below(const Hierarchy::Total& total, const MatrixXd& mean, Eigen::Index step) {
  return std::accumulate(total.bottoms.begin(), total.bottoms.end(), 0.0,
                         [&](double sum, std::size_t bottom) {
                           return sum + mean(static_cast<Eigen::Index>(bottom), step);
                         });
}

TEST(Hierarchy, TotalsAndBottoms) {
  const Hierarchy hierarchy = make_hierarchy(kRegions);
  EXPECT_EQ(hierarchy.bottoms, (std::vector<std::size_t>{3, 4, 5, 6}));
  ASSERT_EQ(hierarchy.totals.size(), 3u);
  EXPECT_EQ(hierarchy.totals[0].bottoms, (std::vector<std::size_t>{3, 4, 5, 6}));
  EXPECT_EQ(hierarchy.totals[2].bottoms, (std::vector<std::size_t>{5, 6}));
}

TEST(Hierarchy, CrossedNodesCountOnce) {
  const Hierarchy hierarchy = make_hierarchy({{"all", std::nullopt},
                                              {"east", "all"},
                                              {"west", "all"},
                                              {"new", "all"},
                                              {"old", "all"},
                                              {"en", "east"},
                                              {"en", "new"},
                                              {"eo", "east"},
                                              {"eo", "old"},
                                              {"wn", "west"},
                                              {"wn", "new"}});
  EXPECT_EQ(hierarchy.totals[0].bottoms.size(), 3u);
}

TEST(Hierarchy, Refusals) {
  EXPECT_TRUE(test::error_of([] { make_hierarchy({}); }));
  expect_invalid("parent \"x\"", [] { make_hierarchy({{"a", "x"}}); });
  expect_invalid("circle", [] { make_hierarchy({{"a", "b"}, {"b", "a"}}); });
  expect_invalid("circle", [] { make_hierarchy({{"top", std::nullopt}, {"a", "a"}}); });
}

// The textbook form of the same projection, S (S' W^-1 S)^-1 S' W^-1, and its mean with the bottom forecasts' sums.
TEST(Reconcile, EqualsTheClosedForm) {
  const Hierarchy hierarchy = make_hierarchy(kRegions);
  const MatrixXd mean = 10 * draws(7, 3, 1);
  MatrixXd residuals = draws(7, 40, 2);
  residuals.row(0) += residuals.row(1);
  const auto result =
      reconcile(hierarchy, base_of(hierarchy, mean, residuals), ReconciliationMethod::mint);
  EXPECT_EQ(result.method, ReconciliationMethod::mint);
  EXPECT_GT(result.shrinkage, 0);
  EXPECT_LT(result.shrinkage, 1);

  MatrixXd covariance = residuals * residuals.transpose() / 40;
  for (Eigen::Index i = 0; i < 7; ++i)
    for (Eigen::Index j = 0; j < 7; ++j)
      if (i != j) covariance(i, j) *= 1 - result.shrinkage;
  MatrixXd sums = MatrixXd::Zero(7, 4);
  sums.row(0).setOnes();
  sums.row(1) << 1, 1, 0, 0;
  sums.row(2) << 0, 0, 1, 1;
  sums.bottomRows(4).setIdentity();
  const MatrixXd inverse = covariance.inverse();
  const MatrixXd bottoms =
      (sums.transpose() * inverse * sums).inverse() * sums.transpose() * inverse;
  MatrixXd lowest = MatrixXd::Zero(4, 7);
  lowest.rightCols(4).setIdentity();
  const MatrixXd combined = sums * (bottoms + lowest) / 2;
  EXPECT_LT((result.mean - combined * mean).norm(), 1e-9);
  const MatrixXd variance = combined * covariance * combined.transpose();
  for (Eigen::Index i = 0; i < 7; ++i) {
    EXPECT_NEAR(result.spread[static_cast<std::size_t>(i)],
                std::sqrt(variance(i, i) / covariance(i, i)), 1e-9);
  }
}

// Schaefer & Strimmer's intensity, pair by pair.
TEST(Reconcile, ShrinkageEqualsTheSumOverPairs) {
  const Hierarchy hierarchy = make_hierarchy({{"all", std::nullopt}, {"a", "all"}, {"b", "all"}});
  MatrixXd residuals = draws(3, 25, 5);
  residuals.row(0) += 0.5 * residuals.row(1);
  const auto result = reconcile(hierarchy, base_of(hierarchy, draws(3, 1, 6), residuals),
                                ReconciliationMethod::mint);
  double uncertainty = 0;
  double signal = 0;
  for (Eigen::Index i = 0; i < 3; ++i) {
    for (Eigen::Index j = 0; j < 3; ++j) {
      if (i == j) continue;
      const auto products = residuals.row(i).array() * residuals.row(j).array() /
                            (residuals.row(i).norm() * residuals.row(j).norm() / 25);
      const Eigen::ArrayXd w = products;
      signal += w.mean() * w.mean();
      uncertainty += (w.square().sum() - w.sum() * w.sum() / 25) / (25 * 24);
    }
  }
  EXPECT_NEAR(result.shrinkage, uncertainty / signal, 1e-9);
}

TEST(Reconcile, EveryMethodAddsUp) {
  const Hierarchy hierarchy = make_hierarchy(kRegions);
  for (const double scale : {1e-9, 1.0, 1e15}) {
    auto base = base_of(hierarchy, scale * draws(7, 5, 3), scale * draws(7, 30, 4));
    base.non_negative.assign(7, true);
    for (const char* name : {"mint", "structural", "ols", "bottom_up"}) {
      const auto result = reconcile(hierarchy, base, reconciliation_method(name));
      EXPECT_GE(result.mean.minCoeff(), 0) << name;
      for (const auto& total : hierarchy.totals)
        for (Eigen::Index step = 0; step < 5; ++step) {
          const double value = result.mean(static_cast<Eigen::Index>(total.node), step);
          EXPECT_NEAR(value, sum_below(total, result.mean, step), 1e-9 * std::fabs(value)) << name;
        }
    }
  }
}

TEST(Reconcile, WhatAddsUpAlreadyStays) {
  const Hierarchy hierarchy = make_hierarchy(kRegions);
  MatrixXd mean = draws(7, 2, 9);
  mean.row(1) = mean.row(3) + mean.row(4);
  mean.row(2) = mean.row(5) + mean.row(6);
  mean.row(0) = mean.row(1) + mean.row(2);
  for (const char* name : {"mint", "structural", "ols", "bottom_up"}) {
    const auto result = reconcile(hierarchy, base_of(hierarchy, mean, draws(7, 30, 4)),
                                  reconciliation_method(name));
    EXPECT_LT((result.mean - mean).norm(), 1e-12) << name;
  }
}

TEST(Reconcile, FewResidualsFallBackToTheStructure) {
  const Hierarchy hierarchy = make_hierarchy(kRegions);
  MatrixXd residuals = draws(7, 30, 4);
  residuals.row(3).tail(25).setConstant(kNaN);
  const MatrixXd mean = draws(7, 2, 9);
  const auto result =
      reconcile(hierarchy, base_of(hierarchy, mean, residuals), ReconciliationMethod::mint);
  EXPECT_EQ(result.method, ReconciliationMethod::structural);
  const auto by = [&](ReconciliationMethod method) {
    return reconcile(hierarchy, base_of(hierarchy, mean, MatrixXd(7, 0)), method).mean;
  };
  const MatrixXd both =
      (by(ReconciliationMethod::structural) + by(ReconciliationMethod::bottom_up)) / 2;
  EXPECT_LT((result.mean - both).norm(), 1e-12);
}

TEST(Reconcile, GapsAndPerfectSeries) {
  const Hierarchy hierarchy = make_hierarchy(kRegions);
  MatrixXd residuals = draws(7, 60, 4);
  residuals.row(3).head(40).setConstant(kNaN);
  residuals.row(5).setZero();
  const auto result = reconcile(hierarchy, base_of(hierarchy, draws(7, 2, 9), residuals),
                                ReconciliationMethod::mint);
  EXPECT_TRUE(result.mean.allFinite());
  for (const double spread : result.spread) EXPECT_TRUE(spread >= 0 && spread < 10);
}

TEST(Reconcile, WhatIsFixedStays) {
  const Hierarchy hierarchy = make_hierarchy(kRegions);
  for (const char* name : {"mint", "structural", "ols"}) {
    auto base = base_of(hierarchy, draws(7, 2, 9), draws(7, 30, 4));
    base.fixed.assign(7, false);
    base.fixed[0] = true;
    const auto result = reconcile(hierarchy, base, reconciliation_method(name));
    EXPECT_LT((result.mean.row(0) - base.mean.row(0)).norm(), 1e-12) << name;
  }
  auto base = base_of(hierarchy, draws(7, 2, 9), draws(7, 30, 4));
  base.fixed.assign(7, true);
  expect_invalid("cannot be reconciled",
                 [&] { reconcile(hierarchy, base, ReconciliationMethod::mint); });
}

TEST(Reconcile, OneNodeAndManyNodes) {
  const Hierarchy one = make_hierarchy({{"a", std::nullopt}});
  EXPECT_EQ(
      reconcile(one, base_of(one, draws(1, 3, 1), draws(1, 20, 2)), ReconciliationMethod::mint)
          .mean,
      draws(1, 3, 1));
  Pairs pairs{{"all", std::nullopt}};
  for (int i = 0; i < 3000; ++i) pairs.emplace_back("s" + std::to_string(i), "all");
  const Hierarchy many = make_hierarchy(pairs);
  const auto result = reconcile(many, base_of(many, draws(3001, 12, 1), draws(3001, 48, 2)),
                                ReconciliationMethod::mint);
  EXPECT_NEAR(result.mean(0, 0), result.mean.col(0).tail(3000).sum(), 1e-9);
}

// With errors of the kind it assumes, it errs less than the sum of the bottom forecasts.
TEST(Reconcile, BetterThanBottomUpWhereTotalsAreForecastBetter) {
  const Hierarchy hierarchy = make_hierarchy(kRegions);
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const std::vector<double> deviation{1, 1, 1, 3, 3, 3, 3};
  double mint = 0;
  double bottom_up = 0;
  for (int round = 0; round < 200; ++round) {
    const auto errors = [&](Eigen::Index columns) {
      MatrixXd result(7, columns);
      for (Eigen::Index i = 0; i < result.size(); ++i)
        result(i % 7, i / 7) = deviation[static_cast<std::size_t>(i % 7)] * normal(random);
      return result;
    };
    const auto base = base_of(hierarchy, errors(1), errors(30));  // the truth is 0
    mint += reconcile(hierarchy, base, ReconciliationMethod::mint).mean.squaredNorm();
    bottom_up += reconcile(hierarchy, base, ReconciliationMethod::bottom_up).mean.squaredNorm();
  }
  EXPECT_LT(mint, 0.5 * bottom_up);
}

TEST(Reconcile, Refusals) {
  expect_invalid("method", [] { reconciliation_method("top_down"); });
  const Hierarchy hierarchy = make_hierarchy(kRegions);
  MatrixXd mean = draws(7, 2, 9);
  mean(4, 1) = kNaN;
  expect_invalid("\"b\"", [&] {
    reconcile(hierarchy, base_of(hierarchy, mean, MatrixXd(7, 0)), ReconciliationMethod::mint);
  });
}

}  // namespace
}  // namespace revenue::forecast
