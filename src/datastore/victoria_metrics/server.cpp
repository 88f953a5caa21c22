#include "datastore/victoria_metrics/server.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/operation.h"
#include "codec/text.h"
#include "datastore/victoria_metrics/layout.h"
#include "http/client.h"

namespace holdfast::datastore::vm {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLongestAnswer = 16 << 20;
constexpr auto kShortRequest = std::chrono::seconds(30);

// What may be shown of a URL: no user, no password, no query.
std::string shown(const std::string& url) {
  std::size_t start = url.find("://");
  start = start == std::string::npos ? 0 : start + 3;
  std::size_t end = url.find_first_of("/?#", start);
  std::string host = url.substr(start, end == std::string::npos ? end : end - start);
  return url.substr(0, start) + host.substr(host.rfind('@') + 1);
}

class HttpServer : public Server {
 public:
  explicit HttpServer(ServerOptions options) : options_(std::move(options)) {
    while (options_.url.ends_with('/')) options_.url.pop_back();
  }

  std::string create_snapshot(const Context& context) override {
    Operation operation("vm.create_snapshot", shown(options_.url));
    Json answer = json(context.with_timeout(options_.timeout), "/snapshot/create", {}, true);
    std::string name = text_of(answer, "snapshot");
    if (!is_snapshot_name(name)) {
      throw Failed(what("/snapshot/create"), "the answer names no snapshot",
                   "check that this is the address of a VictoriaMetrics server");
    }
    return name;
  }

  std::vector<std::string> snapshots(const Context& context) override {
    Json answer = json(context.with_timeout(kShortRequest), "/snapshot/list", {}, true);
    std::vector<std::string> names;
    auto found = answer.find("snapshots");
    if (found == answer.end() || !found->is_array()) return names;
    for (const Json& name : *found) {
      if (name.is_string()) names.push_back(name.get<std::string>());
    }
    return names;
  }

  void remove_snapshot(const Context& context, const std::string& name) override {
    Operation operation("vm.delete_snapshot", name);
    // Never with an empty or odd name: some servers take a prefix of their API's path for "all".
    if (!is_snapshot_name(name)) throw InvalidArgument("delete a snapshot", "no snapshot's name");
    Context limited = context.with_timeout(options_.timeout);
    try {
      json(limited, "/snapshot/delete", {{"snapshot", name}}, true);
    } catch (const Error&) {
      // Newer servers call it an error when the snapshot is gone already.
      std::vector<std::string> left = snapshots(context);
      if (std::find(left.begin(), left.end(), name) != left.end()) throw;
    }
  }

  ServerFacts facts(const Context& context) override {
    Context limited = context.with_timeout(kShortRequest);
    return parse_metrics(body(limited, "/metrics", {}, false));
  }

  std::uint64_t series(const Context& context) override {
    Context limited = context.with_timeout(kShortRequest);
    body(limited, "/internal/force_flush", {}, false);
    Json answer = json(limited, "/api/v1/series/count", {}, false);
    auto data = answer.find("data");
    if (data == answer.end() || !data->is_array() || data->size() != 1 ||
        !data->front().is_number_unsigned()) {
      throw Failed(what("/api/v1/series/count"), "the answer holds no count");
    }
    return data->front().get<std::uint64_t>();
  }

 private:
  std::string what(std::string_view path) const {
    return fmt::format("ask {}{}", shown(options_.url), path);
  }

  std::string body(const Context& context, std::string_view path, codec::QueryParameters query,
                   bool with_key) {
    if (with_key && !options_.auth_key.empty()) {
      query.emplace_back("authKey", options_.auth_key.reveal());
    }
    http::Request request;
    request.url = options_.url + std::string(path);
    if (!query.empty()) request.url += "?" + codec::build_query(query);
    try {
      auto exchange = client_.send(context, request);
      std::string text = read_all(*exchange, kLongestAnswer);
      check_status(path, exchange->status(), text);
      return text;
    } catch (const Unavailable& error) {
      throw Unavailable(what(path), without_key(error.reason(), options_.auth_key),
                        "check that the server is running and that its address is right");
    }
  }

  void check_status(std::string_view path, int status, const std::string& text) const {
    if (status == 200 || status == 204) return;
    if (text.find("authKey") != std::string::npos) {
      throw AccessDenied(what(path), "the server does not accept the auth key",
                         "set snapshotAuthKey to the server's -snapshotAuthKey");
    }
    if (status == 401 || status == 403) {
      throw AccessDenied(what(path), fmt::format("status {}", status),
                         "check that this is the address of a VictoriaMetrics server, and that "
                         "snapshotAuthKey is its -snapshotAuthKey");
    }
    std::string why = fmt::format("status {}", status);
    Json json = Json::parse(text, nullptr, false);
    if (json.is_object()) why += ", " + without_key(text_of(json, "msg"), options_.auth_key);
    if (status >= 500) throw Unavailable(what(path), why);
    throw Failed(what(path), why, "check that this is the address of a VictoriaMetrics server");
  }

  Json json(const Context& context, std::string_view path, codec::QueryParameters query,
            bool with_key) {
    Json answer = Json::parse(body(context, path, std::move(query), with_key), nullptr, false);
    if (!answer.is_object()) {
      throw Failed(what(path), "the answer is not JSON",
                   "check that this is the address of a VictoriaMetrics server");
    }
    std::string status = text_of(answer, "status");
    if (status != "ok" && status != "success") {
      throw Failed(what(path), without_key(text_of(answer, "msg"), options_.auth_key));
    }
    return answer;
  }

  static std::string text_of(const Json& object, const char* key) {
    auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  }

  ServerOptions options_;
  http::Client client_;
};

// The value of label `name` in a metric's line.
std::optional<std::string> label(std::string_view line, std::string_view name) {
  std::string start = fmt::format("{}=\"", name);
  std::size_t at = line.find(start);
  if (at == std::string_view::npos) return std::nullopt;
  at += start.size();
  std::size_t end = line.find('"', at);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(line.substr(at, end - at));
}

void replace_all(std::string& text, const std::string& from) {
  if (from.empty()) return;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 3)) {
    text.replace(at, from.size(), "***");
  }
}

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& options) {
  return std::make_unique<HttpServer>(options);
}

ServerFacts parse_metrics(std::string_view page) {
  ServerFacts facts;
  while (!page.empty()) {
    std::size_t end = page.find('\n');
    std::string_view line = page.substr(0, end);
    page = end == std::string_view::npos ? std::string_view() : page.substr(end + 1);
    if (line.starts_with("vm_app_version{")) {
      facts.version = label(line, "short_version").value_or("");
      if (facts.version.empty()) facts.version = label(line, "version").value_or("");
    } else if (line.starts_with("flag{name=\"retentionPeriod\"")) {
      if (auto value = label(line, "value")) facts.retention = parse_retention(*value);
    } else if (line.starts_with("vm_rows{type=\"storage/")) {
      double rows = 0;
      std::size_t blank = line.rfind(' ');
      auto number = line.substr(blank == std::string_view::npos ? line.size() : blank + 1);
      std::from_chars(number.data(), number.data() + number.size(), rows);
      if (rows >= 0 && rows < 1e18) facts.rows += std::uint64_t(rows);
    }
  }
  return facts;
}

std::optional<Duration> parse_retention(std::string_view text) {
  using std::chrono::hours;
  double number = 0;
  auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc() || !(number > 0) || number > 1e6) return std::nullopt;
  std::string_view unit(result.ptr, std::size_t(text.data() + text.size() - result.ptr));
  double in_hours = unit == ""    ? 31 * 24
                    : unit == "h" ? 1
                    : unit == "d" ? 24
                    : unit == "w" ? 7 * 24
                    : unit == "M" ? 31 * 24
                    : unit == "y" ? 365 * 24
                                  : 0;
  if (in_hours == 0) return std::nullopt;
  // 100 years: beyond it a Duration could overflow, and nothing is that old.
  return hours(std::int64_t(std::ceil(std::min(number * in_hours, 100.0 * 365 * 24))));
}

std::string without_key(std::string_view text, const Secret& key) {
  std::string out(text);
  replace_all(out, key.reveal());
  if (!key.empty()) replace_all(out, codec::uri_encode(key.reveal(), codec::Slash::kEncode));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  if (out.size() > 200) out.resize(200);
  return out;
}

}  // namespace holdfast::datastore::vm
