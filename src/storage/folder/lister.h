// Lists: a walk in the order of the keys' bytes through only those folders that the page needs.
#pragma once

#include <string>
#include <vector>

#include "storage/folder/helpers.h"
#include "storage/folder/label_store.h"
#include "storage/folder/names_cache.h"
#include "storage/folder/object_tree.h"

namespace holdfast::storage {

class Lister {
 public:
  Lister(Core& core, const ObjectTree& tree, const LabelStore& labels, NamesCache& names)
      : core_(core), tree_(tree), labels_(labels), names_(names) {}

  ListPage list(const Context& context, const ListRequest& request);
  // Whether any object lies in the folder `path` (from the root) or below it.
  bool holds_object(const std::string& path) const;

 private:
  Core& core_;
  const ObjectTree& tree_;
  const LabelStore& labels_;
  NamesCache& names_;
  Helpers helpers_;
};

}  // namespace holdfast::storage
