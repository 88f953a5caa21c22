#include "http/server_head.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>

namespace holdfast::http {

namespace {

namespace beast = boost::beast;

constexpr std::size_t kMostBlankLines = 4;
constexpr std::size_t kLongestMethod = 32;

std::string to_string(beast::string_view text) { return {text.data(), text.size()}; }

// Collects what Beast's parser finds; with skip() set it never looks at a body.
class HeadParser final : public beast::http::basic_parser<true> {
 public:
  explicit HeadParser(RequestHead& head) : head_(head) {
    skip(true);
    body_limit(boost::none);
    header_limit(std::numeric_limits<std::uint32_t>::max());
  }

 private:
  using Code = beast::error_code;

  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, Code&) override {
    head_.method = to_string(method);
    head_.target = to_string(target);
    head_.minor_version = version - 10;
  }
  void on_response_impl(int, beast::string_view, int, Code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     Code&) override {
    head_.headers.emplace_back(to_string(name), to_string(value));
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(beast::string_view body, Code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, Code&) override {
    return body.size();
  }
  void on_finish_impl(Code&) override {}

  RequestHead& head_;
};

bool is_token_character(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         kOthers.find(c) != std::string_view::npos;
}

// What Beast would take, or take in a way that others might not.
std::optional<HeadRefusal> check_characters(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(head[i]);
    if (c >= 0x20 && c != 0x7f) continue;
    if (c == '\t') continue;
    if (c == '\r' && i + 1 < head.size() && head[i + 1] == '\n') continue;
    if (c != '\n') return HeadRefusal{400, "a control character in the head"};
    if (i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t')) {
      return HeadRefusal{400, "a folded header line"};
    }
  }
  return std::nullopt;
}

// Whether the request line ends like one of HTTP, whatever its version.
bool names_a_version(std::string_view head) {
  const std::string_view line = head.substr(0, head.find('\r'));
  const std::string_view version = line.substr(line.rfind(' ') + 1);
  return std::count(line.begin(), line.end(), ' ') == 2 && version.starts_with("HTTP/");
}

// The value of a header that may stand there once; null when it is absent.
struct Single {
  const std::string* value = nullptr;
  bool repeated = false;
};

Single single(const RequestHead& head, std::string_view name) {
  Single out;
  for (const auto& [key, value] : head.headers) {
    if (!same_name(key, name)) continue;
    out.repeated = out.value != nullptr;
    out.value = &value;
    if (out.repeated) break;
  }
  return out;
}

std::optional<HeadRefusal> read_framing(RequestHead& head) {
  const Single length = single(head, "content-length");
  const Single coding = single(head, "transfer-encoding");
  if (length.repeated) return HeadRefusal{400, "more than one Content-Length"};
  if (coding.repeated) return HeadRefusal{400, "more than one Transfer-Encoding"};
  if (length.value && coding.value) {
    return HeadRefusal{400, "both Content-Length and Transfer-Encoding"};
  }
  if (length.value) {
    std::uint64_t number = 0;
    const char* begin = length.value->data();
    const char* end = begin + length.value->size();
    auto [rest, error] = std::from_chars(begin, end, number);
    if (error != std::errc() || rest != end || number > (std::uint64_t(1) << 62)) {
      return HeadRefusal{400, "a Content-Length that is no number"};
    }
    head.content_length = number;
  }
  if (coding.value) {
    if (head.minor_version == 0) return HeadRefusal{400, "Transfer-Encoding in HTTP/1.0"};
    if (!same_name(*coding.value, "chunked")) {
      return HeadRefusal{501, "a Transfer-Encoding other than chunked"};
    }
    head.chunked = true;
  }
  return std::nullopt;
}

bool has_connection_token(const RequestHead& head, std::string_view token) {
  for (const auto& [name, value] : head.headers) {
    if (!same_name(name, "connection")) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      std::string_view part = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
      while (!part.empty() && (part.front() == ' ' || part.front() == '\t')) part.remove_prefix(1);
      while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.remove_suffix(1);
      if (same_name(part, token)) return true;
    }
  }
  return false;
}

std::optional<HeadRefusal> check_request(RequestHead& head) {
  if (head.method.size() > kLongestMethod) return HeadRefusal{501, "an unknown method"};
  const bool whole_server = head.target == "*" && head.method == "OPTIONS";
  if (!whole_server && (head.target.empty() || head.target.front() != '/')) {
    return HeadRefusal{400, "a target that is not a path"};
  }
  const Single host = single(head, "host");
  if (host.repeated) return HeadRefusal{400, "more than one Host"};
  if (!host.value && head.minor_version == 1) return HeadRefusal{400, "no Host"};
  if (auto refusal = read_framing(head)) return refusal;
  head.keep_alive = head.minor_version == 1 ? !has_connection_token(head, "close")
                                            : has_connection_token(head, "keep-alive");
  const Single expect = single(head, "expect");
  if (expect.value && head.minor_version == 1) {
    // Another expectation is left alone, as S3 does and RFC 9110 10.1.1 allows.
    head.expect_continue = same_name(*expect.value, "100-continue") &&
                           (head.chunked || head.content_length.value_or(0) > 0);
  }
  return std::nullopt;
}

}  // namespace

HeadState scan_head(std::string_view bytes, HeadScan& scan) {
  while (true) {
    if (scan.next == scan.begin && scan.begin < bytes.size() && bytes[scan.begin] != '\r' &&
        !is_token_character(bytes[scan.begin])) {
      return HeadState::kMalformed;
    }
    const std::size_t end = bytes.find('\n', scan.next);
    if (end == std::string_view::npos) break;
    if (end == 0 || bytes[end - 1] != '\r') return HeadState::kMalformed;
    const bool blank = end - 1 == scan.line_start;
    const bool first = scan.line_start == scan.begin;
    scan.next = scan.line_start = end + 1;
    if (!blank) continue;
    if (!first) return HeadState::kComplete;
    scan.begin = end + 1;
    if (scan.begin > 2 * kMostBlankLines) return HeadState::kMalformed;
  }
  scan.next = bytes.size();
  return HeadState::kIncomplete;
}

std::variant<RequestHead, HeadRefusal> parse_head(std::string_view head) {
  if (auto refusal = check_characters(head)) return *std::move(refusal);
  RequestHead out;
  out.headers.reserve(16);
  HeadParser parser(out);
  beast::error_code code;
  parser.put(boost::asio::const_buffer(head.data(), head.size()), code);
  if (code == beast::http::error::bad_version && names_a_version(head)) {
    return HeadRefusal{505, "a version other than HTTP/1.0 and HTTP/1.1"};
  }
  if (code || !parser.is_header_done()) {
    return HeadRefusal{400, code ? code.message() : "an incomplete head"};
  }
  if (auto refusal = check_request(out)) return *std::move(refusal);
  return out;
}

RequestLine peek_request_line(std::string_view bytes) {
  constexpr std::size_t kLongestTarget = 2048;
  const std::string_view line = bytes.substr(0, bytes.find_first_of("\r\n"));
  const std::size_t space = line.find(' ');
  const std::string_view method = line.substr(0, space);
  const bool named = !method.empty() && method.size() <= kLongestMethod &&
                     std::all_of(method.begin(), method.end(), is_token_character);
  if (!named || space == std::string_view::npos) return {};
  const std::string_view target = line.substr(space + 1, line.find(' ', space + 1) - space - 1);
  return {std::string(method), std::string(target.substr(0, kLongestTarget))};
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace holdfast::http
