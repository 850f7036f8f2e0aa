#include "core/foundation/wide_sum.hpp"

#include "support.hpp"

namespace revenue {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

TEST(WideSum, CarriesBothWays) {
  WideSum sum;
  for (int i = 0; i < 1000; ++i) sum.add(kMost);
  EXPECT_DOUBLE_EQ(sum.value(), 1000.0 * static_cast<double>(kMost));
  for (int i = 0; i < 1000; ++i) sum.add(-kMost);
  EXPECT_EQ(sum, WideSum{});
  for (int i = 0; i < 1000; ++i) sum.add(kLeast);
  EXPECT_DOUBLE_EQ(sum.value(), 1000.0 * static_cast<double>(kLeast));
}

TEST(WideSum, DoesNotDependOnTheOrder) {
  test::RandomInputs random;
  WideSum forward;
  std::array<WideSum, 2> parts;
  for (std::size_t i = 0; i < test::kRandomInputs; ++i) {
    const std::int64_t term = random.integer(kLeast, kMost);
    forward.add(term);
    parts[i % parts.size()].add(term);
  }
  parts[1].merge(parts[0]);
  EXPECT_EQ(parts[1], forward);
}

}  // namespace
}  // namespace revenue
