#include "core/forecast/hierarchy.hpp"

#include <algorithm>
#include <unordered_map>

#include "core/foundation/error.hpp"

namespace revenue::forecast {
namespace {

using Children = std::vector<std::vector<std::size_t>>;

// Every node after all that are above it.
std::vector<std::size_t> from_the_top(const Children& children,
                                      const std::vector<std::string>& names) {
  std::vector<std::size_t> above(children.size(), 0);
  for (const auto& below : children)
    for (const std::size_t child : below) ++above[child];
  std::vector<std::size_t> order;
  for (std::size_t node = 0; node < children.size(); ++node)
    if (above[node] == 0) order.push_back(node);
  for (std::size_t i = 0; i < order.size(); ++i)
    for (const std::size_t child : children[order[i]])
      if (--above[child] == 0) order.push_back(child);
  if (order.size() < children.size()) {
    const auto left =
        std::find_if(above.begin(), above.end(), [](std::size_t count) { return count > 0; });
    throw Error(ErrorCode::invalid_argument, "the hierarchy goes in a circle",
                "A node must not be above itself.",
                "\"" + names[static_cast<std::size_t>(left - above.begin())] + "\" is.");
  }
  return order;
}

}  // namespace

Hierarchy make_hierarchy(
    const std::vector<std::pair<std::string, std::optional<std::string>>>& pairs) {
  Hierarchy hierarchy;
  std::unordered_map<std::string, std::size_t> known;
  for (const auto& [node, parent] : pairs)
    if (known.emplace(node, hierarchy.nodes.size()).second) hierarchy.nodes.push_back(node);
  if (hierarchy.nodes.empty())
    throw Error(ErrorCode::invalid_argument, "a hierarchy needs a node", "Pass a row for each.",
                "There is none.");

  Children children(hierarchy.nodes.size());
  for (const auto& [node, parent] : pairs) {
    if (!parent) continue;
    const auto above = known.find(*parent);
    if (above == known.end())
      throw Error(ErrorCode::invalid_argument, "the parent \"" + *parent + "\" is no node",
                  "Every node needs a row of its own; NULL is the parent of one at the top.",
                  "It is the parent of \"" + node + "\".");
    children[above->second].push_back(known.at(node));
  }

  const std::vector<std::size_t> order = from_the_top(children, hierarchy.nodes);
  std::vector<std::vector<std::size_t>> below(children.size());
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    std::vector<std::size_t>& mine = below[*node];
    if (children[*node].empty()) mine.push_back(*node);
    for (const std::size_t child : children[*node])
      mine.insert(mine.end(), below[child].begin(), below[child].end());
    std::sort(mine.begin(), mine.end());
    mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
  }
  for (std::size_t node = 0; node < children.size(); ++node) {
    if (children[node].empty())
      hierarchy.bottoms.push_back(node);
    else
      hierarchy.totals.push_back({node, std::move(below[node])});
  }
  return hierarchy;
}

}  // namespace revenue::forecast
