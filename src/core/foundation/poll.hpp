#pragma once

#include <algorithm>
#include <cstddef>

namespace revenue {

/// Long loops of the core call this every few microseconds of work; inside a server it checks for
/// cancellation and throws, elsewhere it does nothing.
using Poll = void (*)();

inline void no_poll() {}

/// Sorts millions of values so that it can be cancelled.
template <class Values, class Less>
void polled_sort(Values& values, Poll poll, Less less) {
  constexpr std::size_t kPollEvery = 1 << 18;
  std::size_t compared = 0;
  std::sort(values.begin(), values.end(), [&](const auto& a, const auto& b) {
    if (++compared % kPollEvery == 0) poll();
    return less(a, b);
  });
}

}  // namespace revenue
