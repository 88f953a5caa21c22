#include "datastore/clickhouse/commit.h"

#include <vector>

#include "base/error.h"
#include "base/operation.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::size_t kMostTargets = 1000;

bool is_stored(const Context& context, const Place& place, const storage::ObjectRef& ref,
               std::string_view bytes) {
  try {
    return storage::get_bytes(*place.storage, context, ref, bytes.size() + 1) == bytes;
  } catch (const NotFound&) {
    return false;
  } catch (const InvalidArgument&) {
    return false;  // longer
  }
}

void remove_keys(const Context& context, const Place& place, const std::string& backup,
                 const std::vector<std::string>& names, Fence& fence) {
  for (std::size_t begin = 0; begin < names.size(); begin += kMostTargets) {
    const std::size_t end = std::min(begin + kMostTargets, names.size());
    std::vector<storage::RemoveTarget> targets;
    for (std::size_t i = begin; i < end; ++i) {
      targets.push_back({place.object(backup, names[i]).key, {}});
    }
    fence.check();
    Operation operation("ch.remove", backup);
    for (const auto& result : place.storage->remove(context, place.bucket, targets)) {
      if (!result.error) continue;
      throw_error(result.error->kind(), "remove " + result.key, result.error->reason(),
                  result.error->advice(), result.error->code());
    }
  }
}

}  // namespace

void put_manifest(const Context& context, const Place& place, const std::string& backup,
                  std::string_view bytes, Fence& fence) {
  fence.check();
  Operation operation("ch.put_manifest", backup);
  storage::put_bytes(*place.storage, context, place.object(backup, kManifestName), bytes);
}

void put_marker(const Context& context, const Place& place, const std::string& backup,
                std::string_view bytes, Fence& fence) {
  const storage::ObjectRef ref = place.object(backup, kDocumentName);
  storage::PutRequest request;
  request.condition.must_not_exist = place.storage->capabilities().conditional_put;
  fence.check();
  Operation operation("ch.put_marker", ref.text());
  try {
    storage::put_bytes(*place.storage, context, ref, bytes, request);
  } catch (const PreconditionFailed&) {
    // Also what a repeated request meets whose first answer was lost on its way.
    if (is_stored(context, place, ref, bytes)) return;
    throw Refused("commit " + ref.text(), "another run has committed meanwhile",
                  "see that one holdfast alone backs this store up; the next run continues");
  } catch (const Unavailable&) {
    if (!is_stored(context, place, ref, bytes)) throw;
  }
}

void remove_folder(const Context& context, const Place& place, const std::string& backup,
                   Fence& fence) {
  std::vector<std::string> marker, data, manifest;
  for (const auto& [name, object] : list_objects(context, place, backup)) {
    if (name == kDocumentName) {
      marker.push_back(name);
    } else if (name == kManifestName) {
      manifest.push_back(name);
    } else {
      data.push_back(name);
    }
  }
  remove_keys(context, place, backup, marker, fence);
  remove_keys(context, place, backup, data, fence);
  remove_keys(context, place, backup, manifest, fence);
}

}  // namespace holdfast::datastore::ch
