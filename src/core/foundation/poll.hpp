#pragma once

#include <algorithm>
#include <cstddef>

namespace revenue {

/// Long loops of the core call this every few microseconds of work; inside a server it checks for
/// cancellation and throws, elsewhere it does nothing.
using Poll = void (*)();

inline void no_poll() {}

inline constexpr std::size_t kComparedBetweenPolls = 1 << 16;

/// Sorts millions of values so that it can be cancelled.
template <class Values, class Less>
void polled_sort(Values&& values, Poll poll, Less less) {
  std::size_t compared = 0;
  std::sort(values.begin(), values.end(), [&](const auto& a, const auto& b) {
    if (++compared % kComparedBetweenPolls == 0) poll();
    return less(a, b);
  });
}

/// The same for what leaves equal values in their order.
template <class Values, class Less>
void polled_stable_sort(Values&& values, Poll poll, Less less) {
  std::size_t compared = 0;
  std::stable_sort(values.begin(), values.end(), [&](const auto& a, const auto& b) {
    if (++compared % kComparedBetweenPolls == 0) poll();
    return less(a, b);
  });
}

/// Calls poll() every `Every` times that it is called.
template <std::size_t Every = 1 << 12>
class PollSometimes {
 public:
  explicit PollSometimes(Poll poll) : poll_(poll) {}
  void operator()() {
    if (++calls_ % Every == 0) poll_();
  }

 private:
  Poll poll_;
  std::size_t calls_ = 0;
};

}  // namespace revenue
