#include "core/forecast/bookings.hpp"
#include "core/forecast/mrr.hpp"
#include "core/forecast/reconcile.hpp"
#include "pg/function.hpp"

namespace forecast = revenue::forecast;

namespace {

struct ReconciledNode {
  std::string node;
  double expected_value = 0;
  double spread = 1;
};
REVENUE_FIELDS(ReconciledNode, node, expected_value, spread)

}  // namespace

PG_FUNCTION(bookings_ensemble, &forecast::bookings_forecast);
PG_FUNCTION(mrr_ensemble, &forecast::mrr_forecast);

PG_FUNCTION(reconcile_expected, [](const std::vector<std::string>& nodes,
                                   const std::vector<std::string>& parents,
                                   const std::vector<double>& expected,
                                   const std::vector<double>& errors,
                                   const std::vector<std::string>& fixed, std::string_view method,
                                   revenue::Poll poll) {
  if (parents.size() != nodes.size() || expected.size() != nodes.size() || nodes.empty() ||
      errors.size() % nodes.size() != 0)
    throw revenue::Error(
        revenue::ErrorCode::invalid_argument, "the arrays of a hierarchy do not go together",
        "Give each node a parent (empty = none), a forecast and equally many errors.",
        "They differ in length.");
  std::vector<std::pair<std::string, std::optional<std::string>>> pairs;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    pairs.emplace_back(nodes[i], parents[i].empty() ? std::nullopt : std::optional(parents[i]));
  const forecast::Hierarchy hierarchy = forecast::make_hierarchy(pairs);
  if (hierarchy.nodes.size() != nodes.size())
    throw revenue::Error(revenue::ErrorCode::invalid_argument,
                         "a node stands twice in the hierarchy", "Name each node once.",
                         "There are fewer nodes than names.");
  const auto count = static_cast<Eigen::Index>(nodes.size());
  const auto times = static_cast<Eigen::Index>(errors.size()) / count;
  forecast::BaseForecasts base;
  base.mean = Eigen::Map<const Eigen::VectorXd>(expected.data(), count);
  base.residuals =
      Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
          errors.data(), count, times);
  base.non_negative.assign(
      nodes.size(), std::all_of(expected.begin(), expected.end(), [](double v) { return v >= 0; }));
  for (const std::string& node : hierarchy.nodes)
    base.fixed.push_back(std::find(fixed.begin(), fixed.end(), node) != fixed.end());
  const forecast::Reconciled reconciled =
      forecast::reconcile(hierarchy, base, forecast::reconciliation_method(method), poll);
  std::vector<ReconciledNode> rows;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    rows.push_back(
        {nodes[i], reconciled.mean(static_cast<Eigen::Index>(i), 0), reconciled.spread[i]});
  return rows;
});
