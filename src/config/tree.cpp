#include "config/tree.h"

#include <algorithm>
#include <array>

#include "config/nearest.h"

namespace holdfast::config {

namespace {

// Everything below these is ours; other rows are single keys among somebody else's.
constexpr std::array<std::string_view, 9> kOurs = {"backup",
                                                   "global.backup",
                                                   "victoria-metrics-0.backup",
                                                   "victoria-metrics-0.restore",
                                                   "victoria-metrics-1.backup",
                                                   "victoria-metrics-1.restore",
                                                   "clickhouse.backup",
                                                   "clickhouse.restore",
                                                   "holdfast"};

// Names of the charts' own that happen to be near to ours.
constexpr std::array<std::string_view, 4> kNeighbours = {"gcsgateway", "nasgateway", "ossgateway",
                                                         "b2gateway"};

bool is_ours(std::string_view path) {
  return std::any_of(kOurs.begin(), kOurs.end(), [&](std::string_view section) {
    return path == section || (path.starts_with(section) && path[section.size()] == '.');
  });
}

void plant(Branch& root, std::string_view base, std::string_view path, int key, bool file) {
  std::string_view rest = path;
  if (!base.empty()) {
    if (!rest.starts_with(base)) return;
    rest.remove_prefix(base.size());
  }
  Branch* at = &root;
  std::string spelled(base);
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    spelled += (spelled.empty() || spelled.ends_with('.') ? "" : ".") + std::string(name);
    at = &at->branches[std::string(name)];
    at->spelled = spelled;
    at->ours = is_ours(spelled);
  }
  at->key = key;
  at->file = file;
}

}  // namespace

Branch make_tree(const std::vector<Key>& keys, std::string_view root) {
  Branch tree;
  tree.ours = !root.empty();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const int number = static_cast<int>(i);
    std::vector<std::string> spellings = keys[i].aliases;
    spellings.insert(spellings.begin(), keys[i].path);
    for (const std::string& path : spellings) {
      plant(tree, root, path, number, false);
      if (keys[i].credential) plant(tree, root, path + "File", number, true);
    }
  }
  return tree;
}

std::vector<std::string> names_in(const Branch& branch) {
  std::vector<std::string> names;
  for (const auto& [name, below] : branch.branches) names.push_back(name);
  return names;
}

std::string nearest_path(const std::vector<Key>& keys, const Branch& level, std::string_view name) {
  const std::string here = nearest_of(name, names_in(level));
  if (!here.empty() &&
      edit_distance(name, here, true) <= std::max<std::size_t>(2, name.size() / 3)) {
    return level.branches.find(here)->second.spelled;
  }
  // Right name, wrong place: the last parts decide before the whole paths do.
  const std::string wanted = level.spelled + "." + std::string(name);
  std::vector<std::string> same_name, all;
  for (const Key& key : keys) {
    all.push_back(key.path);
    const std::size_t dot = key.path.rfind('.');
    if (key.path.substr(dot + 1) == name) same_name.push_back(key.path);
  }
  return nearest_of(wanted, same_name.empty() ? all : same_name);
}

std::string slip_for(const Branch& level, std::string_view name) {
  if (std::find(kNeighbours.begin(), kNeighbours.end(), name) != kNeighbours.end()) return "";
  std::string found;
  std::size_t least = 3;
  for (const auto& [known, below] : level.branches) {
    const std::size_t longer = std::max(known.size(), name.size());
    if (longer - std::min(known.size(), name.size()) > 2 || longer <= 3) continue;
    const std::size_t distance = edit_distance(name, known);
    if (distance >= least) continue;
    least = distance;
    found = below.spelled;
  }
  return found;
}

}  // namespace holdfast::config
