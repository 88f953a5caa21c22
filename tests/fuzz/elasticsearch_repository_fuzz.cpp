// A snapshot repository in which one blob is the input: its first byte says which. Whatever it
// holds, the repository is read or refused, no name leads out of it, and the damage is told. Blobs
// with a frame get one whose checksum is right, so that the bytes behind it are reached.
#include <mutex>
#include <string>
#include <string_view>

#include "../support/elasticsearch_frame.h"
#include "base/error.h"
#include "datastore/elasticsearch/repository_check.h"
#include "datastore/elasticsearch/repository_documents.h"
#include "property.h"

namespace {

using namespace holdfast;
using namespace holdfast::datastore::es;
using support::framed;

bool is_inside(const std::string& name) {
  return !name.empty() && name.front() != '/' && name.find("..") == std::string::npos &&
         name.find("//") == std::string::npos && name.find('\0') == std::string::npos;
}

class OwnedSource : public Source {
 public:
  explicit OwnedSource(std::string bytes) : bytes_(std::move(bytes)), source_(bytes_) {}
  std::size_t read(std::span<char> into) override { return source_.read(into); }
  std::optional<std::uint64_t> size() const override { return source_.size(); }

 private:
  const std::string bytes_;
  MemorySource source_;
};

class FuzzBlobs : public RepositoryBlobs {
 public:
  const std::string& place() const override { return place_; }
  std::optional<std::string> read(const Context&, const std::string& name,
                                  std::uint64_t most) override {
    HOLDFAST_PROPERTY(is_inside(name));
    auto found = blobs.find(name);
    if (found == blobs.end()) return std::nullopt;
    if (found->second.size() > most) throw Corrupt("read x", "it is too large");
    return found->second;
  }
  std::unique_ptr<Source> open(const Context& context, const std::string& name) override {
    auto bytes = read(context, name, 1 << 30);
    return bytes ? std::make_unique<OwnedSource>(*bytes) : nullptr;
  }
  std::map<std::string, std::uint64_t> list(const Context&, const std::string& prefix) override {
    std::map<std::string, std::uint64_t> sizes;
    for (const auto& [name, bytes] : blobs) {
      if (name.starts_with(prefix)) sizes[name] = bytes.size();
    }
    return sizes;
  }

  std::map<std::string, std::string> blobs;

 private:
  const std::string place_ = "x";
};

FuzzBlobs repository_with(unsigned which, const std::string& input) {
  FuzzBlobs repository;
  const std::string shard = "indices/ID/0/";
  repository.blobs = {
      {"index-1",
       R"({"snapshots":[{"name":"s","uuid":"U","state":1,"index_metadata_lookup":{"ID":"m"}}],)"
       R"("indices":{"a":{"id":"ID","snapshots":["U"],"shard_generations":["G"]}},)"
       R"("index_metadata_identifiers":{"m":"M"}})"},
      {"snap-U.dat",
       framed("snapshot", R"({"snapshot":{"name":"s","uuid":"U","state":"SUCCESS","indices":["a"],)"
                          R"("total_shards":1,"successful_shards":1}})")},
      {"meta-U.dat", framed("metadata", R"({"meta-data":{}})")},
      {"indices/ID/meta-M.dat",
       framed("index-metadata",
              R"({"a":{"state":"open","settings":{"index.number_of_shards":"1"}}})")},
      {shard + "snap-U.dat",
       framed("snapshot", R"({"files":[{"name":"__A","physical_name":"segments_1","length":3,)"
                          R"("part_size":2,"checksum":"zik0zj"}]})")},
      {shard + "index-G", framed("snapshots", R"({"files":[]})")},
      {shard + "__A.part0", "ab"},
      {shard + "__A.part1", "c"}};
  switch (which % 6) {
    case 0:
      repository.blobs["index-1"] = input;
      break;
    case 1:
      repository.blobs["snap-U.dat"] = framed("snapshot", input);
      break;
    case 2:
      repository.blobs["indices/ID/meta-M.dat"] = framed("index-metadata", input);
      break;
    case 3:
      repository.blobs[shard + "snap-U.dat"] = framed("snapshot", input);
      break;
    case 4:
      repository.blobs[shard + "index-G"] = framed("snapshots", input);
      break;
    default:
      repository.blobs["meta-U.dat"] = framed("metadata", input);
  }
  return repository;
}

void check_repository(unsigned which, const std::string& input) {
  FuzzBlobs blobs = repository_with(which, input);
  const Context context = Context::background();
  SilentProgress progress;
  try {
    const RepositoryIndex index = read_index(context, blobs);
    RepositoryCheck check(blobs, 1);
    for (const StoredSnapshot& snapshot : index.snapshots) {
      // The one file that is there has no footer; whatever else is read adds to that.
      const datastore::VerifyReport report =
          check.verify(context, index, snapshot.name, true, progress);
      HOLDFAST_PROPERTY(report.problems.size() <= kMostProblems);
      HOLDFAST_PROPERTY(report.objects <= blobs.blobs.size());
      const SnapshotContents contents = read_snapshot(context, blobs, index, snapshot.name, 1);
      count_documents(context, blobs, contents, 1);
    }
  } catch (const Corrupt&) {
  } catch (const Unsupported&) {
  } catch (const Unavailable&) {
  }
}

// segments_N, and what follows a mark as its only .si: both with footers that fit.
void check_segments(std::string_view input) {
  const std::size_t mark = std::min(input.find("|SI|"), input.size());
  const std::string segments = support::with_footer(input.substr(0, mark));
  const std::string info = support::with_footer(input.substr(std::min(mark + 4, input.size())));
  try {
    const DocumentCount count =
        count_documents(segments, "segments_1", [&](const std::string&) { return info; }, "read x");
    HOLDFAST_PROPERTY(count.live.has_value() == count.unknown_because.empty());
  } catch (const Corrupt& error) {
    HOLDFAST_PROPERTY(error.reason().find("its footer says") == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 7 == 6) {
    check_segments(input);
  } else {
    check_repository(data[0] % 7, std::string(input));
  }
  return 0;
}
