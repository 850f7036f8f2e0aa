#include "core/forecast/series_hierarchy.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/forecast/calibration.hpp"
#include "core/foundation/error.hpp"

namespace revenue::forecast {
namespace {

constexpr Eigen::Index kMostTimes = 200;  // errors of the past that still tell of the next ones

void put_text(Writer& writer, std::string_view text) {
  writer.put(static_cast<std::uint32_t>(text.size()));
  writer.put_all(std::span(text.data(), text.size()));
}

std::string get_text(Reader& reader) {
  const std::vector<char> text = reader.get_all<char>(reader.get<std::uint32_t>());
  return {text.begin(), text.end()};
}

std::string bytes_of(const SeriesModel& model) {
  Writer writer;
  model.serialize(writer);
  return writer.bytes();
}

struct Row {
  std::string node;
  std::optional<std::string> parent;
  SeriesModel model;
};

Row get_row(Reader& reader) {
  Row row;
  row.node = get_text(reader);
  const auto has_parent = reader.get<std::uint8_t>();
  if (row.node.empty() || has_parent > 1) Reader::malformed();
  if (has_parent == 1) row.parent = get_text(reader);
  row.model = SeriesModel::deserialize(reader);
  return row;
}

Hierarchy structure_of(const SeriesHierarchy& hierarchy) {
  std::vector<std::pair<std::string, std::optional<std::string>>> pairs;
  for (const auto& node : hierarchy.nodes) {
    if (node.parents.empty()) pairs.emplace_back(node.name, std::nullopt);
    for (const std::string& parent : node.parents) pairs.emplace_back(node.name, parent);
  }
  return make_hierarchy(pairs);
}

void check_periods(const SeriesHierarchy& hierarchy) {
  const Calendar& first = hierarchy.nodes.front().model.calendar;
  for (const auto& node : hierarchy.nodes) {
    const Calendar& own = node.model.calendar;
    if (own.period != first.period || own.phase != first.phase)
      throw Error(
          ErrorCode::invalid_argument, "the series of a hierarchy have different periods",
          "Fit all of them with the option period.",
          "That of \"" + node.name + "\" is not that of \"" + hierarchy.nodes.front().name + "\".");
  }
}

std::int64_t end_of(const SeriesModel& model) {
  return model.first + static_cast<std::int64_t>(model.values.size());
}

std::int64_t end_of(const SeriesHierarchy& hierarchy) {
  std::int64_t end = std::numeric_limits<std::int64_t>::min();
  for (const auto& node : hierarchy.nodes) end = std::max(end, end_of(node.model));
  return end;
}

// Errors one step ahead at the same times for all nodes.
Eigen::MatrixXd residuals_of(const SeriesHierarchy& hierarchy) {
  const std::int64_t end = end_of(hierarchy);
  std::int64_t begin = end;
  for (const auto& node : hierarchy.nodes) begin = std::min(begin, node.model.first);
  const Eigen::Index times = std::min<Eigen::Index>(end - begin, kMostTimes);
  Eigen::MatrixXd residuals =
      Eigen::MatrixXd::Constant(static_cast<Eigen::Index>(hierarchy.nodes.size()), times,
                                std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < hierarchy.nodes.size(); ++i) {
    const SeriesModel& model = hierarchy.nodes[i].model;
    for (std::size_t t = 1; t < model.values.size(); ++t) {
      // The first value is what the fit starts from.
      const Eigen::Index column = model.first + static_cast<std::int64_t>(t) - (end - times);
      if (column < 0 || std::isnan(model.fitted[t - 1])) continue;
      residuals(static_cast<Eigen::Index>(i), column) = model.values[t] - model.fitted[t];
    }
  }
  return residuals;
}

BaseForecasts base_of(const SeriesHierarchy& hierarchy,
                      const std::vector<std::vector<ForecastPoint>>& own, std::int32_t horizon) {
  BaseForecasts base;
  base.mean.resize(static_cast<Eigen::Index>(hierarchy.nodes.size()), horizon);
  for (std::size_t i = 0; i < own.size(); ++i)
    for (std::int32_t h = 0; h < horizon; ++h)
      base.mean(static_cast<Eigen::Index>(i), h) = own[i][static_cast<std::size_t>(h)].mean;
  base.residuals = residuals_of(hierarchy);
  for (const auto& node : hierarchy.nodes) base.non_negative.push_back(node.model.non_negative);
  return base;
}

// The forecasts of each series by itself, for the same periods.
std::vector<std::vector<ForecastPoint>> own_forecasts(const SeriesHierarchy& hierarchy,
                                                      std::int32_t horizon,
                                                      const std::vector<double>& levels,
                                                      Poll poll) {
  const std::int64_t end = end_of(hierarchy);
  std::vector<std::vector<ForecastPoint>> own;
  for (const auto& node : hierarchy.nodes) {
    const std::int64_t behind = end - end_of(node.model);
    if (behind + horizon > kMostHorizon)
      throw Error(
          ErrorCode::invalid_argument, "a series of the hierarchy ended too long ago",
          "Leave it out, or fit it with zeros until now.",
          "\"" + node.name + "\" ends " + std::to_string(behind) + " periods before the last one.");
    own.push_back(forecast(node.model, static_cast<std::int32_t>(behind) + horizon, levels,
                           std::nullopt, poll));
    own.back().erase(own.back().begin(), own.back().begin() + static_cast<std::ptrdiff_t>(behind));
  }
  return own;
}

}  // namespace

void SeriesHierarchy::serialize(Writer& writer) const {
  writer.put(static_cast<std::uint32_t>(nodes.size()));
  for (const Node& node : nodes) {
    put_text(writer, node.name);
    writer.put(static_cast<std::uint32_t>(node.parents.size()));
    for (const std::string& parent : node.parents) put_text(writer, parent);
    node.model.serialize(writer);
  }
}

SeriesHierarchy SeriesHierarchy::deserialize(Reader& reader) {
  SeriesHierarchy hierarchy;
  const auto count = reader.get<std::uint32_t>();
  if (count == 0) Reader::malformed();
  for (std::uint32_t i = 0; i < count; ++i) {
    Node node;
    node.name = get_text(reader);
    const auto parents = reader.get<std::uint32_t>();
    for (std::uint32_t p = 0; p < parents; ++p) node.parents.push_back(get_text(reader));
    node.model = SeriesModel::deserialize(reader);
    if (node.name.empty() ||
        std::adjacent_find(node.parents.begin(), node.parents.end(), std::greater_equal<>()) !=
            node.parents.end() ||
        (i > 0 && !(hierarchy.nodes.back().name < node.name)))
      Reader::malformed();
    hierarchy.nodes.push_back(std::move(node));
  }
  try {
    structure_of(hierarchy);
    check_periods(hierarchy);
  } catch (const Error&) {
    Reader::malformed();
  }
  return hierarchy;
}

void SeriesHierarchyState::add(std::string_view node, std::optional<std::string_view> parent,
                               const SeriesModel& model) {
  if (node.empty())
    throw Error(ErrorCode::invalid_argument, "a node of a hierarchy needs a name",
                "Pass NULL as the parent of the node at the top, and a name for every node.",
                "One of them is empty.");
  Writer writer;
  put_text(writer, node);
  writer.put(static_cast<std::uint8_t>(parent.has_value()));
  if (parent) put_text(writer, *parent);
  model.serialize(writer);
  const auto bytes = std::as_bytes(std::span(writer.bytes()));
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  ++rows_;
}

void SeriesHierarchyState::merge(const SeriesHierarchyState& other) {
  bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
  rows_ += other.rows_;
}

void SeriesHierarchyState::serialize(Writer& writer) const {
  writer.put(rows_);
  writer.put(bytes_.size());
  writer.put_all(std::span<const std::byte>(bytes_));
}

void SeriesHierarchyState::deserialize(Reader& reader) {
  rows_ = reader.get<std::size_t>();
  const std::vector<std::byte> bytes = reader.get_all<std::byte>(reader.get<std::size_t>());
  Reader rows(bytes);
  for (std::size_t i = 0; i < rows_; ++i) get_row(rows);
  rows.expect_end();
  bytes_.assign(bytes.begin(), bytes.end());
}

SeriesHierarchy SeriesHierarchyState::result() const {
  std::vector<Row> rows;
  Reader reader(bytes_);
  for (std::size_t i = 0; i < rows_; ++i) rows.push_back(get_row(reader));
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tie(a.node, a.parent) < std::tie(b.node, b.parent);
  });
  SeriesHierarchy hierarchy;
  for (Row& row : rows) {
    if (hierarchy.nodes.empty() || hierarchy.nodes.back().name != row.node)
      hierarchy.nodes.push_back({row.node, {}, std::move(row.model)});
    else if (bytes_of(hierarchy.nodes.back().model) != bytes_of(row.model))
      throw Error(ErrorCode::invalid_argument, "a node of a hierarchy has two models",
                  "A node may stand below several others, each time with the same model.",
                  "\"" + row.node + "\" has.");
    std::vector<std::string>& parents = hierarchy.nodes.back().parents;
    if (row.parent && (parents.empty() || parents.back() != *row.parent))
      parents.push_back(*row.parent);
  }
  structure_of(hierarchy);
  check_periods(hierarchy);
  return hierarchy;
}

std::vector<HierarchyPoint> forecast_hierarchy(const SeriesHierarchy& hierarchy,
                                               std::int32_t horizon,
                                               const std::vector<double>& levels,
                                               std::string_view method, Poll poll) {
  constexpr std::size_t kMostRows = 1'000'000;
  if (horizon < 1 || static_cast<std::size_t>(horizon) * hierarchy.nodes.size() > kMostRows)
    throw Error(ErrorCode::invalid_argument,
                "horizon must be 1 or more, and make at most 1,000,000 rows",
                "Say how many periods ahead to forecast.",
                "It is " + std::to_string(horizon) + " for " +
                    std::to_string(hierarchy.nodes.size()) + " nodes.");
  const ReconciliationMethod wanted = reconciliation_method(method);
  const Hierarchy structure = structure_of(hierarchy);
  const auto own = own_forecasts(hierarchy, horizon, levels, poll);
  // The structure names the nodes in the order in which they come, which is that of the hierarchy.
  const Reconciled reconciled =
      reconcile(structure, base_of(hierarchy, own, horizon), wanted, poll);
  std::vector<HierarchyPoint> points;
  for (std::size_t i = 0; i < own.size(); ++i) {
    // One step ahead an error becomes smaller than it was; on M1 and M3 little is left of that
    // further on.
    const double spread = std::max(reconciled.spread[i], 1.0);
    for (std::int32_t h = 0; h < horizon; ++h) {
      const ForecastPoint& base = own[i][static_cast<std::size_t>(h)];
      HierarchyPoint point;
      point.node = hierarchy.nodes[i].name;
      point.step = h + 1;
      point.ts = base.ts;
      point.mean = reconciled.mean(static_cast<Eigen::Index>(i), h);
      point.base_mean = base.mean;
      const auto moved = [&](double bound) {
        const double value = point.mean + spread * (bound - base.mean);
        return hierarchy.nodes[i].model.non_negative ? std::max(value, 0.0) : value;
      };
      for (const double bound : base.lower) point.lower.push_back(moved(bound));
      for (const double bound : base.upper) point.upper.push_back(moved(bound));
      points.push_back(std::move(point));
    }
  }
  return points;
}

HierarchyDescription describe_hierarchy(const SeriesHierarchy& hierarchy, Poll poll) {
  const Hierarchy structure = structure_of(hierarchy);
  const BaseForecasts base = base_of(hierarchy, own_forecasts(hierarchy, 1, {}, poll), 1);
  const Reconciled reconciled = reconcile(structure, base, ReconciliationMethod::mint, poll);
  HierarchyDescription description;
  description.nodes = static_cast<std::int64_t>(structure.nodes.size());
  description.totals = static_cast<std::int64_t>(structure.totals.size());
  description.bottoms = static_cast<std::int64_t>(structure.bottoms.size());
  description.period = name_of(hierarchy.nodes.front().model.calendar.period);
  description.method = name_of(reconciled.method);
  description.shrinkage = reconciled.shrinkage;
  description.times = base.residuals.cols();
  return description;
}

}  // namespace revenue::forecast
