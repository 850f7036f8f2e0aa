#include "core/forecast/series_state.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "core/foundation/error.hpp"
#include "core/forecast/options.hpp"

namespace revenue::forecast {

void SeriesState::add(LocalTime ts, double value) {
  if (!ts.finite())
    throw Error(ErrorCode::invalid_argument, "a series has finite dates",
                "Leave rows without a date out: fit_series(...) FILTER (WHERE isfinite(ts)).",
                "One of them is infinity or -infinity.");
  if (!std::isfinite(value))
    throw Error(ErrorCode::invalid_argument, "a series has finite values",
                "Leave such rows out, or make them NULL, which counts as not known.",
                "One of them is NaN or infinite.");
  observations_.push_back({ts, value});
}

void SeriesState::merge(const SeriesState& other) {
  observations_.insert(observations_.end(), other.observations_.begin(), other.observations_.end());
}

void SeriesState::serialize(Writer& writer) const {
  writer.put(observations_.size());
  writer.put_all(std::span<const Observation>(observations_));
}

void SeriesState::deserialize(Reader& reader) {
  const std::vector<Observation> read = reader.get_all<Observation>(reader.get<std::size_t>());
  for (const Observation& one : read)
    if (!one.at.finite() || !std::isfinite(one.value)) Reader::malformed();
  observations_.assign(read.begin(), read.end());
}

SeriesModel SeriesState::fit(const SeriesOptions& options, Poll poll) const {
  if (observations_.empty()) Reader::malformed();
  std::vector<Observation> observations(observations_.begin(), observations_.end());
  return fit_series(regular_series(observations, options, poll), options, poll);
}

void SeriesStateWithOptions::add(LocalTime ts, double value, const SeriesOptions& options) {
  if (known_ && !(options == options_))
    throw Error(ErrorCode::invalid_argument, "the options differ between the rows of a series",
                "Pass the same options for every row of a group.");
  options_ = options;
  known_ = true;
  SeriesState::add(ts, value);
}

void SeriesStateWithOptions::merge(const SeriesStateWithOptions& other) {
  if (!known_) options_ = other.options_, known_ = other.known_;
  SeriesState::merge(other);
}

void SeriesStateWithOptions::serialize(Writer& writer) const {
  write_options(writer, options_);
  writer.put(static_cast<std::uint8_t>(known_));
  SeriesState::serialize(writer);
}

void SeriesStateWithOptions::deserialize(Reader& reader) {
  options_ = read_options(reader);
  const auto known = reader.get<std::uint8_t>();
  if (known > 1) Reader::malformed();
  known_ = known == 1;
  SeriesState::deserialize(reader);
}

}  // namespace revenue::forecast
