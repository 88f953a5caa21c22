#include "datastore/victoria_metrics/commit.h"

#include <array>

#include "base/error.h"
#include "base/operation.h"
#include "codec/text.h"

namespace holdfast::datastore::vm {

void Committer::delete_marker() {
  fence_.check();
  Operation operation("vm.delete_marker", folder_);
  storage::remove_one(*place_.storage, context_, place_.object(folder_, kMarkerName));
}

bool Committer::is_stored(const storage::ObjectRef& ref, const std::string& sha256,
                          std::string& revision) {
  try {
    auto reader = place_.storage->get(context_, ref, storage::GetRequest{});
    codec::Digest digest(codec::DigestAlgorithm::kSha256);
    std::array<char, 64 << 10> buffer;
    while (std::size_t count = reader->read(buffer)) digest.update({buffer.data(), count});
    revision = reader->info().revision;
    return codec::to_hex(digest.finish()) == sha256;
  } catch (const NotFound&) {
    return false;
  }
}

std::string Committer::put_manifest(std::string_view operation_name, Spool& bytes,
                                    const std::string& sha256,
                                    const std::optional<std::string>& expected) {
  auto ref = place_.object(folder_, kManifestName);
  storage::PutRequest request;
  request.sha256 = codec::from_hex(sha256);
  if (place_.storage->capabilities().conditional_put) {
    request.condition.revision_is = expected;
    request.condition.must_not_exist = !expected;
  }
  fence_.check();
  Operation operation(operation_name, ref.text());
  auto body = bytes.source();
  std::string revision;
  try {
    return place_.storage->put(context_, ref, *body, request).revision;
  } catch (const PreconditionFailed&) {
    // Also what a repeated request meets whose first answer was lost on its way.
    if (is_stored(ref, sha256, revision)) return revision;
    throw Refused("commit " + ref.text(), "another run has committed meanwhile",
                  "see that one holdfast alone backs this store up; the next run continues");
  } catch (const Unavailable&) {
    if (is_stored(ref, sha256, revision)) return revision;
    throw;
  }
}

void Committer::put_in_place(const ManifestEntry& entry) {
  fence_.check();
  auto ref = place_.object(folder_, entry.piece.name());
  Operation operation("vm.put_in_place", ref.key);
  storage::put_bytes(*place_.storage, context_, ref, *entry.content);
}

void Committer::put_marker(const Marker& marker) {
  fence_.check();
  auto ref = place_.object(folder_, kMarkerName);
  Operation operation("vm.put_marker", ref.key);
  storage::put_bytes(*place_.storage, context_, ref, marker.text());
}

void Committer::remove(std::string_view operation_name, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::vector<storage::RemoveTarget> targets;
  for (const std::string& name : names) targets.push_back({place_.object(folder_, name).key, {}});
  fence_.check();
  Operation operation(operation_name, folder_);
  for (auto& result : place_.storage->remove(context_, place_.bucket, targets)) {
    if (result.error) {
      throw_error(result.error->kind(), "remove " + result.key, result.error->reason(),
                  result.error->advice(), result.error->code());
    }
  }
}

}  // namespace holdfast::datastore::vm
