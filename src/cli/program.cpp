#include "cli/program.h"

#include <fmt/format.h>

#include "base/error.h"

namespace holdfast::cli {

config::Store store_named(const std::string& name) {
  if (auto store = config::store_of(name)) return *store;
  std::vector<std::string_view> known;
  for (config::Store store : config::kAllStores) known.push_back(config::name_of(store));
  throw InvalidArgument(fmt::format("store '{}'", name.substr(0, 64)), "there is no such store",
                        fmt::format("it is one of {}", fmt::join(known, ", ")));
}

}  // namespace holdfast::cli
