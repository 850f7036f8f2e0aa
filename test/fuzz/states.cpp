#include "core/scoring/quality.hpp"
#include "core/scoring/weighted_pipeline.hpp"
#include "input.hpp"

/// Any bytes as an aggregate state: rejected as malformed, or a state that merges, answers and
/// writes the same bytes again.

namespace revenue::scoring {
namespace {

template <class State>
void check_state(std::span<const std::uint8_t> bytes) {
  fuzz::succeeds([bytes] {
    Reader reader(std::as_bytes(bytes));
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
  if (size == 0) return 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  if (data[0] % 2 == 0)
    check_state<ScoreQuality>(bytes);
  else
    check_state<WeightedPipeline>(bytes);
  return 0;
}
