#pragma once

#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/forecast/reconcile.hpp"
#include "core/forecast/series_model.hpp"
#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"

namespace revenue::forecast {

/// Fitted series that are sums of each other: what reconcile() gives.
struct SeriesHierarchy {
  static constexpr const char* kSqlName = "revenue.series_hierarchy";

  struct Node {
    std::string name;
    std::vector<std::string> parents;  ///< sorted; none at the top
    SeriesModel model;
  };
  std::vector<Node> nodes;  ///< by name

  void serialize(Writer& writer) const;
  static SeriesHierarchy deserialize(Reader& reader);
};

/// Aggregate state of reconcile(node, parent, model): a row a node, or one for each node above it.
class SeriesHierarchyState {
 public:
  explicit SeriesHierarchyState(std::pmr::memory_resource* memory) : bytes_(memory) {}

  /// Throws invalid_argument for an empty name.
  void add(std::string_view node, std::optional<std::string_view> parent, const SeriesModel& model);
  void merge(const SeriesHierarchyState& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);

  /// Throws invalid_argument for a parent that is no node, nodes in a circle, two models of one
  /// node and models of different periods.
  SeriesHierarchy result() const;

 private:
  std::size_t rows_ = 0;
  std::pmr::vector<std::byte> bytes_;
};

struct HierarchyPoint {
  std::string node;
  std::int32_t step = 0;  ///< periods ahead of the last one that any series has
  LocalTime ts;
  double mean = 0;
  std::vector<double> lower;  ///< in the order of the levels
  std::vector<double> upper;
  double base_mean = 0;  ///< the node's own forecast, which does not add up
};
REVENUE_FIELDS(HierarchyPoint, node, step, ts, mean, lower, upper, base_mean)

/// Forecasts that add up, with intervals. An interval is that of the node's own forecast, moved
/// with its mean and made wider where its error becomes larger. Throws what forecast() and
/// reconcile() throw, and invalid_argument for more than a million rows.
std::vector<HierarchyPoint> forecast_hierarchy(const SeriesHierarchy& hierarchy,
                                               std::int32_t horizon,
                                               const std::vector<double>& levels,
                                               std::string_view method, Poll poll);

struct HierarchyDescription {
  std::int64_t nodes = 0;
  std::int64_t totals = 0;
  std::int64_t bottoms = 0;
  std::string period;
  std::string method;      ///< mint, or structural where a series is too short
  double shrinkage = 0;    ///< 0 = correlations as they are, 1 = none
  std::int64_t times = 0;  ///< errors that the covariance comes from
};
REVENUE_FIELDS(HierarchyDescription, nodes, totals, bottoms, period, method, shrinkage, times)

HierarchyDescription describe_hierarchy(const SeriesHierarchy& hierarchy, Poll poll);

}  // namespace revenue::forecast
