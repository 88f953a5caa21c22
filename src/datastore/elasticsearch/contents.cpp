#include "datastore/elasticsearch/contents.h"

#include "base/file.h"

namespace holdfast::datastore::es {

std::unique_ptr<RepositoryBlobs> open_blobs(const Store& store, std::string& why) {
  const ElasticsearchOptions& options = store.options;
  if (options.repository.type != "fs") {
    return blobs_in_bucket(*store.storage, options.bucket, options.prefix);
  }
  auto location = options.repository.settings.find("location");
  const fs::path folder =
      location == options.repository.settings.end() ? "" : location->second.reveal();
  if (folder.is_absolute() && fs::is_directory(folder)) return blobs_in_folder(folder);
  why = "the repository is a folder of the cluster's machines, and not here";
  return nullptr;
}

ToldContents contents_of(const Context& context, const Store& store, const std::string& snapshot,
                         const std::function<bool(const std::string&)>& is_wanted) {
  ToldContents out;
  auto blobs = open_blobs(store, out.unreadable_because);
  if (!blobs) return out;
  out.contents = read_snapshot(context, *blobs, read_index(context, *blobs), snapshot);
  std::erase_if(out.contents->indices, [&](const auto& entry) { return !is_wanted(entry.first); });
  out.documents = count_documents(context, *blobs, *out.contents);
  return out;
}

}  // namespace holdfast::datastore::es
