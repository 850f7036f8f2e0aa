#include <algorithm>
#include <vector>

#include "core/scoring/pipeline_totals.hpp"
#include "core/scoring/quality.hpp"
#include "core/scoring/weighted_pipeline.hpp"
#include "input.hpp"

/// Any bytes as an aggregate state: rejected as malformed, or a state that merges, answers and
/// writes the same bytes again.

namespace revenue::scoring {
namespace {

template <class State>
std::size_t stored_size() {
  Writer writer;
  State().serialize(writer);
  return writer.bytes().size();
}

template <class State>
void check_state(std::vector<std::uint8_t> bytes, bool right_size) {
  // The fuzzer would seldom hit the one length that gets past the first check.
  if (right_size) bytes.resize(stored_size<State>());
  fuzz::succeeds([&bytes] {
    Reader reader(std::as_bytes(std::span(bytes)));
    State state;
    state.deserialize(reader);
    reader.expect_end();
    Writer writer;
    state.serialize(writer);
    fuzz::require(writer.bytes().size() == bytes.size() &&
                  std::memcmp(writer.bytes().data(), bytes.data(), bytes.size()) == 0);
    State other;
    other.merge(state);
    other.merge(state);
    other.result();
  });
}

}  // namespace
}  // namespace revenue::scoring

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace revenue::scoring;
  revenue::fuzz::Input input(data, size);
  const auto choice = input.take<std::uint8_t>();
  const bool right_size = choice % 4 != 0;
  std::vector<std::uint8_t> bytes(data + std::min<std::size_t>(size, 1), data + size);
  switch (choice % 3) {
    case 0:
      check_state<ScoreQuality>(std::move(bytes), right_size);
      break;
    case 1:
      check_state<WeightedPipeline>(std::move(bytes), right_size);
      break;
    default:
      check_state<PipelineTotals>(std::move(bytes), right_size);
      break;
  }
  return 0;
}
