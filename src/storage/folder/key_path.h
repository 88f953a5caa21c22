// Keys as names of files and back (docs/formats/folder.md, "Names"). Pure.
//
// A key is cut at its slashes, and each component is a name of its own; only what a file system
// cannot hold as it is gets another name, and all such names start with `.hf~`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::storage {

inline constexpr std::string_view kReserved = ".hf~";
inline constexpr std::string_view kSelf = ".hf~self";   // the object of the folder it lies in
inline constexpr std::string_view kSystem = ".hf~sys";  // in the root: what is not objects
inline constexpr std::size_t kLongestName = 255;        // bytes of one name in a folder

// The names that a component becomes: one, or several nested ones when it is too long for one.
std::vector<std::string> names_of_component(std::string_view component);

// All names of a key, outermost folder first; the last one is the object's file (or the folder
// that holds its kSelf).
std::vector<std::string> names_of_key(std::string_view key);

// The same, joined by '/'.
std::string path_of_key(std::string_view key);

// What a name found in a folder stands for.
enum class NameKind {
  kComponent,  // a whole component
  kContinued,  // a folder whose names go on with the same component
  kRest,       // the end of a component that began in the folders around it
  kOther,      // not part of a key
};
struct FoundName {
  NameKind kind = NameKind::kOther;
  std::string text;  // the component, or the piece of it
};
// Whether `kRest` is right where it was found is the caller's to know. Names that would not have
// been written in this way are kOther, so that no key has two places.
FoundName read_name(std::string_view name);

}  // namespace holdfast::storage
