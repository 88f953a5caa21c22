// A Journal in one file: `CRC32HEX LINE\n` each, fsynced; lines() stops at the first line whose
// checksum is wrong.
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
};

}  // namespace holdfast
