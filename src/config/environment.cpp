#include "config/environment.h"

#include <unistd.h>

namespace holdfast::config {

Environment Environment::of_process() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return Environment(std::move(variables));
}

std::optional<std::string> Environment::get(const std::string& name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

Environment Environment::without_settings() const {
  std::map<std::string, std::string> rest = variables_;
  std::erase_if(rest, [](const auto& variable) { return variable.first.starts_with("HOLDFAST_"); });
  return Environment(std::move(rest));
}

std::string variable_of(std::string_view path) {
  constexpr std::string_view kOwn = "holdfast.";
  if (path.starts_with(kOwn)) path.remove_prefix(kOwn.size());
  std::string name = "HOLDFAST";
  bool between = true;
  for (const char c : path) {
    const bool lower = c >= 'a' && c <= 'z';
    if (!lower && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) {
      between = true;
      continue;
    }
    if (between) name += '_';
    between = false;
    name += lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

}  // namespace holdfast::config
