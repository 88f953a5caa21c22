#include "http/server_reply.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

#include "base/error.h"
#include "http/server_head.h"

namespace holdfast::http {

namespace {

// Up to here a copy costs less than sendfile does (docs/design/gateway-spike.md).
constexpr std::uint64_t kLargestCopiedFile = 16 * 1024;
constexpr std::size_t kSourceBuffer = 128 * 1024;

bool is_ours(std::string_view name) {
  return same_name(name, "content-length") || same_name(name, "transfer-encoding") ||
         same_name(name, "connection") || same_name(name, "date");
}

void check_header(std::string_view name, std::string_view value) {
  const auto unfit = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  };
  const auto unfit_name = [&](char c) { return unfit(c) || c == ':' || c == ' ' || c == '\t'; };
  if (name.empty() || std::any_of(name.begin(), name.end(), unfit_name) ||
      std::any_of(value.begin(), value.end(), unfit)) {
    throw Failed("send response", "a header holds what no header may hold");
  }
}

bool never_has_body(int status) { return status < 200 || status == 204 || status == 304; }

void append_head(std::string& out, const ServerResponse& response, std::string_view date) {
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 reason_phrase(response.status), date);
  for (const auto& [name, value] : response.headers) {
    if (is_ours(name)) continue;
    check_header(name, value);
    out.append(name).append(": ").append(value).append("\r\n");
  }
}

[[noreturn]] void throw_wrong_size() {
  throw Failed("send response", "the source has not the size that it said");
}

// Before the last announced bytes leave: a source whose check at the end fails, or that is longer
// than it said, must not look complete to the client.
void check_end(Source& source, std::uint64_t missing) {
  char beyond;
  if (missing != 0 || source.read({&beyond, 1}) != 0) throw_wrong_size();
}

}  // namespace

std::string_view DateLine::text(const Clock& clock) {
  const WallTime now = clock.now();
  const auto second =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (second != second_) {
    second_ = second;
    text_ = format_http_date(now);
  }
  return text_;
}

std::string_view reason_phrase(int status) {
  using Entry = std::pair<int, std::string_view>;
  static constexpr std::array kPhrases = std::to_array<Entry>({
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {416, "Range Not Satisfiable"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
  });
  for (const auto& [number, phrase] : kPhrases) {
    if (number == status) return phrase;
  }
  return "Other";
}

void Reply::send(ServerResponse& response) {
  if (response.close) frame_.keep_alive = false;
  if (frame_.head_request || response.head_only || never_has_body(response.status)) {
    return send_head_only(response);
  }
  if (response.producer) return send_produced(response);
  if (!response.source) return send_text(response);
  if (const auto region = response.source->file_region()) return send_file(response, *region);
  send_source(response, *response.source);
}

std::string Reply::head(const ServerResponse& response, Framing framing, std::uint64_t length) {
  chunked_ = framing == Framing::kOpen && frame_.minor_version >= 1;
  if (framing == Framing::kOpen && !chunked_) frame_.keep_alive = false;
  std::string out;
  out.reserve(512);
  append_head(out, response, date_.text(clock_));
  if (chunked_) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (framing == Framing::kLength) {
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", length);
  }
  if (!frame_.keep_alive) {
    out += "Connection: close\r\n";
  } else if (frame_.minor_version == 0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  return out;
}

void Reply::send_pieces(std::string_view first, std::string_view second, std::string_view third,
                        bool more) {
  const auto piece = [](std::string_view text) {
    return iovec{const_cast<char*>(text.data()), text.size()};
  };
  std::array<iovec, 3> pieces = {piece(first), piece(second), piece(third)};
  started_ = true;
  socket_.send(pieces, pace_, more);
}

void Reply::send_text(const ServerResponse& response) {
  send_pieces(head(response, Framing::kLength, response.text.size()), response.text);
  sent_ += response.text.size();
}

// Announces what a GET would have got; nothing where its length is not known.
void Reply::send_head_only(const ServerResponse& response) {
  std::optional<std::uint64_t> length = response.length;
  if (!length && response.source) length = response.source->size();
  if (!length && !response.source && !response.producer) length = response.text.size();
  if (!frame_.head_request && response.status != 304) length = 0;
  const bool announced = length && response.status >= 200 && response.status != 204;
  send_pieces(head(response, announced ? Framing::kLength : Framing::kNone, length.value_or(0)),
              {});
}

void Reply::send_file(const ServerResponse& response, FileRegion region) {
  const std::string text = head(response, Framing::kLength, region.length);
  if (region.length > kLargestCopiedFile) {
    send_pieces(text, {}, {}, true);
    socket_.send_file(region, pace_, sent_);
    return;
  }
  std::array<char, kLargestCopiedFile> copy;
  const auto bytes = std::span(copy).first(std::size_t(region.length));
  FileSource file(region, "the response's file");
  if (read_full(file, bytes) != bytes.size()) {
    throw Corrupt("send response", "the file is shorter than it was");
  }
  send_pieces(text, {bytes.data(), bytes.size()});
  sent_ += bytes.size();
}

void Reply::send_source(const ServerResponse& response, Source& source) {
  const std::optional<std::uint64_t> size = source.size();
  const auto capacity =
      std::size_t(std::clamp<std::uint64_t>(size.value_or(kSourceBuffer), 1, kSourceBuffer));
  const auto memory = std::make_unique_for_overwrite<char[]>(capacity);
  const std::span<char> buffer(memory.get(), capacity);
  std::size_t count = source.read(buffer);
  if (count == 0 && size.value_or(0) > 0) throw_wrong_size();
  std::string text = head(response, size ? Framing::kLength : Framing::kOpen, size.value_or(0));
  while (count > 0) {
    if (size && sent_ + count >= *size) check_end(source, *size - sent_ - count);
    const std::string_view bytes(buffer.data(), count);
    if (chunked_) {
      send_chunk(bytes, text);
    } else {
      send_pieces(text, bytes);
      sent_ += count;
    }
    text.clear();
    count = source.read(buffer);
  }
  if (size && sent_ < *size) throw_wrong_size();
  if (chunked_) {
    send_pieces(text, "0\r\n\r\n");
  } else if (!text.empty()) {
    send_pieces(text, {});
  }
}

void Reply::send_produced(const ServerResponse& response) {
  std::string text = head(response, Framing::kOpen);
  response.producer([&](std::string_view bytes) {
    if (bytes.empty()) return;
    send_chunk(bytes, text);
    text.clear();
  });
  if (chunked_) {
    send_pieces(text, "0\r\n\r\n");
  } else if (!text.empty()) {
    send_pieces(text, {});
  }
}

void Reply::send_chunk(std::string_view bytes, std::string_view before) {
  if (chunked_) {
    std::string framed(before);
    fmt::format_to(std::back_inserter(framed), "{:x}\r\n", bytes.size());
    send_pieces(framed, bytes, "\r\n");
  } else {
    send_pieces(before, bytes);
  }
  sent_ += bytes.size();
}

std::string closing_reply(const ServerResponse& response, const Clock& clock, DateLine& date) {
  std::string out;
  append_head(out, response, date.text(clock));
  fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
                 response.text.size(), response.text);
  return out;
}

}  // namespace holdfast::http
