#include "gateway/form_policy.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

using nlohmann::json;

// What no condition need name: the signature covers the first, the others are not of the object.
constexpr std::array<std::string_view, 5> kUnnamed = {"policy", "x-amz-signature", "signature",
                                                      "awsaccesskeyid", "file"};

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code("InvalidPolicyDocument", "read the policy", std::move(why));
}

[[noreturn]] void deny(std::string why) {
  throw AccessDenied::with_code("AccessDenied", "check the form against its policy",
                                std::move(why));
}

// S3 lets a policy escape dollar signs, which JSON does not know.
std::string without_dollar_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      if (text[++at] != '$') plain += '\\';
    }
    plain += text[at];
  }
  return plain;
}

std::string text_of(const json& value) {
  if (!value.is_string()) malformed("a condition's field or value is no text");
  return value.get<std::string>();
}

class Checker {
 public:
  explicit Checker(const FormFields& fields) : fields_(fields) {}

  void check(const json& condition) {
    if (condition.is_object()) {
      if (condition.size() != 1) malformed("a condition does not name one field");
      const auto only = condition.begin();
      check_equal(to_lower(only.key()), text_of(only.value()));
      return;
    }
    if (!condition.is_array() || condition.size() != 3) malformed("a condition is not one");
    const std::string kind = to_lower(text_of(condition[0]));
    if (kind == "content-length-range") {
      take_range(condition[1], condition[2]);
      return;
    }
    const std::string field = to_lower(text_of(condition[1]));
    if (!field.starts_with('$')) malformed("a condition's field does not begin with $");
    if (kind == "eq") {
      check_equal(field.substr(1), text_of(condition[2]));
    } else if (kind == "starts-with") {
      check_start(field.substr(1), text_of(condition[2]));
    } else {
      malformed("a condition is none of eq, starts-with and content-length-range");
    }
  }

  // Every field must be one that whoever signed the policy knew of.
  void check_all_named() const {
    for (const auto& [name, value] : fields_) {
      if (named_.contains(name) || name.starts_with("x-ignore-")) continue;
      if (std::find(kUnnamed.begin(), kUnnamed.end(), name) != kUnnamed.end()) continue;
      deny("field " + name + " is in no condition of the policy");
    }
  }

  const FileLimits& limits() const { return limits_; }

 private:
  std::string_view value_of(const std::string& name) {
    named_.insert(name);
    const auto found = std::find_if(fields_.begin(), fields_.end(),
                                    [&](const auto& field) { return field.first == name; });
    if (found == fields_.end()) deny("field " + name + " is missing");
    return found->second;
  }
  void check_equal(const std::string& name, std::string_view wanted) {
    if (value_of(name) != wanted) deny("field " + name + " is not what the policy says");
  }
  void check_start(const std::string& name, std::string_view start) {
    if (!value_of(name).starts_with(start)) {
      deny("field " + name + " does not begin as the policy says");
    }
  }
  void take_range(const json& least, const json& most) {
    if (!least.is_number_unsigned() || !most.is_number_unsigned() ||
        least.get<std::uint64_t>() > most.get<std::uint64_t>()) {
      malformed("content-length-range is no range");
    }
    limits_.least = std::max(limits_.least, least.get<std::uint64_t>());
    limits_.most = std::min(limits_.most, most.get<std::uint64_t>());
  }

  const FormFields& fields_;
  std::set<std::string> named_;
  FileLimits limits_;
};

WallTime expiration_of(const json& policy) {
  const auto found = policy.find("expiration");
  if (found == policy.end()) malformed("it has no expiration");
  try {
    return parse_rfc3339(text_of(*found));
  } catch (const InvalidArgument& error) {
    if (!error.code().empty()) throw;
    malformed("its expiration is no time");
  }
}

}  // namespace

FileLimits check_policy(std::string_view text, const FormFields& fields, WallTime now) {
  const json policy = json::parse(without_dollar_escapes(text), nullptr, false);
  if (!policy.is_object()) malformed("it is no JSON object");
  const WallTime expiration = expiration_of(policy);
  const auto conditions = policy.find("conditions");
  if (conditions == policy.end() || !conditions->is_array()) malformed("it has no conditions");
  if (now > expiration) deny("the policy has expired");
  Checker checker(fields);
  for (const json& condition : *conditions) checker.check(condition);
  checker.check_all_named();
  return checker.limits();
}

}  // namespace holdfast::gateway
