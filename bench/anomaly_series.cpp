// Writes the labelled series of anomaly_series.hpp: `values` (series, day, value) and `labels`
// (series, first_day, last_day, kind), in the folder that is the argument. The first half, of even
// numbers, is for tuning; figures are of the other.
#include "anomaly_series.hpp"

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  std::FILE* const values = std::fopen((folder + "/values.csv").c_str(), "w");
  std::FILE* const labels = std::fopen((folder + "/labels.csv").c_str(), "w");
  if (values == nullptr || labels == nullptr) return 1;
  revenue::bench::SeriesGenerator generator(revenue::bench::kSeed);
  for (int series = 0; series < revenue::bench::kSeries; ++series) {
    const revenue::bench::LabelledSeries labelled = generator.next();
    for (std::size_t i = 0; i < labelled.values.size(); ++i)
      std::fprintf(values, "%d,%d,%.17g\n", series, labelled.first_day + static_cast<int>(i), labelled.values[i]);
    for (const auto& window : labelled.windows)
      std::fprintf(labels, "%d,%d,%d,%s\n", series, labelled.first_day + window.first, labelled.first_day + window.last,
                   window.kind);
  }
  return std::fclose(values) | std::fclose(labels);
}
