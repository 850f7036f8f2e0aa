#include <algorithm>
#include <memory_resource>
#include <vector>

#include "core/recurring/movement_lines.hpp"
#include "input.hpp"

/// Any bytes as the state of movement_lines: rejected as malformed, or a state that merges and
/// writes the same bytes again; its lines are of rising days, and restate themselves as nothing.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace revenue;
  using namespace revenue::recurring;
  constexpr std::size_t kHeader = 18;  // policies
  constexpr std::size_t kText = 32;
  fuzz::Input input(data, size);
  const auto choice = input.take<std::uint8_t>();
  std::vector<std::uint8_t> bytes(data + std::min<std::size_t>(size, 1), data + size);
  // The fuzzer would seldom hit the lengths that get past the first checks.
  if (choice % 8 != 0 && bytes.size() > kHeader + 16 + kText) {
    const std::uint64_t text = kText;
    const std::uint64_t items = (bytes.size() - kHeader - 16 - kText) / sizeof(MovementLines::Item);
    std::memcpy(bytes.data() + kHeader, &text, sizeof text);
    std::memcpy(bytes.data() + kHeader + 8 + kText, &items, sizeof items);
    bytes.resize(kHeader + 16 + kText + items * sizeof(MovementLines::Item));
  }
  fuzz::succeeds([&bytes] {
    std::pmr::monotonic_buffer_resource memory;
    Reader reader(std::as_bytes(std::span(bytes)));
    MovementLines state(&memory);
    state.deserialize(reader);
    reader.expect_end();
    Writer writer;
    state.serialize(writer);
    fuzz::require(writer.bytes().size() == bytes.size() &&
                  std::memcmp(writer.bytes().data(), bytes.data(), bytes.size()) == 0);
    const auto lines = state.result();
    fuzz::require(std::is_sorted(
        lines.begin(), lines.end(),
        [](const MovementLine& a, const MovementLine& b) { return a.valid_day < b.valid_day; }));
    auto named = lines;
    for (MovementLine& line : named)
      if (!line.kind) line.kind = "swap";
    fuzz::require(restatement(lines, named).empty());
    MovementLines other(&memory);
    other.merge(state);
    other.merge(state);
    other.result();
  });
  return 0;
}
