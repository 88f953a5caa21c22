#include "storage/folder/key_path.h"

namespace holdfast::storage {

namespace {

constexpr std::size_t kMark = kReserved.size() + 1;   // the reserved beginning and a kind
constexpr std::size_t kPiece = kLongestName - kMark;  // bytes of a component in one name
constexpr std::string_view kEmptyName = ".hf~0", kDotName = ".hf~1", kDotDotName = ".hf~2";

// The length of the first piece of a component that needs several: it ends between characters,
// because some file systems take only whole ones.
std::size_t piece_length(std::string_view component) {
  if (component.size() <= kPiece) return component.size();
  std::size_t length = kPiece;
  while (length > kPiece - 4 && (static_cast<unsigned char>(component[length]) & 0xC0) == 0x80) {
    --length;
  }
  return length;
}

std::string marked(char kind, std::string_view text) {
  std::string name(kReserved);
  name += kind;
  name += text;
  return name;
}

}  // namespace

std::vector<std::string> names_of_component(std::string_view component) {
  if (component.empty()) return {std::string(kEmptyName)};
  if (component == ".") return {std::string(kDotName)};
  if (component == "..") return {std::string(kDotDotName)};
  bool reserved = component.starts_with(kReserved);
  if (!reserved && component.size() <= kLongestName) return {std::string(component)};
  if (reserved && component.size() - kReserved.size() <= kPiece) {
    return {marked('~', component.substr(kReserved.size()))};
  }
  std::vector<std::string> names;
  while (component.size() > kPiece) {
    std::size_t length = piece_length(component);
    names.push_back(marked('+', component.substr(0, length)));
    component.remove_prefix(length);
  }
  names.push_back(marked('-', component));
  return names;
}

std::vector<std::string> names_of_key(std::string_view key) {
  std::vector<std::string> names;
  while (true) {
    std::size_t slash = key.find('/');
    for (std::string& name : names_of_component(key.substr(0, slash))) {
      names.push_back(std::move(name));
    }
    if (slash == std::string_view::npos) return names;
    key.remove_prefix(slash + 1);
  }
}

std::string path_of_key(std::string_view key) {
  std::string path;
  for (const std::string& name : names_of_key(key)) {
    if (!path.empty()) path += '/';
    path += name;
  }
  return path;
}

FoundName read_name(std::string_view name) {
  if (!name.starts_with(kReserved)) return {NameKind::kComponent, std::string(name)};
  if (name == kEmptyName) return {NameKind::kComponent, ""};
  if (name == kDotName) return {NameKind::kComponent, "."};
  if (name == kDotDotName) return {NameKind::kComponent, ".."};
  if (name.size() < kMark) return {};
  std::string_view rest = name.substr(kMark);
  switch (name[kReserved.size()]) {
    case '~':
      return {NameKind::kComponent, std::string(kReserved) + std::string(rest)};
    case '+':
      if (rest.size() < kPiece - 4) return {};
      return {NameKind::kContinued, std::string(rest)};
    case '-':
      if (rest.empty()) return {};
      return {NameKind::kRest, std::string(rest)};
    default:
      return {};
  }
}

}  // namespace holdfast::storage
