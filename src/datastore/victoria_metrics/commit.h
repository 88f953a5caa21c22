// The requests that others can see, one function each, every one asking the fence first and passing
// an Operation by which tests kill the run there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "datastore/victoria_metrics/manifest.h"
#include "datastore/victoria_metrics/versions.h"

namespace holdfast::datastore::vm {

class Committer {
 public:
  // Borrows all.
  Committer(const Context& context, const Place& place, Fence& fence, std::string folder)
      : context_(context), place_(place), fence_(fence), folder_(std::move(folder)) {}

  void delete_marker();
  // On condition that the manifest there is the one of `expected` (none: that there is none);
  // returns the new revision. Refused when another run committed meanwhile. An unknown outcome is
  // resolved by looking.
  std::string put_manifest(std::string_view operation, Spool& bytes, const std::string& sha256,
                           const std::optional<std::string>& expected);
  void put_in_place(const ManifestEntry& entry);
  void put_marker(const Marker& marker);
  // Up to 1,000 at once; the first that cannot be removed is thrown.
  void remove(std::string_view operation, const std::vector<std::string>& names);

 private:
  bool is_stored(const storage::ObjectRef& ref, const std::string& sha256, std::string& revision);

  const Context& context_;
  const Place& place_;
  Fence& fence_;
  std::string folder_;
};

}  // namespace holdfast::datastore::vm
