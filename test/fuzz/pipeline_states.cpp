#include <algorithm>
#include <memory_resource>
#include <vector>

#include "core/pipeline/stage_history.hpp"
#include "core/pipeline/stage_model.hpp"
#include "core/pipeline/total_distribution.hpp"
#include "input.hpp"

/// Any bytes as the state of an aggregate that keeps rows: rejected as malformed, or a state that
/// merges, answers and writes the same bytes again.

namespace revenue::pipeline {
namespace {

constexpr std::size_t kHeader = 16;  // a value of the state, and the number of rows

template <class State>
void check_state(std::vector<std::uint8_t> bytes, std::size_t row_size, bool right_size) {
  // The fuzzer would seldom hit the one number of rows that gets past the first check.
  if (right_size && bytes.size() >= kHeader) {
    const std::size_t rows = (bytes.size() - kHeader) / row_size;
    bytes.resize(kHeader + rows * row_size);
    std::memcpy(bytes.data() + 8, &rows, sizeof rows);
  }
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
    const auto result = other.result(no_poll);
    if constexpr (std::is_same_v<State, StageHistory>)
      WinClock({{{1, "open", 2, 0.5, 10}, {2, "won", 0, 0, 0}}, result}).win_probability(1, 3, 30);
  });
}

}  // namespace
}  // namespace revenue::pipeline

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace revenue::pipeline;
  revenue::fuzz::Input input(data, size);
  const auto choice = input.take<std::uint8_t>();
  std::vector<std::uint8_t> bytes(data + std::min<std::size_t>(size, 1), data + size);
  const bool right_size = choice % 8 != 0;
  if (choice % 2) check_state<StageHistory>(std::move(bytes), 21, right_size);
  else check_state<TotalDistribution>(std::move(bytes), 16, right_size);
  return 0;
}
