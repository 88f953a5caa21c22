#include "datastore/clickhouse/part_check.h"

#include <fmt/format.h>

#include "base/error.h"

namespace holdfast::datastore::ch {

namespace {

constexpr std::size_t kMostFiles = 250'000;

// The folder of a checksums.txt: "" or "p.proj/"; nullopt for other files.
std::optional<std::string> folder_of_checksums(std::string_view name) {
  if (!name.ends_with(kChecksumsFile)) return std::nullopt;
  name.remove_suffix(kChecksumsFile.size());
  if (!name.empty() && !name.ends_with('/')) return std::nullopt;
  return std::string(name);
}

}  // namespace

void PartCheck::problem(std::string text) {
  if (!problem_) problem_ = std::move(text);
}

void PartCheck::begin(std::string name, std::uint64_t size) {
  name_ = std::move(name);
  expected_ = size;
  current_ = {};
  hash_.finish();
  keep_ = folder_of_checksums(name_).has_value();
  kept_.clear();
}

void PartCheck::add(std::string_view bytes) {
  current_.size += bytes.size();
  hash_.add(bytes);
  if (!keep_) return;
  checksums_bytes_ += bytes.size();
  if (checksums_bytes_ > kLargestChecksums) {
    problem(fmt::format("the file {} is too large", name_));
    keep_ = false;
    kept_ = {};
    return;
  }
  kept_ += bytes;
}

void PartCheck::end() {
  if (current_.size != expected_) {
    problem(fmt::format("the file {} has {} bytes where {} were announced", name_, current_.size,
                        expected_));
  }
  current_.hash = hash_.finish();
  if (keep_) read_checksums();
  if (files_.size() >= kMostFiles) {
    problem("it has too many files");
  } else if (!files_.emplace(name_, current_).second) {
    problem(fmt::format("the file {} comes twice", name_));
  }
}

void PartCheck::read_checksums() {
  try {
    listed_[*folder_of_checksums(name_)] = parse_checksums(kept_);
  } catch (const Corrupt& error) {
    problem(fmt::format("the file {} cannot be used: {}", name_, error.reason()));
  }
  kept_ = {};
}

// The server computes both values of a projection's entry from what the projection's own
// checksums.txt lists.
void PartCheck::compare_projection(const std::string& path, const ChecksumsEntry& entry) {
  auto listed = listed_.find(path + '/');
  if (listed == listed_.end()) {
    problem(fmt::format("the file {}/{} is missing", path, kChecksumsFile));
    return;
  }
  std::uint64_t size = 0;
  for (const ChecksumsEntry& file : listed->second) size += file.size;
  if (size != entry.size || total_hash(listed->second) != entry.hash) {
    problem(fmt::format("the folder {} is not the one that {} lists", path, kChecksumsFile));
  }
}

void PartCheck::compare(const std::string& folder, const std::vector<ChecksumsEntry>& entries) {
  for (const ChecksumsEntry& entry : entries) {
    std::string path = folder + entry.name;
    auto file = files_.find(path);
    if (file != files_.end()) {
      if (file->second.size != entry.size) {
        problem(fmt::format("the file {} has {} bytes, and the server wrote {}", path,
                            file->second.size, entry.size));
      } else if (file->second.hash != entry.hash) {
        problem(fmt::format("the bytes of the file {} are not those that the server wrote", path));
      }
    } else if (auto inside = files_.lower_bound(path + '/');
               inside != files_.end() && inside->first.starts_with(path + '/')) {
      compare_projection(path, entry);
    } else {
      problem(fmt::format("the file {} is missing", path));
    }
  }
}

std::optional<std::string> PartCheck::finish() {
  if (!problem_ && !listed_.contains("")) {
    problem(fmt::format("the file {} is missing", kChecksumsFile));
  }
  for (const auto& [folder, entries] : listed_) compare(folder, entries);
  return problem_;
}

}  // namespace holdfast::datastore::ch
