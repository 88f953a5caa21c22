// A script of changes to a folder of objects, made so that every path of the folder backend that
// changes files is taken, and the model of what must be there after each of its steps.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "storage/storage.h"

namespace holdfast::storage {

struct ScriptObject {
  std::string bytes;
  std::string mark;  // user metadata "mark"; a long one needs a side file
  friend bool operator==(const ScriptObject&, const ScriptObject&) = default;
};
using ScriptModel = std::map<std::string, ScriptObject>;

struct ScriptStep {
  enum Verb { kPut, kCopy, kRemove, kParts, kAbort };
  Verb verb = kPut;
  std::vector<std::string> keys;   // copy: from, to; else what is changed
  ScriptObject object;             // put, parts; copy: a mark that replaces the source's
  std::vector<std::size_t> parts;  // sizes; what they add up to is object.bytes
};

inline constexpr const char* kScriptBucket = "scripted";

// Its steps may each be done again after a crash.
std::vector<ScriptStep> folder_script();
void apply_step(const ScriptStep& step, ScriptModel& model);
void perform_step(const ScriptStep& step, Storage& storage, const Context& context);

}  // namespace holdfast::storage
