// A Journal in one file: `CRC32HEX LINE\n` each, fsynced. lines() stops at the first line whose
// checksum is wrong; append() cuts the file off there first, so that what a crash has torn never
// hides what is appended after it. Not thread-safe; one writer at a time.
#pragma once

#include "base/file.h"
#include "base/progress.h"

namespace holdfast {

class FileJournal : public Journal {
 public:
  explicit FileJournal(fs::path path) : path_(std::move(path)) {}
  void append(std::string_view line) override;
  std::vector<std::string> lines() const override;
  void clear() override;

 private:
  fs::path path_;
  std::optional<std::uint64_t> end_;  // where the next line goes, once that is known
};

}  // namespace holdfast
