#include "datastore/victoria_metrics/compare.h"

#include <algorithm>

#include "base/error.h"
#include "codec/digest.h"
#include "codec/text.h"
#include "datastore/victoria_metrics/manifest.h"

namespace holdfast::datastore::vm {

Join::Join(ObjectList* stored, ManifestReader* known, Walk* local)
    : stored_(stored), known_(known), local_(local) {}

void Join::fill() {
  if (stored_ != nullptr && !stored_head_) {
    stored_head_ = stored_->next();
    if (stored_head_) stored_name_ = stored_head_->piece.name();
    if (!stored_head_) stored_ = nullptr;
  }
  if (known_ != nullptr && !known_head_) {
    known_head_ = known_->next();
    if (known_head_) known_name_ = known_head_->piece.name();
    if (!known_head_) known_ = nullptr;
  }
  if (local_ == nullptr || local_head_) return;
  if (!local_file_) {
    local_file_ = local_->next();
    local_offset_ = 0;
  }
  if (!local_file_) {
    local_ = nullptr;
    return;
  }
  const LocalFile& file = *local_file_;
  Piece piece{file.relative, file.size, local_offset_,
              std::min(kPieceLimit, file.size - local_offset_)};
  local_name_ = piece.name();
  local_offset_ += piece.size;
  local_head_.emplace(std::move(piece), file);
  if (local_offset_ >= file.size) local_file_.reset();
}

std::optional<Seen> Join::next() {
  fill();
  const std::string* least = nullptr;
  auto consider = [&](bool there, const std::string& name) {
    if (there && (least == nullptr || name < *least)) least = &name;
  };
  consider(stored_head_.has_value(), stored_name_);
  consider(known_head_.has_value(), known_name_);
  consider(local_head_.has_value(), local_name_);
  if (least == nullptr) return std::nullopt;
  const std::string name = *least;
  Seen seen;
  if (stored_head_ && stored_name_ == name) {
    seen.piece = stored_head_->piece;
    seen.stored = std::exchange(stored_head_, std::nullopt);
  }
  if (known_head_ && known_name_ == name) {
    seen.piece = known_head_->piece;
    seen.known = std::exchange(known_head_, std::nullopt);
  }
  if (local_head_ && local_name_ == name) {
    seen.piece = local_head_->first;
    seen.local = std::move(local_head_->second);
    local_head_.reset();
  }
  return seen;
}

namespace {

constexpr std::size_t kMd5Size = 16;

bool is_part_metadata(const std::string& path) { return path.ends_with("/metadata.json"); }

// The content of a file that a manifest keeps.
std::optional<std::string> local_content(const Seen& seen) {
  bool wanted = changes_in_place(seen.piece.path) || is_part_metadata(seen.piece.path);
  if (!seen.local || !wanted) return std::nullopt;
  std::string content = read_file(seen.local->path, kLongestContent);
  if (content.size() != seen.piece.size) {
    throw Failed("read " + seen.local->path.string(), "it changed while it was being read");
  }
  return content;
}

class Comparing {
 public:
  Comparing(const Context& context, const Place& place, const Compared& with, VolumeChange& volume)
      : context_(context),
        place_(place),
        with_(with),
        with_manifest_(with.known != nullptr),
        volume_(volume) {
    out_.work = std::make_shared<Spool>();
  }

  void add(Seen seen) {
    bool stored = seen.stored && seen.stored->size == seen.piece.size;
    bool was = with_manifest_ ? seen.known.has_value() : stored;
    bool in_place = changes_in_place(seen.piece.path);
    std::optional<std::string> content = local_content(seen);
    volume_.see(seen.piece.path, was, seen.local.has_value(),
                seen.known ? seen.known->content : std::nullopt, content);
    if (with_manifest_ && seen.known.has_value() != seen.local.has_value()) {
      out_.manifest_differs = true;
    }
    if (seen.local) {
      out_.objects += 1;
      out_.bytes += seen.piece.size;
      Work work{Action::kPut, {seen.piece, std::nullopt, std::move(content)}};
      if (in_place) {
        decide_in_place(work, seen, stored);
      } else {
        decide(work, seen, stored);
      }
    } else if (seen.stored) {
      out_.removed += 1;
      write({Action::kRemove, {seen.piece, std::nullopt, std::nullopt}});
    }
  }

  Comparison finish() { return std::move(out_); }

 private:
  void decide(Work& work, const Seen& seen, bool stored) {
    if (stored) {
      bool ours = with_manifest_ ? !seen.known : with_.stored_by_us;
      work.action = ours ? Action::kKeepAndHash : Action::kKeep;
      if (seen.known) work.entry.digest = seen.known->digest;
      out_.kept_objects += 1;
      out_.kept_bytes += seen.piece.size;
    } else {
      out_.put_objects += 1;
      out_.put_bytes += seen.piece.size;
    }
    write(work);
  }

  void decide_in_place(Work& work, const Seen& seen, bool stored) {
    bool same = stored && is_content(seen, *work.entry.content);
    work.action = same ? Action::kKeepInPlace : Action::kPutInPlace;
    work.entry.digest = transfer::object_digest_of(*work.entry.content);
    out_.in_place += !same;
    write(work);
  }

  // A list's ETag is the MD5 of an object's bytes, or says that it is not.
  bool is_content(const Seen& seen, const std::string& content) const {
    if (auto md5 = codec::from_hex(seen.stored->etag); md5 && md5->size() == kMd5Size) {
      return *md5 == codec::digest_of(codec::DigestAlgorithm::kMd5, content);
    }
    if (with_manifest_)
      return with_.contents_stored && seen.known && seen.known->content == content;
    auto ref = place_.object(with_.folder, seen.piece.name());
    return storage::get_bytes(*place_.storage, context_, ref, kLongestContent) == content;
  }

  void write(const Work& work) {
    out_.work->add(std::string(1, char(work.action)) + format_entry(work.entry));
  }

  const Context& context_;
  const Place& place_;
  const Compared& with_;
  const bool with_manifest_;
  VolumeChange& volume_;
  Comparison out_;
};

}  // namespace

Comparison compare(const Context& context, const Place& place, const Compared& with, Walk& local,
                   VolumeChange& volume) {
  Comparing comparing(context, place, with, volume);
  Join join(with.stored, with.known, &local);
  while (auto seen = join.next()) {
    context.check("compare the snapshot with the backup");
    comparing.add(std::move(*seen));
  }
  volume.finish();
  local.check_still_there();
  Comparison out = comparing.finish();
  if (with.stored != nullptr) out.strangers = with.stored->strangers();
  return out;
}

std::optional<Work> WorkReader::next() {
  auto line = reader_.next();
  if (!line) return std::nullopt;
  auto entry = line->empty() ? std::nullopt : parse_entry(std::string_view(*line).substr(1));
  if (!entry) throw Failed("read a temporary file", "a line of ours is malformed");
  return Work{Action(line->front()), std::move(*entry)};
}

}  // namespace holdfast::datastore::vm
