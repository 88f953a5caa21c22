#include "datastore/victoria_metrics/versions.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "codec/text.h"

namespace holdfast::datastore::vm {

namespace {

constexpr std::uint64_t kLongestMarker = 4096;
constexpr std::uint64_t kGlance = 64 << 10;
constexpr auto kSecond = std::chrono::seconds(1);

void read_marker(const Context& context, const Place& place, Folder& folder) {
  try {
    auto reader =
        place.storage->get(context, place.object(folder.name, kMarkerName), storage::GetRequest{});
    folder.has_marker = true;
    folder.completed = reader->info().modified;
    std::string text;
    if (reader->length() <= kLongestMarker) text = read_all(*reader, kLongestMarker);
    folder.marker = parse_marker(text);
    folder.marker_is_foreign = !folder.marker;
  } catch (const NotFound& error) {
    if (error.code() == storage::kNoSuchBucket) throw;
  }
}

void copy_all(Source& source, Spool& spool, codec::Digest& digest) {
  std::vector<char> buffer(64 << 10);
  while (std::size_t count = source.read(buffer)) {
    digest.update({buffer.data(), count});
    spool.add_bytes({buffer.data(), count});
  }
}

// Sets what the manifest says, or why it says nothing.
void read_manifest(Folder& folder, const std::string& where) {
  auto source = folder.manifest->source();
  try {
    ManifestReader reader(*source, where);
    while (reader.next()) {
    }
    folder.header = reader.header();
    folder.is_copy = folder.is_copy || folder.header->is_copy;
  } catch (const Corrupt& error) {
    folder.unreadable_because = error.reason();
  }
}

}  // namespace

std::vector<std::string> list_folders(const Context& context, const Place& place) {
  std::vector<std::string> out;
  storage::ListRequest request{.bucket = place.bucket, .prefix = place.prefix, .delimiter = "/"};
  do {
    storage::ListPage page = place.storage->list(context, request);
    for (std::string& name : page.prefixes) {
      if (name.ends_with('/')) name.pop_back();
      if (belongs_to_instance(name, place.prefix)) out.push_back(name);
    }
    request.cursor = page.next;
  } while (!request.cursor.empty());
  std::sort(out.begin(), out.end());
  return out;
}

std::string new_name(const Place& place, const std::vector<std::string>& folders, WallTime time) {
  for (const std::string& folder : folders) {
    if (auto other = version_time(folder, place.prefix); other && *other + kSecond > time) {
      time = *other + kSecond;
    }
  }
  return version_folder(place.prefix, time);
}

bool Folder::marker_names_manifest() const {
  if (!marker || !header || marker->manifest_id.empty()) return false;
  // A glance knows the id alone.
  if (manifest_sha256.empty()) return marker->manifest_id == header->id;
  return marker->manifest_sha256 == manifest_sha256;
}

bool Folder::is_anothers(const Place& place) const {
  return header && header->store != place.store;
}

Folder open_folder(const Context& context, const Place& place, const std::string& name,
                   bool no_copies) {
  Folder folder;
  folder.name = name;
  auto ref = place.object(name, kManifestName);
  try {
    auto reader = place.storage->get(context, ref, storage::GetRequest{});
    folder.manifest_revision = reader->info().revision;
    folder.manifest = std::make_shared<Spool>();
    codec::Digest digest(codec::DigestAlgorithm::kSha256);
    copy_all(*reader, *folder.manifest, digest);
    folder.manifest_sha256 = codec::to_hex(digest.finish());
    read_manifest(folder, ref.text());
  } catch (const NotFound& error) {
    if (error.code() == storage::kNoSuchBucket) throw;
  }
  if (!no_copies || !folder.is_copy) read_marker(context, place, folder);
  return folder;
}

std::optional<Folder> open_current(const Context& context, const Place& place,
                                   const std::vector<std::string>& folders,
                                   std::set<std::string>& copies) {
  for (auto name = folders.rbegin(); name != folders.rend(); ++name) {
    if (!version_time(*name, place.prefix) || copies.contains(*name)) continue;
    Folder folder = open_folder(context, place, *name, true);
    if (!folder.header && !folder.is_copy) {
      // Without a manifest: vmbackup's, a version in the making, or a copy in the making.
      folder.is_copy =
          storage::find(*place.storage, context, place.object(*name, kCopyName)).has_value();
    }
    if (folder.is_anothers(place)) continue;
    if (!folder.is_copy) return folder;
    copies.insert(*name);
  }
  return std::nullopt;
}

Folder glance(const Context& context, const Place& place, const std::string& name) {
  Folder folder;
  folder.name = name;
  auto ref = place.object(name, kManifestName);
  try {
    storage::GetRequest request;
    request.range = storage::Range{0, kGlance - 1, {}};
    auto reader = place.storage->get(context, ref, request);
    folder.manifest_revision = reader->info().revision;
    ManifestReader manifest(*reader, ref.text());
    folder.header = manifest.header();
    folder.is_copy = folder.header->is_copy;
  } catch (const NotFound& error) {
    if (error.code() == storage::kNoSuchBucket) throw;
  } catch (const Corrupt& error) {
    folder.unreadable_because = error.reason();
  } catch (const InvalidArgument& error) {
    if (error.code() != storage::kInvalidRange) throw;
    folder.unreadable_because = "it is empty";
  }
  read_marker(context, place, folder);
  return folder;
}

std::string lacks_of_every_snapshot(const Context& context, const Place& place,
                                    const std::string& folder) {
  auto holds = [&](const char* path) {
    storage::ListRequest request{
        .bucket = place.bucket, .prefix = folder + "/" + path + "/", .limit = 1};
    return !place.storage->list(context, request).objects.empty();
  };
  if (!holds("metadata/minTimestampForCompositeIndex")) {
    return "metadata/minTimestampForCompositeIndex is missing, which every backup has";
  }
  if (holds("indexdb") || holds("data/indexdb")) return "";
  return "indexdb is missing, which every backup has";
}

ObjectList::ObjectList(const Context& context, const Place& place, const std::string& folder)
    : context_(context), place_(place), folder_(folder) {}

std::optional<ObjectList::Object> ObjectList::next() {
  const std::size_t skip = folder_.size() + 1;
  while (true) {
    if (position_ == page_.objects.size()) {
      if (started_ && page_.next.empty()) return std::nullopt;
      storage::ListRequest request{.bucket = place_.bucket, .prefix = folder_ + "/"};
      request.cursor = page_.next;
      page_ = place_.storage->list(context_, request);
      started_ = true;
      position_ = 0;
      continue;
    }
    const storage::ObjectInfo& info = page_.objects[position_++];
    std::string_view name = std::string_view(info.key).substr(std::min(skip, info.key.size()));
    if (auto piece = parse_piece(name)) return Object{*piece, info.size, info.etag};
    if (!name.ends_with(".ignore")) ++strangers_;
  }
}

std::string PieceCheck::add(const Piece& piece, std::uint64_t actual_size) {
  if (actual_size != piece.size) {
    return fmt::format("{} has {} bytes instead of {}", piece.name(), actual_size, piece.size);
  }
  if (!last_ || last_->path != piece.path) {
    std::string before = finish();
    last_ = piece;
    if (!before.empty()) return before;
    if (piece.offset == 0) return "";
    return fmt::format("the beginning of {} is missing", piece.path);
  }
  std::string problem;
  if (last_->file_size != piece.file_size) {
    problem = fmt::format("{} is there with {} and with {} bytes", piece.path, last_->file_size,
                          piece.file_size);
  } else if (last_->offset + last_->size < piece.offset) {
    problem =
        fmt::format("a piece of {} is missing at byte {}", piece.path, last_->offset + last_->size);
  } else if (last_->offset + last_->size > piece.offset) {
    problem = fmt::format("two pieces of {} overlap at byte {}", piece.path, piece.offset);
  }
  last_ = piece;
  return problem;
}

std::string PieceCheck::finish() {
  if (!last_ || last_->offset + last_->size == last_->file_size) return "";
  return fmt::format("the end of {} is missing", last_->path);
}

}  // namespace holdfast::datastore::vm
