#include "datastore/elasticsearch/fields.h"

#include <fmt/format.h>

#include "base/error.h"

namespace holdfast::datastore::es {

namespace {

// The last millisecond that a WallTime can tell, of nanoseconds in 64 bits.
constexpr std::uint64_t kLastMillisecond = 9'223'372'036'854;

}  // namespace

Fields::Fields(const nlohmann::json& object, const std::string& what)
    : object_(object), what_(what) {
  if (!object_.is_object()) fail("an object was expected");
}

void Fields::fail(const std::string& why) const { throw Corrupt(what_, why); }

const nlohmann::json* Fields::find(const char* name) const {
  auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json& Fields::object(const char* name) const {
  const nlohmann::json* found = find(name);
  if (!found || !found->is_object()) fail(fmt::format("it has no object {}", name));
  return *found;
}

const nlohmann::json& Fields::array(const char* name) const {
  const nlohmann::json* found = find(name);
  if (!found || !found->is_array()) fail(fmt::format("it has no list {}", name));
  return *found;
}

std::string Fields::text(const char* name) const {
  const nlohmann::json* found = find(name);
  if (!found || !found->is_string()) fail(fmt::format("it has no text {}", name));
  return found->get<std::string>();
}

std::uint64_t Fields::number(const char* name) const {
  const nlohmann::json* found = find(name);
  if (!found || !found->is_number_integer() ||
      (!found->is_number_unsigned() && found->get<std::int64_t>() < 0)) {
    fail(fmt::format("it has no number {}", name));
  }
  return found->get<std::uint64_t>();
}

std::string Fields::text_or(const char* name, std::string otherwise) const {
  return find(name) ? text(name) : std::move(otherwise);
}

bool Fields::flag_or(const char* name, bool otherwise) const {
  const nlohmann::json* found = find(name);
  if (!found) return otherwise;
  if (!found->is_boolean()) fail(fmt::format("{} is neither true nor false", name));
  return found->get<bool>();
}

std::vector<std::string> Fields::texts_or_none(const char* name) const {
  std::vector<std::string> texts;
  if (!find(name)) return texts;
  for (const nlohmann::json& one : array(name)) {
    if (!one.is_string()) fail(fmt::format("{} holds something else than texts", name));
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

std::optional<WallTime> Fields::time(const char* name) const {
  if (!find(name)) return std::nullopt;
  const std::uint64_t milliseconds = number(name);
  if (milliseconds > kLastMillisecond) fail(fmt::format("{} is no time", name));
  return WallTime(std::chrono::milliseconds(milliseconds));
}

}  // namespace holdfast::datastore::es
