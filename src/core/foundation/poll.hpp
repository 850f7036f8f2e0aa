#pragma once

namespace revenue {

/// Long loops of the core call this every few microseconds of work; inside a server it checks for
/// cancellation and throws, elsewhere it does nothing.
using Poll = void (*)();

inline void no_poll() {}

}  // namespace revenue
