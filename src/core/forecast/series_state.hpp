#pragma once

#include <memory_resource>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/poll.hpp"
#include "core/forecast/series.hpp"
#include "core/forecast/series_model.hpp"

namespace revenue::forecast {

/// Aggregate state of fit_series(ts, value): the observations, in any order.
class SeriesState {
 public:
  explicit SeriesState(std::pmr::memory_resource* memory) : observations_(memory) {}

  /// Throws invalid_argument for an infinite instant and for a value that is not finite.
  void add(LocalTime ts, double value);
  void merge(const SeriesState& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);
  SeriesModel result(Poll poll) const { return fit({}, poll); }

 protected:
  SeriesModel fit(const SeriesOptions& options, Poll poll) const;

 private:
  std::pmr::vector<Observation> observations_;
};

/// The same with options, which are those of its first row.
class SeriesStateWithOptions : public SeriesState {
 public:
  using SeriesState::SeriesState;
  void add(LocalTime ts, double value, const SeriesOptions& options);
  void merge(const SeriesStateWithOptions& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);
  SeriesModel result(Poll poll) const { return fit(options_, poll); }

 private:
  SeriesOptions options_;
  bool known_ = false;
};

}  // namespace revenue::forecast
