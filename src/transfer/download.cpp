#include <atomic>
#include <map>
#include <memory>
#include <set>

#include "base/worker_pool.h"
#include "transfer/fetch.h"

namespace holdfast::transfer {

namespace {

// A file being written by the tasks of its pieces; closed when the last of them lets it go.
struct OutputFile {
  fs::path path;
  Descriptor descriptor;
  std::atomic<std::uint64_t> pieces_left;
};

// The items of each file together, in the order of the files' first mention, so that a file is
// opened once and no more files are open than threads work on.
std::vector<std::vector<std::size_t>> group_by_file(const std::vector<DownloadItem>& items) {
  std::vector<std::vector<std::size_t>> groups;
  std::map<fs::path, std::size_t> known;
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto [place, added] = known.emplace(items[i].path, groups.size());
    if (added) groups.emplace_back();
    groups[place->second].push_back(i);
  }
  return groups;
}

class Downloader {
 public:
  Downloader(storage::Storage& storage, const TransferOptions& options, Progress& progress)
      : environment_(storage, options, progress, "download"), options_(options) {}

  std::vector<ObjectDigest> run(const Context& context, const std::vector<DownloadItem>& items);

 private:
  void submit_file(WorkerPool& pool, const std::vector<DownloadItem>& items,
                   const std::vector<std::size_t>& of_file, std::vector<ObjectDigest>& digests);
  void fetch(const Context& context, ItemFetch& item, std::uint64_t index, OutputFile& file,
             std::uint64_t offset, ObjectDigest& digest) const;

  FetchEnvironment environment_;
  const TransferOptions& options_;
  std::set<fs::path> folders_;
};

std::vector<ObjectDigest> Downloader::run(const Context& context,
                                          const std::vector<DownloadItem>& items) {
  std::vector<ObjectDigest> digests(items.size());
  WorkerPool pool(context, environment_.limiter.threads(options_.threads));
  for (const auto& of_file : group_by_file(items)) submit_file(pool, items, of_file, digests);
  pool.finish();
  return digests;
}

void Downloader::submit_file(WorkerPool& pool, const std::vector<DownloadItem>& items,
                             const std::vector<std::size_t>& of_file,
                             std::vector<ObjectDigest>& digests) {
  auto file = std::make_shared<OutputFile>();
  file->path = items[of_file[0]].path;
  fs::path folder = file->path.parent_path();
  if (folders_.insert(folder).second) make_folders(folder);
  file->descriptor = create_file(file->path);
  std::vector<std::shared_ptr<ItemFetch>> fetches;
  for (std::size_t i : of_file) {
    const DownloadItem& item = items[i];
    fetches.push_back(std::make_shared<ItemFetch>(environment_, item.ref, item.size, item.digest,
                                                  item.revision, options_.piece_size));
    file->pieces_left += fetches.back()->pieces();
  }
  for (std::size_t k = 0; k < of_file.size(); ++k) {
    std::size_t i = of_file[k];
    for (std::uint64_t index = 0; index < fetches[k]->pieces(); ++index) {
      pool.submit(
          [this, &pool, file, item = fetches[k], index, offset = items[i].offset,
           &digest = digests[i]] { fetch(pool.context(), *item, index, *file, offset, digest); });
    }
  }
}

void Downloader::fetch(const Context& context, ItemFetch& item, std::uint64_t index,
                       OutputFile& file, std::uint64_t offset, ObjectDigest& digest) const {
  auto write = [&](std::uint64_t position, std::string_view bytes) {
    write_all_at(file.descriptor.get(), bytes, offset + position, file.path);
  };
  if (auto whole = item.fetch(context, index, write)) digest = *whole;
  if (file.pieces_left.fetch_sub(1) == 1 && options_.sync) {
    sync_file(file.descriptor.get(), file.path);
  }
}

}  // namespace

std::vector<ObjectDigest> download(const Context& context, storage::Storage& storage,
                                   const std::vector<DownloadItem>& items,
                                   const TransferOptions& options, Progress& progress) {
  return Downloader(storage, options, progress).run(context, items);
}

}  // namespace holdfast::transfer
