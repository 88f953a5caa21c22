#include "dashboard/server.h"

#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "dashboard/metrics.h"
#include "job/status_json.h"

namespace holdfast::dashboard {

namespace {

using nlohmann::json;

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kStores = "/api/v1/stores/";
constexpr std::uint64_t kMostBody = 4096;
constexpr std::size_t kMostReason = 500;
constexpr std::string_view kPages =
    "holdfast\n\n"
    "GET  /metrics\n"
    "GET  /-/healthy\n"
    "GET  /-/ready\n"
    "GET  /api/v1/status\n"
    "POST /api/v1/stores/STORE/run      {\"task\": \"verify\"}, or nothing for a backup\n"
    "POST /api/v1/stores/STORE/pause    {\"reason\": \"...\"}, or nothing\n"
    "POST /api/v1/stores/STORE/resume\n";

// For browsers, which get nothing to run, frame, guess or keep.
void add_security(http::ServerResponse& response) {
  response.headers.insert(
      response.headers.end(),
      {{"Cache-Control", "no-store"},
       {"Content-Security-Policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
       {"Cross-Origin-Opener-Policy", "same-origin"},
       {"Cross-Origin-Resource-Policy", "same-origin"},
       {"Referrer-Policy", "no-referrer"},
       {"X-Content-Type-Options", "nosniff"},
       {"X-Frame-Options", "DENY"}});
}

http::ServerResponse answer(int status, std::string_view type, std::string text) {
  http::ServerResponse response;
  response.status = status;
  response.headers.emplace_back("Content-Type", type);
  response.text = std::move(text);
  return response;
}

std::string dumped(const json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

http::ServerResponse trouble(int status, std::string_view why, std::string_view advice = "") {
  json body = {{"error", why}};
  if (!advice.empty()) body["advice"] = advice;
  return answer(status, kJson, dumped(body));
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kRefused:
    case ErrorKind::kPreconditionFailed:
      return 409;
    case ErrorKind::kUnavailable:
    case ErrorKind::kCancelled:
    case ErrorKind::kDeadlineExceeded:
      return 503;
    default:
      return 500;
  }
}

std::string address_of(std::string_view peer) {
  return std::string(peer.substr(0, peer.rfind(':')));
}

std::optional<std::string_view> bearer_of(const http::ServerRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  const auto value = request.header("Authorization");
  if (!value || value->size() <= kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = (*value)[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != kScheme[i]) return std::nullopt;
  }
  return value->substr(kScheme.size());
}

bool is_json(std::string_view content_type) {
  return content_type.substr(0, content_type.find_first_of("; ")) == kJson;
}

// An empty body counts as {}.
json object_of(const std::string& text) {
  if (text.empty()) return json::object();
  json body = json::parse(text, nullptr, false);
  if (!body.is_object()) throw InvalidArgument("the request's body", "not a JSON object");
  return body;
}

// A member of a request's body that is a text; others than the named one are refused, so that a
// mistyped one is not a success that did something else.
std::string take_text(const json& body, const std::string& name) {
  for (const auto& [key, value] : body.items()) {
    if (key != name) {
      throw InvalidArgument("the request's body", fmt::format("'{}' is not known", key),
                            name.empty() ? "send none" : fmt::format("give {} or nothing", name));
    }
    if (!value.is_string()) {
      throw InvalidArgument("the request's body", fmt::format("{} is not a text", name));
    }
    return value.get<std::string>();
  }
  return "";
}

// What a backup now means for this store when nobody says which task.
job::TaskKind usual_task(const job::StoreStatus& store) {
  for (const job::TaskKind kind :
       {job::TaskKind::kBackup, job::TaskKind::kIncremental, job::TaskKind::kFull}) {
    if (store.find(kind)) return kind;
  }
  throw NotFound(store.store, "no backup of it is scheduled",
                 "name the task in the body, as {\"task\": \"verify\"}");
}

job::TaskKind task_of(Control& control, const std::string& store, const std::string& name) {
  if (!name.empty()) {
    if (const auto kind = job::task_named(name)) return *kind;
    throw InvalidArgument(fmt::format("the task '{}'", name), "there is none of that name",
                          "GET /api/v1/status names the tasks of each store");
  }
  for (const job::StoreStatus& status : control.status()) {
    if (status.store == store) return usual_task(status);
  }
  throw NotFound(fmt::format("store '{}'", store), "this scheduler has none of that name",
                 "GET /api/v1/status names them");
}

}  // namespace

Dashboard::Dashboard(Options options, Control& control)
    : options_(std::move(options)), control_(control) {}

std::optional<Dashboard::Action> Dashboard::action_of(std::string_view path) {
  if (!path.starts_with(kStores)) return std::nullopt;
  path.remove_prefix(kStores.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view name = path.substr(slash + 1);
  if (name != "run" && name != "pause" && name != "resume") return std::nullopt;
  return Action{std::string(path.substr(0, slash)), name};
}

bool Dashboard::is_urgent(std::string_view target) {
  return target.starts_with("/-/") || target.starts_with("/metrics");
}

http::ServerResponse Dashboard::refusal(int status, std::string_view why) {
  http::ServerResponse response = trouble(status, why);
  add_security(response);
  return response;
}

http::ServerResponse Dashboard::handle(const Context& context, http::ServerRequest& request) {
  http::ServerResponse response;
  try {
    response = route(context, request);
  } catch (const Error& error) {
    if (error.code() == http::kIncompleteBody || error.code() == http::kRequestTimeout ||
        error.code() == http::kMalformedChunk) {
      throw;
    }
    const int status = status_of(error.kind());
    if (status >= 500) log::warning(context, error.to_string());
    response =
        trouble(status, fmt::format("{}: {}", error.subject(), error.reason()), error.advice());
  }
  add_security(response);
  return response;
}

http::ServerResponse Dashboard::route(const Context& context, http::ServerRequest& request) {
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  const auto action = action_of(path);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (action ? request.method != "POST" : !reads) {
    http::ServerResponse response =
        trouble(405, fmt::format("{} is not a method of this address", request.method));
    response.headers.emplace_back("Allow", action ? "POST" : "GET, HEAD");
    return response;
  }
  if (action) return act(context, request, *action);
  if (path == "/metrics") {
    return answer(200, kMetricsType,
                  metrics_text(control_.status(), {control_.alive(), control_.notifications()},
                               context.clock().now()));
  }
  if (path == "/api/v1/status") {
    return answer(200, kJson, job::status_json(control_.status(), context.clock().now()));
  }
  if (path == "/-/healthy") return answer(200, "text/plain", "healthy\n");
  if (path == "/-/ready") {
    return control_.alive()
               ? answer(200, "text/plain", "ready\n")
               : answer(503, "text/plain", "a loop of the scheduler does not come round\n");
  }
  if (path == "/") return answer(200, "text/plain", std::string(kPages));
  return trouble(404, "there is nothing at this address", "GET / names what there is");
}

http::ServerResponse Dashboard::act(const Context& context, http::ServerRequest& request,
                                    const Action& action) {
  if (options_.token.empty()) {
    return trouble(403, "actions are switched off",
                   "set holdfast.run.token or holdfast.run.tokenFile, and restart");
  }
  const std::string address = address_of(request.peer);
  const SteadyTime now = context.clock().steady();
  if (attempts_.must_wait(address, now)) {
    http::ServerResponse response = trouble(429, "too many wrong tokens from this address");
    const auto forgiven = std::chrono::duration_cast<std::chrono::seconds>(Attempts::kForgiven);
    response.headers.emplace_back("Retry-After", std::to_string(forgiven.count()));
    return response;
  }
  const auto token = bearer_of(request);
  if (!token || !equal_in_constant_time(*token, options_.token.reveal())) {
    if (token) attempts_.note_wrong(address, now);
    http::ServerResponse response =
        trouble(401, token ? "the token is wrong" : "a token is missing",
                "send the header Authorization: Bearer TOKEN");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"holdfast\"");
    return response;
  }
  return do_action(context, request, action);
}

http::ServerResponse Dashboard::do_action(const Context& context, http::ServerRequest& request,
                                          const Action& action) {
  const std::string text = read_all(*request.body, kMostBody);
  if (!text.empty() && !is_json(request.header("Content-Type").value_or(""))) {
    return trouble(415, "the request's body is not application/json",
                   "send JSON with that Content-Type, or no body");
  }
  const json body = object_of(text);
  const std::string who = address_of(request.peer) + " over HTTP";
  json done = {{"store", action.store}};
  int status = 200;
  if (action.name == "run") {
    const job::TaskKind kind = task_of(control_, action.store, take_text(body, "task"));
    control_.run_now(action.store, kind, who);
    done["task"] = job::name_of(kind);
    status = 202;
  } else if (action.name == "pause") {
    const std::string reason = take_text(body, "reason");
    if (reason.size() > kMostReason) {
      throw InvalidArgument("the reason", fmt::format("longer than {} bytes", kMostReason));
    }
    control_.pause(action.store, reason, who);
    done["paused"] = true;
  } else {
    take_text(body, "");
    control_.resume(action.store, who);
    done["paused"] = false;
  }
  log::info(context, fmt::format("{} of {}: asked for by {}", action.name, action.store, who));
  return answer(status, kJson, dumped(done));
}

}  // namespace holdfast::dashboard
