#include <algorithm>
#include <cmath>
#include <memory_resource>
#include <vector>

#include "core/anomaly/anomaly_score.hpp"
#include "core/anomaly/detector_model.hpp"
#include "core/anomaly/explain_change.hpp"
#include "input.hpp"

/// Any bytes as a state or a stored value of the room anomaly: rejected as malformed, or one that
/// answers and writes the same bytes again. And any series: judged without a fault, and without a
/// number that is none.

namespace revenue::anomaly {
namespace {

template <class State>
void check_state(const std::vector<std::uint8_t>& bytes) {
  fuzz::succeeds([&bytes] {
    std::pmr::monotonic_buffer_resource memory;
    Reader reader(std::as_bytes(std::span(bytes)));
    State state(&memory);
    state.deserialize(reader);
    reader.expect_end();
    Writer writer;
    state.serialize(writer);
    fuzz::require(writer.bytes().size() == bytes.size() &&
                  std::memcmp(writer.bytes().data(), bytes.data(), bytes.size()) == 0);
    State other(&memory);
    other.merge(state);
    other.merge(state);
    if constexpr (std::is_same_v<State, AnomalyScore>) other.result(no_poll);
    else other.result();
  });
}

void check_verdicts(const DetectorModel& model) {
  for (const DetectedPoint& point : detect(model, "high", no_poll))
    for (const auto& number : {point.value, point.expected, point.lower, point.upper, point.score})
      fuzz::require(!number || std::isfinite(*number));
  for (const ChangePoint& change : change_points(model, no_poll))
    fuzz::require(std::isfinite(change.level_before) && std::isfinite(change.level_after) && std::isfinite(change.score));
  describe(model, no_poll);
}

void check_model(const std::vector<std::uint8_t>& bytes) {
  fuzz::succeeds([&bytes] {
    Reader reader(std::as_bytes(std::span(bytes)));
    const DetectorModel model = DetectorModel::deserialize(reader);
    reader.expect_end();
    Writer writer;
    model.serialize(writer);
    fuzz::require(writer.bytes().size() == bytes.size() &&
                  std::memcmp(writer.bytes().data(), bytes.data(), bytes.size()) == 0);
    check_verdicts(model);
  });
}

// Values of any size on days with gaps of any length: the fuzzer would seldom write a long model.
void check_series(fuzz::Input& input) {
  std::pmr::monotonic_buffer_resource memory;
  const auto kind = input.take<std::uint8_t>();
  DetectorOptions options;
  options.baseline_days = 1 + input.take<std::uint8_t>();
  options.business_calendar = kind % 2 == 0;
  options.gather = static_cast<Gather>(kind % 3);
  RatioState ratio(&memory);
  SeriesStateWithOptions plain(&memory);
  constexpr std::int64_t kDay = 86'400'000'000;
  std::int64_t day = input.take<std::int16_t>();
  double value = 0;
  fuzz::succeeds([&] {
    while (!input.empty()) {
      const auto step = input.take<std::uint8_t>();
      day += step < 200 ? 1 : step - 200;
      if (step % 16 == 15) value = input.take<double>();
      else value += input.take<std::int8_t>();
      const LocalTime at{day * kDay};
      if (kind >= 128) ratio.add(at, std::abs(step % 7), 7 + step, options);
      else plain.add(at, step % 32 == 31 ? std::nullopt : std::optional(value), options);
    }
    check_verdicts(kind >= 128 ? ratio.result() : plain.result());
  });
}

}  // namespace
}  // namespace revenue::anomaly

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace revenue::anomaly;
  revenue::fuzz::Input input(data, size);
  const auto choice = input.take<std::uint8_t>();
  const std::vector<std::uint8_t> bytes(data + std::min<std::size_t>(size, 1), data + size);
  switch (choice % 8) {
    case 0:
      check_state<SeriesState>(bytes);
      break;
    case 1:
      check_state<AnomalyScore>(bytes);
      break;
    case 2:
      check_state<ChangeOfTotal>(bytes);
      break;
    case 3:
      check_state<ChangeOfRate>(bytes);
      break;
    case 4:
      check_model(bytes);
      break;
    default:
      check_series(input);
      break;
  }
  return 0;
}
