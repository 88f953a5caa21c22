#include "gateway/lifecycle.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "codec/text.h"
#include "gateway/call.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

constexpr std::size_t kMostRules = 1000;
constexpr std::size_t kLongestId = 255;
constexpr std::uint64_t kMostDays = 36'500;
constexpr std::uint64_t kMostNewerVersions = 100;

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code("MalformedXML", "read the lifecycle", std::move(why));
}

[[noreturn]] void invalid(std::string why) {
  throw InvalidArgument::with_code("InvalidArgument", "read the lifecycle", std::move(why));
}

std::uint64_t number_of(const codec::XmlElement& element, std::uint64_t least, std::uint64_t most) {
  auto number = parse_number(trim(element.text));
  if (!number || *number < least || *number > most) {
    invalid(element.name + " is not a number in its range");
  }
  return *number;
}

// Days are at least 1.
std::optional<unsigned> days_of(const codec::XmlElement& around, std::string_view name) {
  const codec::XmlElement* element = around.child(name);
  if (!element) return std::nullopt;
  return unsigned(number_of(*element, 1, kMostDays));
}

void read_filter(const codec::XmlElement& filter, LifecycleRule& rule) {
  for (const codec::XmlElement& child : filter.children) {
    if (child.name == "Prefix") {
      rule.prefix = child.text;
    } else if (child.name == "Tag") {
      rule.tags[child.child_text("Key")] = child.child_text("Value");
    } else if (child.name == "ObjectSizeGreaterThan") {
      rule.larger_than = number_of(child, 0, UINT64_MAX);
    } else if (child.name == "ObjectSizeLessThan") {
      rule.smaller_than = number_of(child, 0, UINT64_MAX);
    } else if (child.name == "And") {
      read_filter(child, rule);
    } else {
      malformed("the filter names " + child.name);
    }
  }
}

std::optional<WallTime> date_of(const codec::XmlElement& around) {
  const codec::XmlElement* date = around.child("Date");
  if (!date) return std::nullopt;
  std::optional<WallTime> time;
  try {
    time = parse_rfc3339(trim(date->text));
  } catch (const InvalidArgument&) {
    malformed("Date is no time");
  }
  if (time->time_since_epoch() % std::chrono::hours(24) != Duration::zero()) {
    invalid("Date is not midnight");
  }
  return time;
}

void read_expiration(const codec::XmlElement& expiration, LifecycleRule& rule) {
  rule.expire_days = days_of(expiration, "Days");
  rule.expire_date = date_of(expiration);
  rule.expired_delete_markers = trim(expiration.child_text("ExpiredObjectDeleteMarker")) == "true";
  int given = int(rule.expire_days.has_value()) + int(rule.expire_date.has_value()) +
              int(expiration.child("ExpiredObjectDeleteMarker") != nullptr);
  if (given != 1) malformed("not one of Days, Date and ExpiredObjectDeleteMarker");
}

void read_action(const codec::XmlElement& action, LifecycleRule& rule) {
  if (action.name == "Expiration") {
    read_expiration(action, rule);
  } else if (action.name == "NoncurrentVersionExpiration") {
    rule.noncurrent_days = days_of(action, "NoncurrentDays");
    if (!rule.noncurrent_days) malformed("NoncurrentVersionExpiration without NoncurrentDays");
    if (const codec::XmlElement* newer = action.child("NewerNoncurrentVersions")) {
      rule.newer_versions = unsigned(number_of(*newer, 1, kMostNewerVersions));
    }
  } else if (action.name == "AbortIncompleteMultipartUpload") {
    rule.abort_uploads_days = days_of(action, "DaysAfterInitiation");
    if (!rule.abort_uploads_days) malformed("an abort without DaysAfterInitiation");
  } else if (action.name.ends_with("Transition")) {
    date_of(action);  // what is wrong in itself is wrong first
    throw Unsupported::with_code("NotImplemented", "read the lifecycle",
                                 "there is only one storage class");
  } else {
    malformed("a rule has " + action.name);
  }
}

LifecycleRule read_rule(const codec::XmlElement& element) {
  LifecycleRule rule;
  bool acts = false;
  for (const codec::XmlElement& child : element.children) {
    if (child.name == "ID") {
      rule.id = child.text;
    } else if (child.name == "Status") {
      rule.enabled = child.text == "Enabled";
      if (!rule.enabled && child.text != "Disabled") malformed("a status is not one");
    } else if (child.name == "Prefix") {
      rule.prefix = child.text;
      rule.outer_prefix = true;
    } else if (child.name == "Filter") {
      read_filter(child, rule);
    } else {
      read_action(child, rule);
      acts = true;
    }
  }
  if (!element.child("Status")) malformed("a rule without a status");
  if (rule.outer_prefix && element.child("Filter")) malformed("a rule with Prefix and Filter");
  if (!acts) invalid("a rule without an action");
  if (rule.id.size() > kLongestId) invalid("an id is longer than 255 characters");
  if (rule.prefix.size() > 1024) invalid("a prefix is longer than 1,024 bytes");
  if (rule.abort_uploads_days && (!rule.tags.empty() || rule.larger_than || rule.smaller_than)) {
    invalid("uploads have no tags and no size to filter by");
  }
  return rule;
}

void write_filter(codec::XmlWriter& xml, const LifecycleRule& rule) {
  xml.open("Filter");
  const bool only_prefix = rule.tags.empty() && !rule.larger_than && !rule.smaller_than;
  if (!only_prefix) xml.open("And");
  xml.element("Prefix", rule.prefix);
  for (const auto& [name, value] : rule.tags) {
    xml.open("Tag").element("Key", name).element("Value", value).close();
  }
  if (rule.larger_than) xml.element("ObjectSizeGreaterThan", *rule.larger_than);
  if (rule.smaller_than) xml.element("ObjectSizeLessThan", *rule.smaller_than);
  if (!only_prefix) xml.close();
  xml.close();
}

}  // namespace

std::vector<LifecycleRule> parse_lifecycle(const codec::XmlElement& configuration) {
  std::vector<LifecycleRule> rules;
  std::set<std::string> ids;
  for (const codec::XmlElement& child : configuration.children) {
    if (child.name != "Rule") malformed("something that is no rule");
    LifecycleRule rule = read_rule(child);
    if (rule.id.empty()) rule.id = random_hex(16);
    if (!ids.insert(rule.id).second) invalid("an id is given twice");
    rules.push_back(std::move(rule));
  }
  if (rules.empty() || rules.size() > kMostRules) malformed("not 1 to 1,000 rules");
  return rules;
}

std::string lifecycle_document(const std::vector<LifecycleRule>& rules) {
  codec::XmlWriter xml("LifecycleConfiguration", kNamespace);
  for (const LifecycleRule& rule : rules) {
    xml.open("Rule").element("ID", rule.id);
    xml.element("Status", rule.enabled ? "Enabled" : "Disabled");
    if (rule.outer_prefix) {
      xml.element("Prefix", rule.prefix);
    } else {
      write_filter(xml, rule);
    }
    if (rule.abort_uploads_days) {
      xml.open("AbortIncompleteMultipartUpload");
      xml.element("DaysAfterInitiation", std::uint64_t{*rule.abort_uploads_days}).close();
    }
    if (rule.noncurrent_days) {
      xml.open("NoncurrentVersionExpiration");
      xml.element("NoncurrentDays", std::uint64_t{*rule.noncurrent_days});
      if (rule.newer_versions > 0) {
        xml.element("NewerNoncurrentVersions", std::uint64_t{rule.newer_versions});
      }
      xml.close();
    }
    if (rule.expire_days || rule.expire_date || rule.expired_delete_markers) {
      xml.open("Expiration");
      if (rule.expire_days) xml.element("Days", std::uint64_t{*rule.expire_days});
      if (rule.expire_date) xml.element("Date", format_iso_millis(*rule.expire_date));
      if (rule.expired_delete_markers) xml.element("ExpiredObjectDeleteMarker", "true");
      xml.close();
    }
    xml.close();
  }
  return xml.finish();
}

WallTime due_after(WallTime start, unsigned days) {
  const auto day = std::chrono::hours(24);
  const WallTime least = start + days * day;
  const auto beyond = least.time_since_epoch() % day;
  return beyond == Duration::zero() ? least : least - beyond + day;
}

bool concerns(const LifecycleRule& rule, std::uint64_t size, const Tags& tags) {
  if (rule.larger_than && size <= *rule.larger_than) return false;
  if (rule.smaller_than && size >= *rule.smaller_than) return false;
  return std::includes(tags.begin(), tags.end(), rule.tags.begin(), rule.tags.end());
}

std::optional<std::string> expiration_of(const std::string& document,
                                         const storage::ObjectInfo& object) {
  std::optional<WallTime> first;
  std::string id;
  for (const LifecycleRule& rule : parse_lifecycle(codec::parse_xml(document))) {
    if (!rule.enabled || !object.key.starts_with(rule.prefix)) continue;
    if (!concerns(rule, object.size, object.marks.tags)) continue;
    std::optional<WallTime> ends = rule.expire_date;
    if (rule.expire_days) ends = due_after(object.modified, *rule.expire_days);
    if (!ends || (first && *first <= *ends)) continue;
    first = ends;
    id = rule.id;
  }
  if (!first) return std::nullopt;
  return "expiry-date=\"" + format_http_date(*first) + "\", rule-id=\"" +
         codec::uri_encode(id, codec::Slash::kEncode) + "\"";
}

}  // namespace holdfast::gateway
