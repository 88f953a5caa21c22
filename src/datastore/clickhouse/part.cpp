#include "datastore/clickhouse/part.h"

#include <algorithm>
#include <charconv>
#include <sys/stat.h>

#include "base/error.h"
#include "base/stream.h"
#include "codec/crc.h"
#include "codec/tar.h"
#include "codec/text.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::uint64_t kBlock = 512;

std::uint64_t padded(std::uint64_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

std::string header_of(const std::string& part_name, const PartFile& file, std::int64_t mtime) {
  codec::TarEntry entry;
  entry.name = "/" + part_name + "/" + file.name;
  entry.size = file.size;
  entry.mode = 0440;
  entry.mtime = std::clamp<std::int64_t>(mtime, 0, 0xFFFFFFFF);  // so that it always fits
  entry.owner = entry.group = "root";
  return codec::tar_header(entry);
}

class TarOfPart : public transfer::Content {
 public:
  TarOfPart(fs::path folder, std::string part_name, const PartFacts& facts)
      : folder_(std::move(folder)), part_name_(std::move(part_name)), files_(facts.files) {
    for (const PartFile& file : files_) {
      offsets_.push_back(size_);
      size_ += header_of(part_name_, file, 0).size() + padded(file.size);
    }
    end_ = size_;
    size_ += codec::tar_end().size();
  }

  std::string name() const override { return folder_.string(); }
  std::uint64_t size() const override { return size_; }

  void read(std::uint64_t offset, std::span<char> into) const override {
    auto next = std::upper_bound(offsets_.begin(), offsets_.end(), offset);
    std::size_t index = next == offsets_.begin() ? 0 : std::size_t(next - offsets_.begin()) - 1;
    while (!into.empty()) {
      std::size_t count = 0;
      if (offset >= end_) {
        count = copy(codec::tar_end().substr(std::size_t(offset - end_)), into);
      } else {
        count = read_file(index, offset - offsets_[index], into);
        ++index;
      }
      offset += count;
      into = into.subspan(count);
    }
  }

 private:
  static std::size_t copy(std::string_view bytes, std::span<char> into) {
    std::size_t count = std::min(bytes.size(), into.size());
    std::copy_n(bytes.begin(), count, into.begin());
    return count;
  }

  // From `offset` in what file `index` adds to the archive, up to its end.
  std::size_t read_file(std::size_t index, std::uint64_t offset, std::span<char> into) const {
    const PartFile& file = files_[index];
    const fs::path path = folder_ / file.name;
    Descriptor opened = open_for_reading(path);
    struct stat info{};
    if (::fstat(opened.get(), &info) < 0) throw_errno(errno, "look at " + path.string());
    if (std::uint64_t(info.st_size) != file.size) {
      throw Corrupt("read " + path.string(), "its size changed while it was frozen");
    }
    const std::string header = header_of(part_name_, file, info.st_mtime);
    const std::uint64_t body = header.size(), padding = body + file.size;
    const std::uint64_t end = body + padded(file.size);
    std::size_t done = 0;
    if (offset < body) done = copy(std::string_view(header).substr(std::size_t(offset)), into);
    std::uint64_t at = offset + done;
    if (done < into.size() && at < padding) {
      auto count = std::size_t(std::min<std::uint64_t>(padding - at, into.size() - done));
      FileSource source({opened.get(), at - body, count}, path.string());
      done += read_full(source, into.subspan(done, count));
      at = offset + done;
    }
    if (done < into.size() && at < end) {
      auto count = std::size_t(std::min<std::uint64_t>(end - at, into.size() - done));
      std::fill_n(into.begin() + std::ptrdiff_t(done), count, '\0');
      done += count;
    }
    return done;
  }

  const fs::path folder_;
  const std::string part_name_;
  const std::vector<PartFile> files_;
  std::vector<std::uint64_t> offsets_;  // of each file's header
  std::uint64_t end_ = 0, size_ = 0;
};

std::uint64_t count_of(const std::string& text) {
  std::uint64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

}  // namespace

// Those that checksums.txt does not list, and it itself. txn_version.txt is about the server's
// transactions, not about the rows.
bool PartFactsMaker::needs_text(const std::string& name) {
  if (name == "txn_version.txt") return false;
  return name.ends_with(".txt") || name.ends_with(".json");
}

void PartFactsMaker::add(const std::string& name, std::uint64_t size, const std::string& text) {
  facts_.files.push_back({name, size});
  facts_.bytes += size;
  identity_.update(name + '\0' + std::to_string(size) + '\0');
  if (!needs_text(name)) return;
  identity_.update(text);
  if (name == "count.txt") facts_.rows = count_of(text);
  if (name == "checksums.txt") {
    has_checksums_ = true;
    facts_.checksum = codec::crc64_xz(text);
  }
}

PartFacts PartFactsMaker::finish(const std::string& what) {
  if (!has_checksums_) {
    throw Corrupt("read part " + what, "it has no checksums.txt",
                  "detach this part, or let the server make it anew with OPTIMIZE TABLE ... FINAL");
  }
  facts_.identity = codec::to_hex(identity_.finish());
  return std::move(facts_);
}

PartFacts look_at_part(const fs::path& folder) {
  PartFactsMaker maker;
  for (const WalkedFile& file : walk_files(folder, Links::kKeep)) {
    if (file.is_link) {
      throw Corrupt("read part " + folder.string(), file.relative + " is a symbolic link");
    }
    const bool wanted = PartFactsMaker::needs_text(file.relative);
    maker.add(file.relative, file.size,
              wanted ? read_file(file.path, PartFactsMaker::kLargestText) : std::string());
  }
  return maker.finish(folder.string());
}

void link_part(const fs::path& from, const fs::path& to) {
  make_folders(to);
  for (const WalkedFile& file : walk_files(from, Links::kKeep)) {
    const fs::path link = to / file.relative;
    if (link.parent_path() != to) make_folders(link.parent_path());
    link_file(file.path, link);
  }
}

std::uint64_t tar_size(const std::string& part_name, const PartFacts& facts) {
  return TarOfPart({}, part_name, facts).size();
}

std::shared_ptr<const transfer::Content> tar_of_part(const fs::path& folder,
                                                     const std::string& part_name,
                                                     const PartFacts& facts) {
  return std::make_shared<TarOfPart>(folder, part_name, facts);
}

}  // namespace holdfast::datastore::ch
