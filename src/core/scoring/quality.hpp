#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/fields.hpp"

namespace revenue::scoring {

/// One tenth of the range of probabilities that has outcomes.
struct CalibrationBin {
  std::int32_t bin = 0;  ///< 1 to 10: (bin - 1)/10 <= p < bin/10; 1 belongs to the last
  std::int64_t n = 0;
  double mean_predicted = 0;  ///< 0 to 1
  double observed = 0;        ///< share won, 0 to 1
};
REVENUE_FIELDS(CalibrationBin, bin, n, mean_predicted, observed)

/// How good predicted probabilities were. Nothing in a field: too few outcomes to say.
struct ScoreQualityResult {
  std::int64_t n = 0;
  std::optional<double> log_loss;           ///< natural log, p clipped to [1e-15, 1 - 1e-15]
  std::optional<double> brier;              ///< mean squared error (Brier 1950)
  std::optional<double> calibration_error;  ///< ECE, 10 bins of equal width (Naeini et al. 2015)
  std::optional<double> mean_predicted;
  std::optional<double> win_rate;
  std::optional<double> binned_auc;  ///< over 100 bins of equal width, ties within a bin count half
  std::vector<CalibrationBin> calibration;
};
REVENUE_FIELDS(ScoreQualityResult, n, log_loss, brier, calibration_error, mean_predicted, win_rate,
               binned_auc, calibration)

/// Aggregate state: probabilities against what happened.
class ScoreQuality {
 public:
  /// p from 0 to 1, outcome true for won; throws invalid_argument for another p.
  void add(double p, bool outcome);
  void merge(const ScoreQuality& other);
  ScoreQualityResult result() const;

  void serialize(Writer& writer) const;

  /// Throws malformed for bytes that serialize() did not write.
  void deserialize(Reader& reader);

 private:
  static constexpr std::size_t kBins = 100;
  static constexpr std::size_t kCalibrationBins = 10;

  double log_loss_ = 0;
  double squared_error_ = 0;
  std::array<double, kBins> predicted_{};  // sum of p
  std::array<std::int64_t, kBins> won_{};
  std::array<std::int64_t, kBins> lost_{};
};

}  // namespace revenue::scoring
