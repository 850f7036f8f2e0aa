#include "core/recurring/maximise.hpp"

#include <algorithm>
#include <cmath>

#include "core/foundation/eigen.hpp"

namespace revenue::recurring {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kBound = 25;  // of a logarithm
constexpr int kMostSteps = 200;
constexpr double kGradientError = 1e-9;  // of the likelihood
constexpr double kFlatCurvature =
    0.02;  // a standard error of 7 on the scale of logarithms, e^7 = 1,000

// The negative log-likelihood over the logarithms of the parameters.
class Surface {
 public:
  Surface(const LogLikelihood& likelihood, Poll poll) : likelihood_(likelihood), poll_(poll) {}

  double at(const VectorXd& logs, VectorXd& gradient) const {
    poll_();
    std::vector<double> parameters(static_cast<std::size_t>(logs.size()));
    std::vector<double> slope(parameters.size());
    for (std::size_t i = 0; i < parameters.size(); ++i)
      parameters[i] = std::exp(logs[static_cast<Eigen::Index>(i)]);
    const double value = likelihood_(parameters, slope);
    gradient.resize(logs.size());
    for (std::size_t i = 0; i < parameters.size(); ++i)
      gradient[static_cast<Eigen::Index>(i)] = -slope[i] * parameters[i];
    return -value;
  }

 private:
  const LogLikelihood& likelihood_;
  Poll poll_;
};

bool usable(double value, const VectorXd& gradient) {
  return std::isfinite(value) && gradient.allFinite();
}

double smallest_curvature(const Surface& surface, const VectorXd& at) {
  constexpr double kStep = 1e-4;
  MatrixXd curvature(at.size(), at.size());
  VectorXd above;
  VectorXd below;
  for (Eigen::Index i = 0; i < at.size(); ++i) {
    VectorXd shifted = at;
    shifted[i] += kStep;
    surface.at(shifted, above);
    shifted[i] -= 2 * kStep;
    surface.at(shifted, below);
    curvature.col(i) = (above - below) / (2 * kStep);
  }
  if (!curvature.allFinite()) return 0;
  const MatrixXd symmetric = (curvature + curvature.transpose()) / 2;
  return Eigen::SelfAdjointEigenSolver<MatrixXd>(symmetric, Eigen::EigenvaluesOnly)
      .eigenvalues()
      .minCoeff();
}

}  // namespace

Maximum maximise(const LogLikelihood& likelihood, std::span<const double> start, Poll poll) {
  const Surface surface(likelihood, poll);
  const auto size = static_cast<Eigen::Index>(start.size());
  VectorXd at(size);
  for (Eigen::Index i = 0; i < size; ++i) at[i] = std::log(start[static_cast<std::size_t>(i)]);
  VectorXd gradient;
  double value = surface.at(at, gradient);
  MatrixXd inverse = MatrixXd::Identity(size, size) / std::max(1.0, gradient.norm());
  const auto settled = [&] {
    return gradient.cwiseAbs().maxCoeff() <= kGradientError * (1 + std::fabs(value));
  };
  for (int step = 0; step < kMostSteps && usable(value, gradient) && !settled(); ++step) {
    VectorXd direction = -inverse * gradient;
    if (direction.dot(gradient) >= 0) {
      inverse = MatrixXd::Identity(size, size) / std::max(1.0, gradient.norm());
      direction = -inverse * gradient;
    }
    const double slope = direction.dot(gradient);
    double length = 1;
    VectorXd next;
    VectorXd next_gradient;
    double next_value = 0;
    for (;; length /= 2) {
      next = (at + length * direction).cwiseMax(-kBound).cwiseMin(kBound);
      next_value = surface.at(next, next_gradient);
      constexpr double kEnough = 1e-4;
      if (usable(next_value, next_gradient) && next_value <= value + kEnough * length * slope)
        break;
      if (length < 1e-12) break;
    }
    if (length < 1e-12) break;
    const VectorXd moved = next - at;
    const VectorXd turned = next_gradient - gradient;
    at = next;
    gradient = next_gradient;
    value = next_value;
    const double bend = moved.dot(turned);
    if (bend > 1e-12 * moved.norm() * turned.norm()) {
      const MatrixXd shear = MatrixXd::Identity(size, size) - moved * turned.transpose() / bend;
      inverse = shear * inverse * shear.transpose() + moved * moved.transpose() / bend;
    }
  }
  Maximum maximum;
  for (Eigen::Index i = 0; i < size; ++i) maximum.at.push_back(std::exp(at[i]));
  maximum.value = -value;
  // The last bits of a sum of many terms leave a gradient that no step reduces.
  maximum.converged = usable(value, gradient) &&
                      gradient.cwiseAbs().maxCoeff() <= 1e-5 * (1 + std::fabs(value)) &&
                      at.cwiseAbs().maxCoeff() < kBound;
  maximum.flat = !usable(value, gradient) || smallest_curvature(surface, at) < kFlatCurvature;
  return maximum;
}

}  // namespace revenue::recurring
