#include "storage/http_fault.h"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::storage {

FaultCode find_fault(std::span<const FaultCode> codes, std::span<const FaultStatus> statuses,
                     std::string_view code, int status, std::string_view other_advice) {
  for (const FaultCode& row : codes) {
    if (!code.empty() && row.code == code) return row;
  }
  for (const FaultStatus& row : statuses) {
    if (row.status == status) return {code, row.kind, row.our_code, row.advice};
  }
  if (status >= 500) return {code, ErrorKind::kUnavailable, "", ""};
  return {code, ErrorKind::kFailed, "", other_advice};
}

std::string cleaned_code(std::string_view text) {
  auto is_plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (text.size() > kLongestFaultCode || !std::all_of(text.begin(), text.end(), is_plain)) {
    return "";
  }
  return std::string(text);
}

std::optional<codec::XmlElement> error_document(std::string_view document) {
  std::size_t start = document.find('<');
  if (start == std::string_view::npos) return std::nullopt;
  try {
    codec::XmlElement root = codec::parse_xml(document.substr(start));
    if (root.name == "Error") return root;
  } catch (const InvalidArgument&) {
    // The status alone tells.
  }
  return std::nullopt;
}

std::string fault_reason(std::string_view who, std::string_view message, std::string_view code,
                         int status, std::string_view no_such_thing) {
  if (!message.empty() && !code.empty()) return fmt::format("{} ({})", message, code);
  if (!code.empty()) return fmt::format("{} answered {}", who, code);
  switch (status) {
    case 304:
      return "not modified";
    case 403:
      return "access denied";
    case 404:
      return std::string(no_such_thing);
    case 412:
      return "the condition does not hold";
    default:
      return fmt::format("{} answered status {}", who, status);
  }
}

void throw_as_kind(const Error& error) {
  throw_error(error.kind(), error.subject(), error.reason(), error.advice(), error.code());
}

}  // namespace holdfast::storage
