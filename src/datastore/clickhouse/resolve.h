// What a backup holds, its whole chain resolved: every table with every part, and the objects that
// each part's files come from. Reading rules: docs/design/clickhouse.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datastore/clickhouse/bucket.h"

namespace holdfast::datastore::ch {

enum class Format { kTar, kGzip, kZstd, kFiles };

// An object that holds a part's files, or one of them.
struct PartObject {
  std::string key;  // inside of its backup's folder
  std::uint64_t size = 0;
  std::optional<transfer::ObjectDigest> digest;  // none: clickhouse-backup wrote it
  std::string file;                              // of kFiles: name inside the part
  std::string revision;
};

struct NeededPart {
  std::string name;  // in this backup
  std::string disk;
  std::string backup;  // whose folder holds the objects
  std::string stored;  // the part's name there
  Format format = Format::kTar;
  std::vector<PartObject> objects;
  bool shares_objects = false;  // with other parts: archives of many parts
  std::optional<std::uint64_t> rows;
  std::uint64_t bytes = 0;                // of its files; 0: not told
  std::string identity;                   // empty: not told
  std::optional<std::uint64_t> checksum;  // CRC-64 of checksums.txt
};

struct NeededTable {
  TableDocument document;
  std::string engine;
  std::optional<std::uint64_t> rows;
  std::vector<NeededPart> parts;  // in the order in which they are attached
};

struct Resolved {
  Backup backup;
  std::vector<NeededTable> tables;
  std::uint64_t unhashed = 0;         // objects without a checksum
  std::vector<std::string> problems;  // why it cannot be restored; at most kMostProblems
  std::uint64_t more_problems = 0;
};
inline constexpr std::size_t kMostProblems = 100;

// NotFound when there is no such backup. What is broken is told by `problems`; trouble that says
// nothing about the backup is thrown.
Resolved resolve(const Context& context, const Place& place, const std::string& name);

// Corrupt, naming the first problem, when there are any.
void require_whole(const Resolved& resolved);

}  // namespace holdfast::datastore::ch
