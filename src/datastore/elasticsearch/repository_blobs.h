// The files ("blobs") of an Elasticsearch snapshot repository, wherever they lie: in a bucket below
// the repository's base path, or in a folder (repositories of type fs). Names are relative to the
// repository: "index-3", "indices/ID/0/__UUID".
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/context.h"
#include "base/stream.h"
#include "storage/storage.h"

namespace holdfast::datastore::es {

// Only reads: Elasticsearch alone writes its repository. All methods may be called from several
// threads at once; what cannot be read throws as Storage and base/file.h say.
class RepositoryBlobs {
 public:
  virtual ~RepositoryBlobs() = default;
  // Where they lie, for people: "bucket/base/path".
  virtual const std::string& place() const = 0;
  // The whole blob; nullopt: not there. Corrupt when it has more than `most` bytes.
  virtual std::optional<std::string> read(const Context& context, const std::string& name,
                                          std::uint64_t most) = 0;
  // A stream of it; nullptr: not there.
  virtual std::unique_ptr<Source> open(const Context& context, const std::string& name) = 0;
  // Every blob whose name begins with `prefix`, and its size. Refused beyond kMostBlobs.
  virtual std::map<std::string, std::uint64_t> list(const Context& context,
                                                    const std::string& prefix) = 0;
};

inline constexpr std::size_t kMostBlobs = 5'000'000;

// Borrows the storage. `base_path` as the repository's setting has it: with or without a slash at
// its ends, or empty.
std::unique_ptr<RepositoryBlobs> blobs_in_bucket(storage::Storage& storage, std::string bucket,
                                                 const std::string& base_path);
// NotFound when there is no such folder.
std::unique_ptr<RepositoryBlobs> blobs_in_folder(const std::filesystem::path& folder);

}  // namespace holdfast::datastore::es
