#include "gateway/conditions.h"

#include "base/error.h"
#include "gateway/text.h"

namespace holdfast::gateway {

using storage::Condition;

namespace {

std::optional<WallTime> date_header(const http::ServerRequest& request, const std::string& name) {
  auto value = request.header(name);
  if (!value) return std::nullopt;
  try {
    return parse_http_date(trim(*value));
  } catch (const InvalidArgument&) {
    return std::nullopt;
  }
}

bool is_any(const std::vector<std::string>& etags) { return etags.size() == 1 && etags[0] == "*"; }

void add_etag_conditions(const http::ServerRequest& request, const std::string& prefix,
                         Condition& condition) {
  if (auto value = request.header(prefix + "if-match")) {
    auto etags = parse_etags(*value);
    if (is_any(etags)) {
      condition.must_exist = true;
    } else {
      condition.etag_is = std::move(etags);
    }
  }
  if (auto value = request.header(prefix + "if-none-match")) {
    auto etags = parse_etags(*value);
    if (is_any(etags)) {
      condition.must_not_exist = true;
    } else {
      condition.etag_is_not = std::move(etags);
    }
  }
}

Condition conditions(const http::ServerRequest& request, const std::string& prefix) {
  Condition condition;
  add_etag_conditions(request, prefix, condition);
  if (!request.header(prefix + "if-match")) {
    condition.unmodified_since = date_header(request, prefix + "if-unmodified-since");
  }
  if (!request.header(prefix + "if-none-match")) {
    condition.modified_since = date_header(request, prefix + "if-modified-since");
  }
  return condition;
}

}  // namespace

std::vector<std::string> parse_etags(std::string_view value) {
  std::vector<std::string> etags;
  for (std::string_view piece : split_list(value, ',')) {
    if (piece.starts_with("W/")) piece.remove_prefix(2);
    if (piece.size() >= 2 && piece.front() == '"' && piece.back() == '"') {
      piece = piece.substr(1, piece.size() - 2);
    }
    etags.emplace_back(piece);
  }
  // A header without any tag matches nothing; an empty list would mean that there is no condition.
  if (etags.empty()) etags.emplace_back();
  return etags;
}

Condition read_condition(const http::ServerRequest& request) { return conditions(request, ""); }

Condition copy_source_condition(const http::ServerRequest& request) {
  return conditions(request, "x-amz-copy-source-");
}

Condition write_condition(const http::ServerRequest& request) {
  Condition condition;
  add_etag_conditions(request, "", condition);
  return condition;
}

std::optional<storage::Range> parse_range(std::string_view value) {
  value = trim(value);
  constexpr std::string_view kUnit = "bytes=";
  if (!equal_ignoring_case(value.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  value = trim(value.substr(kUnit.size()));
  const std::size_t dash = value.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view first = trim(value.substr(0, dash));
  const std::string_view last = trim(value.substr(dash + 1));
  auto last_number = parse_number(last);
  storage::Range range;
  if (first.empty()) {
    if (!last_number) return std::nullopt;
    range.suffix = last_number;
    return range;
  }
  auto first_number = parse_number(first);
  if (!first_number || (!last.empty() && !last_number)) return std::nullopt;
  if (last_number && *last_number < *first_number) return std::nullopt;
  range.first = *first_number;
  range.last = last_number;
  return range;
}

}  // namespace holdfast::gateway
