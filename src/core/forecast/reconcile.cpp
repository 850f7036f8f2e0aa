#include "core/forecast/reconcile.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/foundation/error.hpp"

namespace revenue::forecast {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::array<std::pair<ReconciliationMethod, std::string_view>, 4> kNames{{
    {ReconciliationMethod::mint, "mint"},
    {ReconciliationMethod::structural, "structural"},
    {ReconciliationMethod::ols, "ols"},
    {ReconciliationMethod::bottom_up, "bottom_up"},
}};

Index index(std::size_t i) {
  return static_cast<Index>(i);
}

/// A covariance of all nodes that is never written out: a diagonal and a factor with a column a
/// time.
struct Covariance {
  VectorXd diagonal;
  MatrixXd factor;
  double shrinkage = 1;
};

// By how much each total differs from the sum of its parts, for each column.
MatrixXd incoherence(const Hierarchy& hierarchy, const MatrixXd& values) {
  MatrixXd result(index(hierarchy.totals.size()), values.cols());
  for (std::size_t i = 0; i < hierarchy.totals.size(); ++i) {
    const auto& total = hierarchy.totals[i];
    result.row(index(i)) = values.row(index(total.node));
    for (const std::size_t bottom : total.bottoms)
      result.row(index(i)) -= values.row(index(bottom));
  }
  return result;
}

// The same for a diagonal matrix: a row a node, a column a total.
MatrixXd diagonal_incoherence(const Hierarchy& hierarchy, const VectorXd& diagonal) {
  MatrixXd result = MatrixXd::Zero(diagonal.size(), index(hierarchy.totals.size()));
  for (std::size_t i = 0; i < hierarchy.totals.size(); ++i) {
    const auto& total = hierarchy.totals[i];
    result(index(total.node), index(i)) = diagonal[index(total.node)];
    for (const std::size_t bottom : total.bottoms)
      result(index(bottom), index(i)) = -diagonal[index(bottom)];
  }
  return result;
}

VectorXd bottoms_below(const Hierarchy& hierarchy) {
  VectorXd count = VectorXd::Ones(index(hierarchy.nodes.size()));
  for (const auto& total : hierarchy.totals)
    count[index(total.node)] = static_cast<double>(total.bottoms.size());
  return count;
}

bool few(const MatrixXd& residuals) {
  if (residuals.cols() < kFewResiduals) return true;
  for (Index node = 0; node < residuals.rows(); ++node)
    if (residuals.row(node).array().isFinite().count() < kFewResiduals) return true;
  return false;
}

// Each node's own variance from the times it has, correlations from the times both have. What a
// node lacks in times goes to the diagonal, so that the whole stays a covariance.
std::optional<Covariance> shrunk_covariance(const MatrixXd& residuals, Poll poll) {
  if (few(residuals)) return std::nullopt;
  const Index nodes = residuals.rows();
  const auto times = static_cast<double>(residuals.cols());
  MatrixXd scaled = residuals.unaryExpr([](double e) { return std::isfinite(e) ? e : 0.0; });
  VectorXd variance(nodes);
  VectorXd share(nodes);
  for (Index node = 0; node < nodes; ++node) {
    const auto known = static_cast<double>(residuals.row(node).array().isFinite().count());
    variance[node] = scaled.row(node).squaredNorm() / known;
    share[node] = known / times;
  }
  poll();
  const double mean = variance.mean();
  if (!(mean > 0) || !std::isfinite(mean)) return std::nullopt;
  // A series that was never wrong is believed, but not without end.
  constexpr double kLeast = 1e-9;
  variance = variance.cwiseMax(kLeast * mean);
  for (Index node = 0; node < nodes; ++node) scaled.row(node) /= std::sqrt(variance[node]);

  // Sums over all pairs of two different nodes, without a matrix of pairs.
  const MatrixXd squares = scaled.cwiseAbs2();
  double products = 0;
  for (Index time = 0; time < scaled.cols(); ++time) {
    const double sum = squares.col(time).sum();
    products += sum * sum - squares.col(time).squaredNorm();
  }
  const double correlations =
      (scaled.transpose() * scaled).squaredNorm() - squares.rowwise().sum().squaredNorm();
  poll();
  const double uncertainty = (products - correlations / times) / (times * (times - 1));
  const double signal = correlations / (times * times);

  Covariance covariance;
  covariance.shrinkage = signal > 0 ? std::clamp(uncertainty / signal, 0.0, 1.0) : 1;
  const double kept = 1 - covariance.shrinkage;
  covariance.diagonal =
      variance.array() * (covariance.shrinkage + kept * (1 - share.array()).max(0));
  covariance.diagonal = covariance.diagonal.cwiseMax(kLeast * variance);
  covariance.factor = std::sqrt(kept / times) * (variance.cwiseSqrt().asDiagonal() * scaled);
  return covariance;
}

// One step ahead, in the sample, totals seem to know more of the future than they do. Errors of their
// own as large again as the incoherence seen make the result the mean of minimum trace and bottom-up.
void doubt_totals(const Hierarchy& hierarchy, const std::vector<bool>& fixed, MatrixXd& shares,
                  MatrixXd& spread) {
  MatrixXd doubt = spread;
  for (std::size_t i = 0; i < hierarchy.totals.size(); ++i) {
    if (fixed.empty() || !fixed[hierarchy.totals[i].node]) continue;
    doubt.row(index(i)).setZero();
    doubt.col(index(i)).setZero();
  }
  spread += doubt;
  for (std::size_t i = 0; i < hierarchy.totals.size(); ++i)
    shares.row(index(hierarchy.totals[i].node)) += doubt.row(index(i));
}

// Solves x A = b for a symmetric positive definite A, which it overwrites with its Cholesky factor.
MatrixXd divide(MatrixXd b, MatrixXd& a, Poll poll) {
  const Index size = a.rows();
  for (Index k = 0; k < size; ++k) {
    poll();
    if (k > 0) a.col(k).tail(size - k) -= a.block(k, 0, size - k, k) * a.row(k).head(k).transpose();
    if (!(a(k, k) > 0))
      throw Error(ErrorCode::invalid_argument, "the hierarchy cannot be reconciled",
                  "Leave out totals that are the sum of the same nodes.",
                  "Its totals depend on each other.");
    a.col(k).tail(size - k) /= std::sqrt(a(k, k));
  }
  for (Index k = 0; k < size; ++k) {
    poll();
    if (k > 0) b.col(k) -= b.leftCols(k) * a.row(k).head(k).transpose();
    b.col(k) /= a(k, k);
  }
  for (Index k = size; k-- > 0;) {
    poll();
    const Index after = size - k - 1;
    if (after > 0) b.col(k) -= b.rightCols(after) * a.col(k).tail(after);
    b.col(k) /= a(k, k);
  }
  return b;
}

void check(const Hierarchy& hierarchy, const BaseForecasts& base) {
  if (hierarchy.totals.size() > kMostTotals)
    throw Error(ErrorCode::invalid_argument, "too many totals to reconcile",
                "Reconcile parts of the hierarchy, or leave out levels in the middle.",
                "There are " + std::to_string(hierarchy.totals.size()) + ", the most is " +
                    std::to_string(kMostTotals) + ".");
  for (std::size_t node = 0; node < hierarchy.nodes.size(); ++node)
    if (!base.mean.row(index(node)).allFinite())
      throw Error(ErrorCode::invalid_argument,
                  "the forecast of \"" + hierarchy.nodes[node] + "\" is not finite",
                  "Leave the node out, or give it a model that can forecast.",
                  "It is NaN or infinite.");
}

}  // namespace

ReconciliationMethod reconciliation_method(std::string_view name) {
  for (const auto& [method, known] : kNames)
    if (known == name) return method;
  throw Error(ErrorCode::invalid_argument, "unknown method \"" + std::string(name) + "\"",
              "Methods are mint, structural, ols and bottom_up.", "It reconciles no forecasts.");
}

std::string_view name_of(ReconciliationMethod method) {
  for (const auto& [known, name] : kNames)
    if (known == method) return name;
  return "";
}

Reconciled reconcile(const Hierarchy& hierarchy, const BaseForecasts& base,
                     ReconciliationMethod method, Poll poll) {
  check(hierarchy, base);
  const Index nodes = index(hierarchy.nodes.size());
  if (hierarchy.totals.empty())
    return {base.mean, std::vector<double>(hierarchy.nodes.size(), 1.0), method, 0};
  const bool doubtful = method == ReconciliationMethod::mint;
  const auto measured = shrunk_covariance(base.residuals, poll);
  if (method == ReconciliationMethod::mint && !measured) method = ReconciliationMethod::structural;

  const Covariance assumed{bottoms_below(hierarchy), MatrixXd::Zero(nodes, 1), 1};
  const Covariance& truth = measured ? *measured : assumed;

  // What each node takes of each total's incoherence, so that none is left.
  MatrixXd shares = MatrixXd::Zero(nodes, index(hierarchy.totals.size()));
  if (method == ReconciliationMethod::bottom_up) {
    for (std::size_t i = 0; i < hierarchy.totals.size(); ++i)
      shares(index(hierarchy.totals[i].node), index(i)) = 1;
  } else {
    Covariance weights = method == ReconciliationMethod::mint ? truth : assumed;
    if (method == ReconciliationMethod::ols) weights.diagonal.setOnes();
    // What has no error gives nothing up.
    for (std::size_t node = 0; node < base.fixed.size(); ++node) {
      if (!base.fixed[node]) continue;
      weights.diagonal[index(node)] = 0;
      weights.factor.row(index(node)).setZero();
    }
    shares = diagonal_incoherence(hierarchy, weights.diagonal);
    shares += weights.factor * incoherence(hierarchy, weights.factor).transpose();
    MatrixXd spread = incoherence(hierarchy, shares);
    if (doubtful) doubt_totals(hierarchy, base.fixed, shares, spread);
    shares = divide(std::move(shares), spread, poll);
  }

  Reconciled result;
  result.method = method;
  result.shrinkage = method == ReconciliationMethod::mint ? truth.shrinkage : 0;
  result.mean = base.mean - shares * incoherence(hierarchy, base.mean);
  for (const std::size_t bottom : hierarchy.bottoms)
    if (base.non_negative[bottom])
      result.mean.row(index(bottom)) = result.mean.row(index(bottom)).cwiseMax(0.0);
  for (const auto& total : hierarchy.totals) {
    result.mean.row(index(total.node)).setZero();
    for (const std::size_t bottom : total.bottoms)
      result.mean.row(index(total.node)) += result.mean.row(index(bottom));
  }

  // The variance of a reconciled error: diag(M W M'), M = I - shares C.
  poll();
  const MatrixXd moved = truth.factor - shares * incoherence(hierarchy, truth.factor);
  const MatrixXd crossed = diagonal_incoherence(hierarchy, truth.diagonal);
  const MatrixXd between = incoherence(hierarchy, crossed);
  for (Index node = 0; node < nodes; ++node) {
    poll();
    const double before = truth.diagonal[node] + truth.factor.row(node).squaredNorm();
    const double own = truth.diagonal[node] - 2 * shares.row(node).dot(crossed.row(node)) +
                       (shares.row(node) * between).dot(shares.row(node));
    const double after = std::max(own, 0.0) + moved.row(node).squaredNorm();
    result.spread.push_back(std::sqrt(after / before));
  }
  return result;
}

}  // namespace revenue::forecast
