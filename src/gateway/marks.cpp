#include "gateway/marks.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "codec/text.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

constexpr std::size_t kLongestName = 128;   // characters
constexpr std::size_t kLongestValue = 256;  // characters

[[noreturn]] void bad_tag(std::string why) {
  throw InvalidArgument::with_code("InvalidTag", "read the tags", std::move(why));
}

[[noreturn]] void bad_lock(std::string why) {
  throw InvalidArgument::with_code("InvalidArgument", "read the object lock", std::move(why));
}

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code("MalformedXML", "read the document", std::move(why));
}

std::size_t characters(std::string_view text) {
  return std::size_t(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

void add_tag(Tags& tags, const std::string& name, const std::string& value, std::size_t most) {
  if (name.empty() || characters(name) > kLongestName) bad_tag("a name is not 1 to 128 characters");
  if (characters(value) > kLongestValue) bad_tag("a value is longer than 256 characters");
  if (!codec::is_utf8(name) || !codec::is_utf8(value)) bad_tag("a tag is not UTF-8");
  if (name.starts_with("aws:")) bad_tag("names that begin with aws: are reserved");
  if (!tags.emplace(name, value).second) bad_tag("a name is given twice");
  if (tags.size() > most) bad_tag(fmt::format("there are more than {} tags", most));
}

std::optional<std::string> header_of(const http::ServerRequest& request, std::string_view name) {
  auto value = request.header(name);
  if (!value) return std::nullopt;
  return std::string(trim(*value));
}

std::optional<WallTime> time_of(std::string_view text) {
  try {
    return parse_rfc3339(trim(text));
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

std::optional<storage::Retention> retention_of_headers(const http::ServerRequest& request,
                                                       WallTime now) {
  auto mode = header_of(request, "x-amz-object-lock-mode");
  auto until = header_of(request, "x-amz-object-lock-retain-until-date");
  if (!mode && !until) return std::nullopt;
  if (!mode || !until) bad_lock("mode and retain-until-date belong together");
  const bool compliance = is_compliance(*mode, "InvalidArgument");
  auto time = time_of(*until);
  if (!time) bad_lock("retain-until-date is no time");
  if (*time <= now) bad_lock("retain-until-date is not in the future");
  return storage::Retention{compliance, *time};
}

}  // namespace

Tags tags_of_header(std::string_view value) {
  auto parameters = codec::parse_query(value);
  if (!parameters) bad_tag("x-amz-tagging is not well encoded");
  Tags tags;
  for (const auto& [name, text] : *parameters) add_tag(tags, name, text, kMostTags);
  return tags;
}

Tags tags_of_document(const codec::XmlElement& tagging, std::size_t most) {
  const codec::XmlElement* set = tagging.child("TagSet");
  if (!set) malformed("no TagSet");
  Tags tags;
  for (const codec::XmlElement& tag : set->children) {
    if (tag.name != "Tag" || !tag.child("Key") || !tag.child("Value")) malformed("not a tag");
    add_tag(tags, tag.child_text("Key"), tag.child_text("Value"), most);
  }
  return tags;
}

std::string tagging_document(const Tags& tags) {
  codec::XmlWriter xml("Tagging", kNamespace);
  xml.open("TagSet");
  for (const auto& [name, value] : tags) {
    xml.open("Tag").element("Key", name).element("Value", value).close();
  }
  return xml.finish();
}

std::string_view mode_name(bool compliance) { return compliance ? "COMPLIANCE" : "GOVERNANCE"; }

bool is_compliance(std::string_view mode, std::string_view code) {
  if (mode == mode_name(true)) return true;
  if (mode == mode_name(false)) return false;
  throw InvalidArgument::with_code(code, "read the object lock",
                                   "the mode is neither GOVERNANCE nor COMPLIANCE");
}

namespace {

bool is_mark(std::string_view lower) {
  return lower == "x-amz-tagging" || lower.starts_with("x-amz-object-lock-");
}

}  // namespace

storage::Marks marks_of_request(const Call& call) {
  storage::Marks marks;
  for (const auto& [name, value] : call.request.headers) {
    if (is_mark(to_lower(name))) call.versions();  // or the storage keeps none
  }
  if (auto tagging = header_of(call.request, "x-amz-tagging"))
    marks.tags = tags_of_header(*tagging);
  marks.retention = retention_of_headers(call.request, call.context.clock().now());
  if (auto hold = header_of(call.request, "x-amz-object-lock-legal-hold")) {
    if (*hold != "ON" && *hold != "OFF") bad_lock("the legal hold is neither ON nor OFF");
    marks.hold = *hold == "ON";
  }
  return marks;
}

void refuse_marks(const http::ServerRequest& request) {
  for (const auto& [name, value] : request.headers) {
    const std::string lower = to_lower(name);
    if (is_mark(lower)) {
      throw Unsupported::with_code("NotImplemented", "read the headers",
                                   "header " + lower + " has no meaning for this operation");
    }
  }
}

std::optional<storage::Retention> retention_of_document(const codec::XmlElement& retention,
                                                        WallTime now) {
  const codec::XmlElement* mode = retention.child("Mode");
  const codec::XmlElement* until = retention.child("RetainUntilDate");
  if (!mode && !until) return std::nullopt;
  if (!mode || !until) malformed("Mode and RetainUntilDate belong together");
  const bool compliance = is_compliance(trim(mode->text), "MalformedXML");
  auto time = time_of(until->text);
  if (!time) malformed("RetainUntilDate is no time");
  if (*time <= now) bad_lock("RetainUntilDate is not in the future");
  return storage::Retention{compliance, *time};
}

void add_version_id(http::ServerResponse& response, const std::string& version) {
  if (!version.empty()) response.headers.emplace_back("x-amz-version-id", version);
}

void add_version_headers(http::ServerResponse& response, const storage::ObjectInfo& info) {
  add_version_id(response, info.version);
  const storage::Marks& marks = info.marks;
  auto& headers = response.headers;
  if (!marks.tags.empty()) {
    headers.emplace_back("x-amz-tagging-count", std::to_string(marks.tags.size()));
  }
  if (marks.retention) {
    headers.emplace_back("x-amz-object-lock-mode", mode_name(marks.retention->compliance));
    headers.emplace_back("x-amz-object-lock-retain-until-date",
                         format_iso_millis(marks.retention->until));
  }
  if (marks.hold) headers.emplace_back("x-amz-object-lock-legal-hold", "ON");
}

}  // namespace holdfast::gateway
