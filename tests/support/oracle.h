// Reads the tables of tests/oracles, and finds other files of the source tree.
#pragma once

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::support {

inline std::vector<std::string> split_at(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// ctest names the source folder in HOLDFAST_SOURCE_DIR; by hand the tests are run from somewhere
// inside it.
inline std::filesystem::path source_path(const std::filesystem::path& relative) {
  if (const char* source = getenv("HOLDFAST_SOURCE_DIR")) return source / relative;
  std::filesystem::path folder = std::filesystem::current_path();
  while (!exists(folder / relative) && folder.has_relative_path()) folder = folder.parent_path();
  return folder / relative;
}

inline std::filesystem::path oracle_path(const std::string& name) {
  return source_path(std::filesystem::path("tests") / "oracles" / name);
}

// The rows without the header; fails the test when the table is missing, or a row has not `columns`
// columns.
inline std::vector<std::vector<std::string>> oracle_rows(const std::string& name,
                                                         std::size_t columns) {
  std::vector<std::vector<std::string>> rows;
  std::ifstream file(oracle_path(name));
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    rows.push_back(split_at(line, '\t'));
    EXPECT_EQ(rows.back().size(), columns) << name << ": " << line;
  }
  EXPECT_GT(rows.size(), 10U) << "cannot read " << oracle_path(name);
  return rows;
}

}  // namespace holdfast::support
