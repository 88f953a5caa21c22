// A script of changes to versions, tags and settings of a folder, and the model of what must be
// there after each of its steps. Every step changes the model, so that the state of a folder tells
// how many were done.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/versions.h"

namespace holdfast::storage {

inline constexpr const char* kVersionsBucket = "versions";

struct ScriptVersion {
  bool marker = false;
  bool null = false;
  std::string bytes, tag;
  friend bool operator==(const ScriptVersion&, const ScriptVersion&) = default;
};
// The versions of each key, the newest first; keys without any are left out.
using VersionsModel = std::map<std::string, std::vector<ScriptVersion>>;

struct VersionsStep {
  enum Verb { kPut, kCopy, kDelete, kRemove, kTag, kParts };
  Verb verb = kPut;
  std::string key;
  std::string bytes;  // put, parts
  std::string tag;    // put, tag, parts
  std::size_t nth =
      0;               // remove, tag: of the key's versions, from the newest; copy: of the source's
  std::string source;  // copy
  Versioning versioning = Versioning::kEnabled;  // of the bucket, from this step on
  bool large = false;                            // with metadata that needs a side file
};

std::vector<VersionsStep> versions_script();
VersionsModel model_after(std::size_t steps);
void perform(const VersionsStep& step, Storage& storage, const Context& context);
// What is there. Throws what reading throws.
VersionsModel read_model(Storage& storage, const Context& context);

}  // namespace holdfast::storage
