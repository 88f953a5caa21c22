#include "datastore/elasticsearch/repository.h"

#include <fmt/format.h>
#include <optional>

#include "base/error.h"
#include "base/log.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kHowToChange =
    "holdfast elasticsearch register --reconfigure gives it the configured ones";

std::string path_of(const RepositoryOptions& options) {
  return "/_snapshot/" + in_path(options.name);
}

std::optional<Json> registered(const Context& context, Server& server,
                               const RepositoryOptions& options) {
  try {
    const Json all = server.get(context, path_of(options));
    return member(all, options.name.c_str());
  } catch (const NotFound&) {
    return std::nullopt;
  }
}

[[noreturn]] void cannot_be_used(const RepositoryOptions& options, const Error& error) {
  const std::string& reason = error.reason();
  if (reason.find("insecure") != std::string::npos) {
    throw InvalidArgument("register the repository " + options.name, reason,
                          "this cluster takes keys from its keystore only: put the pair there, and "
                          "set access_key and secret_key of "
                          "holdfast.elasticsearch.repositorySettings to empty texts");
  }
  throw_error(error.kind(), "register the repository " + options.name, reason,
              "check the bucket, its key and the endpoint as the cluster's nodes reach it "
              "(holdfast.elasticsearch.repositorySettings)",
              error.code());
}

// Registers it under `name` and lets every node write there. What fails is taken away again: the
// cluster answers with an error and keeps it registered all the same.
void put(const Context& context, Server& server, const RepositoryOptions& options) {
  Json settings = Json::object();
  for (const auto& [name, value] : options.settings) {
    if (!value.empty()) settings[name] = value.reveal();
  }
  try {
    server.call(context, "PUT", path_of(options), {{"type", options.type}, {"settings", settings}});
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kAccessDenied || error.kind() == ErrorKind::kRefused) throw;
    try {
      server.call(context, "DELETE", path_of(options), nullptr);
    } catch (const NotFound&) {
      // It never came so far.
    } catch (const Error& second) {
      log::warning(context, second.to_string());
    }
    if (error.kind() == ErrorKind::kUnavailable) throw;
    cannot_be_used(options, error);
  }
}

}  // namespace

bool is_secret_setting(const std::string& name) {
  for (const char* word : {"key", "secret", "token", "password"}) {
    if (name.find(word) != std::string::npos) return true;
  }
  return false;
}

std::vector<std::string> ensure_repository(const Context& context, Server& server,
                                           const RepositoryOptions& options) {
  std::vector<std::string> lines;
  const auto there = registered(context, server, options);
  if (!there) {
    put(context, server, options);
    log::info(context, "registered the repository " + options.name);
    return lines;
  }
  if (text_in(*there, "type") != options.type) {
    lines.push_back(fmt::format("the repository {} is of the type {}, not {}; {}", options.name,
                                text_in(*there, "type"), options.type, kHowToChange));
    return lines;
  }
  const Json settings = member_or_null(*there, "settings");
  for (const auto& [name, value] : options.settings) {
    if (is_secret_setting(name)) continue;
    const std::string is = text_or_empty(settings, name.c_str());
    // A setting that it has not got may have the same default; a folder decides what is there.
    if (is.empty() && name != "base_path") continue;
    if (is != value.reveal()) {
      lines.push_back(fmt::format("the repository {} has {} \"{}\", not \"{}\"; {}", options.name,
                                  name, is, value.reveal(), kHowToChange));
    }
  }
  return lines;
}

void reconfigure_repository(const Context& context, Server& server,
                            const RepositoryOptions& options) {
  // Tried under another name: one that does not work must not take the place of one that does.
  RepositoryOptions trial = options;
  trial.name += "-holdfast-trial";
  put(context, server, trial);
  server.call(context, "DELETE", path_of(trial), nullptr);
  put(context, server, options);
}

}  // namespace holdfast::datastore::es
