// A scripted S3 endpoint and a driver that talks to it, for the tests of the S3 driver. Header
// only: the support library itself knows nothing above base.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "codec/sigv4.h"
#include "storage/s3/s3_storage.h"
#include "support/scripted_server.h"

namespace holdfast::support {

inline storage::S3Options s3_options(const std::string& endpoint) {
  storage::S3Options options;
  options.endpoint = endpoint;
  options.credentials = {"AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), ""};
  return options;
}

// The clock stands at 2026-11-22 14:31:20 UTC.
struct S3Peer {
  explicit S3Peer(std::deque<ScriptedReply> replies) : server(std::move(replies)) {}

  FakeClock clock{parse_rfc3339("2026-11-22T14:31:20Z")};
  Context context = Context::with_clock(clock);
  ScriptedServer server;
  std::unique_ptr<storage::Storage> storage = storage::make_s3_storage(s3_options(server.url()));
};

inline ScriptedReply xml_reply(int status, std::string_view document) {
  return reply(status, document, {{"Content-Type", "application/xml"}});
}

inline ScriptedReply error_reply(int status, std::string_view code,
                                 std::string_view message = "it did not work.") {
  return xml_reply(status, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" +
                               std::string(code) + "</Code><Message>" + std::string(message) +
                               "</Message></Error>");
}

// What a GET or HEAD of an object answers.
inline ScriptedReply object_reply(std::string_view body, std::string_view etag,
                                  std::vector<std::pair<std::string, std::string>> headers = {},
                                  int status = 200) {
  headers.emplace_back("ETag", "\"" + std::string(etag) + "\"");
  headers.emplace_back("Last-Modified", "Sun, 22 Nov 2026 14:31:20 GMT");
  return reply(status, body, headers);
}

// The recorded request as the signature's checker sees it.
inline codec::SignedRequest as_signed(const RecordedRequest& request) {
  codec::SignedRequest out;
  std::string line = request.first_line();
  std::size_t blank = line.find(' '), last = line.rfind(' ');
  out.method = line.substr(0, blank);
  std::string target = line.substr(blank + 1, last - blank - 1);
  std::size_t mark = std::min(target.find('?'), target.size());
  out.path = target.substr(0, mark);
  if (mark < target.size()) out.query = codec::parse_query(target.substr(mark + 1)).value();
  std::size_t at = request.head.find("\r\n") + 2;
  while (at + 2 < request.head.size()) {
    std::size_t end = request.head.find("\r\n", at), colon = request.head.find(':', at);
    out.headers.emplace_back(request.head.substr(at, colon - at),
                             request.head.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  return out;
}

// Whether the request carries a signature over everything that matters, made with the peer's keys.
inline bool is_rightly_signed(const RecordedRequest& request) {
  codec::SignedRequest seen = as_signed(request);
  auto claim = codec::parse_claim(seen);
  if (!claim || claim->access_key != "AKIDEXAMPLE") return false;
  for (const auto& [name, value] : seen.headers) {
    bool must = name.starts_with("x-amz-") || name == "Host" || name == "range";
    if (must && std::find(claim->signed_headers.begin(), claim->signed_headers.end(),
                          name == "Host" ? "host" : name) == claim->signed_headers.end()) {
      return false;
    }
  }
  std::string key =
      codec::signing_key(Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), claim->scope);
  return codec::expected_signature(seen, *claim, key) == claim->signature;
}

}  // namespace holdfast::support
