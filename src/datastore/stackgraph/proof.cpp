#include "datastore/stackgraph/proof.h"

#include <fmt/format.h>

#include "base/error.h"

namespace holdfast::datastore::sg {

namespace {

// The parts as one stream.
class PartsSource : public Source {
 public:
  PartsSource(const Context& context, const Store& store, const StoredGraph& graph,
              Progress& progress)
      : context_(context), store_(store), graph_(graph), progress_(progress) {}

  std::size_t read(std::span<char> into) override {
    while (!into.empty() && next_ <= graph_.parts.size()) {
      if (reader_) {
        const std::size_t count = reader_->read(into);
        progress_.advance(count, count == 0 ? 1 : 0);
        if (count > 0) return count;
        reader_.reset();
      }
      if (next_ == graph_.parts.size()) break;
      const StoredPart& part = graph_.parts[next_++];
      storage::GetRequest request;
      request.condition.revision_is = part.revision;
      reader_ = store_.storage->get(context_, {store_.bucket, part.key}, request);
    }
    return 0;
  }

 private:
  const Context& context_;
  const Store& store_;
  const StoredGraph& graph_;
  Progress& progress_;
  std::size_t next_ = 0;
  std::unique_ptr<storage::Reader> reader_;
};

[[noreturn]] void throw_altered(const Store& store, const FoundGraph& found,
                                const transfer::ObjectDigest& digest, const Note& noted) {
  const std::string how =
      digest.size == noted.digest.size
          ? fmt::format("all {} are there, but some are others", digest.size)
          : fmt::format("there are {}, and there were {}", digest.size, noted.digest.size);
  throw Corrupt("backup " + found.graph.name, "its bytes are not those that were written: " + how,
                fmt::format("nothing is touched; choose another one: holdfast list {}; or give the "
                            "file a name of its own if somebody put another export there",
                            store.name));
}

}  // namespace

Proof prove(const Context& context, const Store& store, const FoundGraph& found,
            const transfer::ObjectDigest& digest) {
  Proof proof;
  if (found.note) {
    if (!(found.note->digest == digest)) throw_altered(store, found, digest, *found.note);
    proof.note = found.note;
    return proof;
  }
  // Moved or copied in by hand: known by what it holds.
  proof.note = find_note(context, store, digest);
  if (proof.note) return proof;
  if (auto noted = find_note_by_name(context, store, found.graph.name)) {
    throw_altered(store, found, digest, *noted);
  }
  proof.warnings.push_back(found.graph.name +
                           ": nobody has noted what its bytes must be, so that nothing tells "
                           "whether it is whole");
  return proof;
}

Proof prove_stored(const Context& context, const Store& store, const FoundGraph& found,
                   Progress& progress) {
  PartsSource source(context, store, found.graph, progress);
  return prove(context, store, found, transfer::object_digest_of(context, source));
}

}  // namespace holdfast::datastore::sg
