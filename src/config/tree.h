// The table of keys by levels: what stands where in a values file, and which levels are wholly
// ours.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/key.h"

namespace holdfast::config {

struct Branch {
  std::map<std::string, Branch, std::less<>> branches;
  int key = -1;         // the row, where a value stands
  bool file = false;    // the value is a file's name, and the file holds the key's value
  bool ours = false;    // an unknown name here is an error; elsewhere it is somebody else's
  std::string spelled;  // the path with this spelling
};

// Rows without a path under `root` are left out; `root` itself is the result's level ("" for the
// whole file).
Branch make_tree(const std::vector<Key>& keys, std::string_view root = "");

// The names at this level, in the order of the alphabet.
std::vector<std::string> names_in(const Branch& branch);

// The known path nearest to `name` standing at `level`: a name of this level where one is near,
// else the nearest of all.
std::string nearest_path(const std::vector<Key>& keys, const Branch& level, std::string_view name);

// A name of `level` that `name`, which is none of ours, may be a slip for: at most two letters
// away, and not one that charts are known to use for something else.
std::string slip_for(const Branch& level, std::string_view name);

}  // namespace holdfast::config
