#include <algorithm>
#include <cmath>
#include <memory_resource>
#include <vector>

#include "core/forecast/calibration.hpp"
#include "core/forecast/series_model.hpp"
#include "core/forecast/series_state.hpp"
#include "input.hpp"

/// Any bytes as a state of a series, as a fitted model or as a calibration: rejected as malformed, or something that
/// answers and writes the same bytes again. And any observations: a model with a forecast, or an error that is theirs.

namespace revenue::forecast {
namespace {

std::vector<std::uint8_t> written(const auto& value) {
  Writer writer;
  value.serialize(writer);
  return {writer.bytes().begin(), writer.bytes().end()};
}

void read_model(const SeriesModel& model) {
  fuzz::succeeds([&] {
    for (const ForecastPoint& point : forecast(model, 5, {0.5, 0.95}, std::nullopt, no_poll))
      fuzz::require(std::isfinite(point.mean) && point.lower[1] <= point.lower[0] && point.lower[0] <= point.upper[0] &&
                    point.upper[0] <= point.upper[1]);
  });
  fuzz::succeeds([&] { describe(model); });
  fuzz::succeeds([&] { decompose(model); });
}

template <class Stored>
void check_stored(const std::vector<std::uint8_t>& bytes, auto&& use) {
  fuzz::succeeds([&] {
    Reader reader(std::as_bytes(std::span(bytes)));
    const Stored stored = Stored::deserialize(reader);
    reader.expect_end();
    fuzz::require(written(stored) == bytes);
    use(stored);
  });
}

template <class State>
void check_state(const std::vector<std::uint8_t>& bytes) {
  fuzz::succeeds([&] {
    std::pmr::monotonic_buffer_resource memory;
    Reader reader(std::as_bytes(std::span(bytes)));
    State state(&memory);
    state.deserialize(reader);
    reader.expect_end();
    fuzz::require(written(state) == bytes);
    State other(&memory);
    other.merge(state);
    if (bytes.size() < 1500) fuzz::succeeds([&] { other.result(no_poll); });
  });
}

// Few observations with dates near each other, so that most make a series.
void check_series(fuzz::Input& input) {
  std::pmr::monotonic_buffer_resource memory;
  SeriesState state(&memory);
  const auto stride = static_cast<std::int64_t>(input.take<std::uint32_t>()) * 1'000'000;
  std::int64_t at = input.take<std::int32_t>() * INT64_C(1'000'000);
  for (int i = 0; i < 150 && !input.empty(); ++i) {
    const auto shape = input.take<std::uint8_t>();
    at += shape % 8 == 0 ? input.take<std::int32_t>() * INT64_C(1'000'000) : stride;
    const double value = shape % 3 == 0 ? input.take<double>() : input.take<std::int16_t>() / 8.0;
    fuzz::succeeds([&] { state.add({at}, value); });
  }
  fuzz::succeeds([&] {
    const SeriesModel model = state.result(no_poll);
    const std::vector<std::uint8_t> bytes = written(model);
    Reader reader(std::as_bytes(std::span(bytes)));
    fuzz::require(written(SeriesModel::deserialize(reader)) == bytes);
    read_model(model);
    // And a model that somebody has tampered with.
    std::vector<std::uint8_t> changed = bytes;
    for (int i = 0; i < 3; ++i) changed[input.take<std::uint16_t>() % changed.size()] = input.take<std::uint8_t>();
    check_stored<SeriesModel>(changed, [](const SeriesModel& other) { read_model(other); });
  });
}

}  // namespace
}  // namespace revenue::forecast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace revenue::forecast;
  revenue::fuzz::Input input(data, size);
  const auto choice = input.take<std::uint8_t>();
  const std::vector<std::uint8_t> bytes(data + std::min<std::size_t>(size, 1), data + size);
  switch (choice % 6) {
    case 0: check_stored<SeriesModel>(bytes, [](const SeriesModel& model) { read_model(model); }); break;
    case 1:
      check_stored<Calibration>(bytes, [](const Calibration& calibration) {
        const double multiplier = calibration.multiplier(Period::month, 3, 0.9);
        revenue::fuzz::require(multiplier >= 0);
      });
      break;
    case 2: check_state<SeriesState>(bytes); break;
    case 3: check_state<SeriesStateWithOptions>(bytes); break;
    case 4: check_state<CalibrationState>(bytes); break;
    default: check_series(input); break;
  }
  return 0;
}
