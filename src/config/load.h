// Values from a StackState values file: parsed, checked and completed with defaults.
//
// Ours are backup.*, global.backup.*, victoria-metrics-N.{backup,restore}.*,
// clickhouse.{backup,restore}.*, holdfast.* and single keys of minio, s3proxy and global.s3proxy;
// all else belongs to others and is left alone. Functions here are thread-safe and read no file but
// the one named and those that ...File keys name.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "config/environment.h"
#include "config/values.h"

namespace holdfast::config {

// One thing that is wrong, or worth a warning. Never holds a secret.
struct Problem {
  std::string path;  // the key as it is spelled in the file; empty for the file as a whole
  int line = 0;      // 0: not at a line of the file
  int column = 0;
  std::string why;
  std::string allowed;  // what may stand there; may be empty
  std::string nearest;  // of an unknown key: the known one it may be meant for
  std::string advice;
};

// Where a value comes from.
struct Origin {
  enum class Kind { kDefault, kFile, kEnvironment, kSecretFile, kDerived };
  Kind kind = Kind::kDefault;
  std::string
      spelled;       // the key as it is spelled, the variable's name, or the key it is derived from
  std::string file;  // of kSecretFile
  int line = 0;
};

struct Loaded {
  std::string source;                     // the file's name, for messages
  Values values;                          // what a problem stands at has its default
  std::vector<Problem> problems;          // in the order of the file; at most 100
  std::vector<Problem> warnings;          // the same
  std::map<std::string, Origin> origins;  // by key; defaults are left out
};

// Never throws for what the text holds. `environment` gives secrets (variable_of) and tells whether
// this is a cluster.
Loaded examine(std::string_view yaml, std::string source, const Environment& environment);
// InvalidArgument when the file cannot be read.
Loaded examine_file(const fs::path& path, const Environment& environment);

// "values.yaml:12: backup.stackGraph.bucketNam: not a known key; nearest known key: ..." as an
// error.
InvalidArgument to_error(const std::string& source, const Problem& problem,
                         std::size_t further = 0);

// The values, or the first problem as InvalidArgument.
Values load(std::string_view yaml, std::string source, const Environment& environment);
Values load_file(const fs::path& path, const Environment& environment);

}  // namespace holdfast::config
