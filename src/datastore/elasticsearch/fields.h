// Fields of a document that someone may have changed. Each throws Corrupt, with `what` as its
// subject ("read bucket/index-3"), when a field is missing or of another kind. Pure.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace holdfast::datastore::es {

class Fields {
 public:
  // Borrows both. Corrupt when `object` is none.
  Fields(const nlohmann::json& object, const std::string& what);

  const nlohmann::json& object(const char* name) const;
  const nlohmann::json& array(const char* name) const;
  std::string text(const char* name) const;
  std::uint64_t number(const char* name) const;
  // What may be missing (or null).
  const nlohmann::json* find(const char* name) const;
  std::string text_or(const char* name, std::string otherwise) const;
  bool flag_or(const char* name, bool otherwise) const;
  std::vector<std::string> texts_or_none(const char* name) const;
  std::optional<WallTime> time(const char* name) const;  // milliseconds since 1970
  [[noreturn]] void fail(const std::string& why) const;

 private:
  const nlohmann::json& object_;
  const std::string& what_;
};

}  // namespace holdfast::datastore::es
