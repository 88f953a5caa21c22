#include "datastore/elasticsearch/server.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "base/error.h"
#include "base/operation.h"
#include "codec/text.h"
#include "http/client.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kLongestAnswer = 64 << 20;
constexpr Duration kLongestPause = std::chrono::seconds(2);
constexpr Duration kOutage = std::chrono::minutes(5);
constexpr std::size_t kLongestReason = 600;
constexpr std::size_t kLongestNames = 3000;
constexpr int kDeepestCause = 16;
constexpr int kDeepestAnswer = 100;  // a mapping has at most 20 levels of its own
constexpr std::string_view kWhere =
    "check that the cluster is up and that holdfast.elasticsearch.url is its address";

struct KnownType {
  std::string_view type;
  ErrorKind kind;
};
constexpr auto kTypes = std::to_array<KnownType>({
    {"repository_missing_exception", ErrorKind::kNotFound},
    {"snapshot_missing_exception", ErrorKind::kNotFound},
    {"index_not_found_exception", ErrorKind::kNotFound},
    {"resource_not_found_exception", ErrorKind::kNotFound},
    {"aliases_not_found_exception", ErrorKind::kNotFound},
    {"invalid_snapshot_name_exception", ErrorKind::kPreconditionFailed},
    {"resource_already_exists_exception", ErrorKind::kPreconditionFailed},
    {"version_conflict_engine_exception", ErrorKind::kPreconditionFailed},
    {"snapshot_in_progress_exception", ErrorKind::kRefused},
    {"concurrent_snapshot_execution_exception", ErrorKind::kRefused},
    {"security_exception", ErrorKind::kAccessDenied},
    {"illegal_argument_exception", ErrorKind::kInvalidArgument},
    {"process_cluster_event_timeout_exception", ErrorKind::kUnavailable},
    {"master_not_discovered_exception", ErrorKind::kUnavailable},
    {"cluster_block_exception", ErrorKind::kUnavailable},
    {"no_shard_available_action_exception", ErrorKind::kUnavailable},
    {"circuit_breaking_exception", ErrorKind::kUnavailable},
    {"node_closed_exception", ErrorKind::kUnavailable},
});

ErrorKind kind_of(std::string_view type, int status, std::string_view reason) {
  // An index that is read-only, or a cluster without a master.
  if (type == "cluster_block_exception" && status == 403) return ErrorKind::kRefused;
  for (const KnownType& known : kTypes) {
    if (known.type == type) return known.kind;
  }
  if (status == 401 || status == 403) return ErrorKind::kAccessDenied;
  // "trying to modify or unregister repository that is currently used"
  if (type == "illegal_state_exception" && reason.find("currently used") != reason.npos) {
    return ErrorKind::kRefused;
  }
  if (status == 404) return ErrorKind::kNotFound;
  if (status == 429 || (status >= 502 && status <= 504)) return ErrorKind::kUnavailable;
  return ErrorKind::kFailed;
}

// One line, bounded, without what nobody may see.
std::string shown(std::string text, const std::vector<Secret>& secrets) {
  // Bounded before as well; a secret that this cuts in two lies far beyond what is shown.
  constexpr std::size_t kLookedAt = 64 << 10;
  if (text.size() > kLookedAt) text.resize(kLookedAt);
  for (const Secret& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = text.find(secret.reveal(), at)) != std::string::npos;) {
      text.replace(at, secret.reveal().size(), "***");
    }
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (text.size() > kLongestReason) text.resize(kLongestReason);
  return text;
}

class HttpServer : public Server {
 public:
  explicit HttpServer(ServerOptions options)
      : options_(std::move(options)),
        client_({.idle_timeout = options_.timeout,
                 .max_kept_connections = 8,
                 .ca_file = options_.ca_file}) {
    while (options_.url.ends_with('/')) options_.url.pop_back();
    options_.secrets.push_back(options_.password);
    if (!options_.password.empty()) options_.secrets.emplace_back(pair_in_base64());
    // The longest first: one may begin with another.
    std::sort(
        options_.secrets.begin(), options_.secrets.end(),
        [](const Secret& a, const Secret& b) { return a.reveal().size() > b.reveal().size(); });
  }

  Json call(const Context& context, const std::string& method, const std::string& path,
            const Json& body) override {
    const std::string where = path.substr(0, path.find('?'));
    Operation operation(method == "GET" ? "es.read" : "es.write", method + " " + where);
    const std::string what = fmt::format("ask {} to {} {}", options_.url, method, where);
    http::Request request;
    request.method = method;
    request.url = options_.url + path;
    std::string sent;
    if (!body.is_null()) sent = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    MemorySource source(sent);
    if (!body.is_null()) {
      request.body = &source;
      request.headers.emplace_back("Content-Type", "application/json");
    }
    if (!options_.user.empty()) {
      request.headers.emplace_back("Authorization", "Basic " + pair_in_base64());
    }
    int status = 0;
    const std::string answer = exchange(context, request, what, status);
    Json json = parse(answer, what);
    if (status < 200 || status > 299) fail(what, status, json, answer);
    if (!json.is_object() && !json.is_array()) {
      throw Failed(what, "the answer is no JSON document", std::string(kWhere));
    }
    return json;
  }

 private:
  // What is nested without end would fill the memory.
  static Json parse(const std::string& answer, const std::string& what) {
    return Json::parse(
        answer,
        [&what](int depth, Json::parse_event_t, Json&) {
          if (depth > kDeepestAnswer) throw Failed(what, "the answer is nested too deeply");
          return true;
        },
        false);
  }

  std::string pair_in_base64() const {
    return codec::to_base64(options_.user + ":" + options_.password.reveal());
  }

  std::string exchange(const Context& context, const http::Request& request,
                       const std::string& what, int& status) {
    try {
      auto answer = client_.send(context.with_timeout(options_.timeout), request);
      status = answer->status();
      return read_all(*answer, kLongestAnswer);
    } catch (const InvalidArgument&) {
      throw Failed(what, fmt::format("the answer is longer than {} bytes", kLongestAnswer),
                   std::string(kWhere));
    } catch (const Unavailable& error) {
      throw Unavailable(what, error.reason(), std::string(kWhere));
    }
  }

  [[noreturn]] void fail(const std::string& what, int status, const Json& json,
                         const std::string& answer) const {
    std::string type;
    std::string reason;
    if (json.is_object() && json.contains("error")) {
      const Json& error = json.at("error");
      type = text_or_empty(error, "type");
      reason = reason_of(error);
    }
    std::string advice;
    const ErrorKind kind = kind_of(type, status, reason);
    if (kind == ErrorKind::kAccessDenied) {
      advice = "check holdfast.elasticsearch.user and its password, and what it may do";
    } else if (type.empty()) {
      advice = kWhere;
    }
    std::string why = shown(reason.empty() ? answer : reason, options_.secrets);
    if (reason.empty()) why = fmt::format("status {}, {}", status, why.substr(0, 200));
    throw_error(kind, what, std::move(why), std::move(advice), type);
  }

  ServerOptions options_;
  http::Client client_;
};

[[noreturn]] void no_such(const char* name, const char* kind) {
  throw Failed("read Elasticsearch's answer", fmt::format("{} is no {}", name, kind));
}

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& options) {
  return std::make_unique<HttpServer>(options);
}

void Pause::take(const Context& context, const std::string& what) {
  context.sleep(next_, what);
  next_ = std::min(next_ * 3 / 2, kLongestPause);
}

void patiently(const Context& context, const std::function<void()>& ask) {
  const SteadyTime begin = context.clock().steady();
  for (Pause pause;;) {
    try {
      return ask();
    } catch (const Unavailable&) {
      if (context.clock().steady() - begin > kOutage) throw;
    }
    pause.take(context, "wait for the cluster");
  }
}

Json get_patiently(const Context& context, Server& server, const std::string& path) {
  Json answer;
  patiently(context, [&] { answer = server.get(context, path); });
  return answer;
}

std::string in_path(std::string_view name) {
  return codec::uri_encode(name, codec::Slash::kEncode);
}

std::vector<std::string> in_paths(const std::vector<std::string>& names) {
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    std::string encoded = in_path(name);
    if (paths.empty() || paths.back().size() + 1 + encoded.size() > kLongestNames) {
      paths.push_back(std::move(encoded));
    } else {
      paths.back() += "," + encoded;
    }
  }
  return paths;
}

const Json& member(const Json& json, const char* name) {
  if (!json.is_object() || !json.contains(name)) no_such(name, "member");
  return json.at(name);
}

std::string text_in(const Json& json, const char* name) {
  const Json& value = member(json, name);
  if (!value.is_string()) no_such(name, "text");
  return value.get<std::string>();
}

std::uint64_t number_in(const Json& json, const char* name) {
  const Json& value = member(json, name);
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0) {
    return value.get<std::uint64_t>();
  }
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  no_such(name, "number");
}

const Json& member_or_null(const Json& json, const char* name) {
  static const Json kNull;
  return json.is_object() && json.contains(name) ? json.at(name) : kNull;
}

std::string text_or_empty(const Json& json, const char* name) {
  const Json& value = member_or_null(json, name);
  return value.is_string() ? value.get<std::string>() : "";
}

bool flag_or_false(const Json& json, const char* name) {
  const Json& value = member_or_null(json, name);
  return value.is_boolean() && value.get<bool>();
}

std::string reason_of(const Json& error) {
  if (error.is_string()) return error.get<std::string>();
  if (!error.is_object()) return "";
  const Json* inner = &error;
  for (int depth = 0;
       depth < kDeepestCause && inner->contains("caused_by") && inner->at("caused_by").is_object();
       ++depth) {
    inner = &inner->at("caused_by");
  }
  auto reason = [](const Json& one) {
    return one.contains("reason") && one.at("reason").is_string()
               ? one.at("reason").get<std::string>()
               : std::string();
  };
  const std::string outer = reason(error);
  const std::string cause = reason(*inner);
  if (outer.empty() || outer == cause || cause.empty()) return outer.empty() ? cause : outer;
  return outer + ": " + cause;
}

}  // namespace holdfast::datastore::es
