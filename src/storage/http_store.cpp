#include "storage/http_store.h"

#include <charconv>
#include <fmt/format.h>

namespace holdfast::storage {

namespace {

class HttpReader : public Reader {
 public:
  HttpReader(const Context& context, std::unique_ptr<http::Exchange> exchange, ObjectInfo info,
             Delivered delivered, std::string what)
      : context_(context),
        exchange_(std::move(exchange)),
        info_(std::move(info)),
        delivered_(delivered),
        what_(std::move(what)) {}
  const ObjectInfo& info() const override { return info_; }
  std::uint64_t offset() const override { return delivered_.offset; }
  std::uint64_t length() const override { return delivered_.length; }
  std::optional<std::uint64_t> size() const override { return exchange_->size(); }
  std::size_t read(std::span<char> into) override {
    try {
      return exchange_->read(into);
    } catch (const DeadlineExceeded&) {
      context_.check(what_);
      throw Unavailable(what_, "the request took longer than a request may");
    }
  }

 private:
  const Context context_;
  std::unique_ptr<http::Exchange> exchange_;
  const ObjectInfo info_;
  const Delivered delivered_;
  const std::string what_;
};

}  // namespace

std::string read_some(Source& source, std::size_t limit) {
  std::string text;
  char buffer[16384];
  while (text.size() < limit) {
    std::size_t count = source.read(buffer);
    if (count == 0) break;
    text.append(buffer, count);
  }
  return text;
}

std::string cleaned_text(std::string_view text, std::size_t limit) {
  std::string out(text.substr(0, limit));
  for (char& c : out) {
    if ((c >= 0 && c < ' ') || c == 0x7f) c = ' ';
  }
  while (!out.empty() && (out.back() == '.' || out.back() == ' ')) out.pop_back();
  return out;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string quote_etag(std::string_view etag) { return fmt::format("\"{}\"", etag); }

std::string unquoted(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

std::string range_header(const Range& range) {
  if (range.suffix) return fmt::format("bytes=-{}", *range.suffix);
  if (range.last) return fmt::format("bytes={}-{}", range.first, *range.last);
  return fmt::format("bytes={}-", range.first);
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  std::size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  auto first = parse_number(text.substr(0, dash));
  auto last = parse_number(text.substr(dash + 1, slash - dash - 1));
  auto total = parse_number(text.substr(slash + 1));
  if (!first || !last || !total || *first > *last || *last >= *total) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

std::unique_ptr<Reader> make_http_reader(const Context& context,
                                         std::unique_ptr<http::Exchange> exchange, ObjectInfo info,
                                         Delivered delivered, std::string what) {
  return std::make_unique<HttpReader>(context, std::move(exchange), std::move(info), delivered,
                                      std::move(what));
}

}  // namespace holdfast::storage
