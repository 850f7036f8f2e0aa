#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace revenue::forecast {

/// Which series are sums of which: every node is the sum of the bottom nodes below it, each of them
/// once, by whatever way. A node may stand below several others, as a product of a region does.
struct Hierarchy {
  struct Total {
    std::size_t node;
    std::vector<std::size_t> bottoms;
  };
  std::vector<std::string> nodes;
  std::vector<std::size_t> bottoms;  ///< nodes with none below them
  std::vector<Total> totals;         ///< the others, each with the bottom nodes it sums up
};

/// The hierarchy of pairs of a node and the one above it, nothing for one at the top; nodes in the
/// order in which they come first. Throws invalid_argument for none, for one above that is no node,
/// and for nodes above themselves.
Hierarchy make_hierarchy(
    const std::vector<std::pair<std::string, std::optional<std::string>>>& pairs);

}  // namespace revenue::forecast
