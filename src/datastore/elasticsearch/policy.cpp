#include "datastore/elasticsearch/policy.h"

#include <fmt/format.h>

#include "base/error.h"

namespace holdfast::datastore::es {

namespace {

using Json = nlohmann::json;

constexpr const char* kRetentionSchedule = "slm.retention_schedule";

std::string path_of(const PolicyOptions& options) { return "/_slm/policy/" + in_path(options.id); }

// The policy in the cluster; null when there is none of that name.
Json policy_there(const Context& context, Server& server, const PolicyOptions& options) {
  try {
    const Json all = server.get(context, path_of(options));
    return member(member(all, options.id.c_str()), "policy");
  } catch (const NotFound&) {
    return nullptr;
  }
}

// Numbers and texts are the same to the cluster, and "a,b" is the list of both.
Json normal(const Json& json) {
  if (json.is_object()) {
    Json out = Json::object();
    for (const auto& [name, value] : json.items()) {
      if (name == "indices" && value.is_string()) {
        out[name] = Json::array({value});
      } else {
        out[name] = normal(value);
      }
    }
    return out;
  }
  return json.is_number_integer() ? Json(std::to_string(json.get<std::int64_t>())) : json;
}

bool contains_all(const Json& there, const Json& wanted) {
  if (!wanted.is_object()) return there == wanted;
  for (const auto& [name, value] : wanted.items()) {
    if (!there.is_object() || !there.contains(name) || !contains_all(there.at(name), value)) {
      return false;
    }
  }
  return true;
}

void ensure_retention_schedule(const Context& context, Server& server, const PolicyOptions& options,
                               std::vector<std::string>& lines) {
  const Json settings =
      server.get(context, "/_cluster/settings?include_defaults=true&flat_settings=true");
  std::string is;
  for (const char* level : {"defaults", "persistent", "transient"}) {
    const Json& part = member_or_null(settings, level);
    if (part.contains(kRetentionSchedule)) is = text_or_empty(part, kRetentionSchedule);
  }
  if (is == options.retention_schedule) return;
  server.call(context, "PUT", "/_cluster/settings",
              {{"persistent", {{kRetentionSchedule, options.retention_schedule}}}});
  lines.push_back(
      fmt::format("set {} to {}, it was {}", kRetentionSchedule, options.retention_schedule, is));
}

}  // namespace

Json policy_body(const PolicyOptions& options) {
  return {{"schedule", options.schedule},
          {"name", options.name_template},
          {"repository", options.repository},
          {"config",
           {{"indices", options.indices},
            {"ignore_unavailable", false},
            {"include_global_state", false}}},
          {"retention",
           {{"expire_after", options.expire_after},
            {"min_count", options.min_count},
            {"max_count", options.max_count}}}};
}

bool has_slm(const Context& context, Server& server) {
  try {
    server.get(context, "/_slm/policy");
    return true;
  } catch (const AccessDenied&) {
    throw;
  } catch (const Unavailable&) {
    throw;
  } catch (const NotFound& error) {
    // With SLM and without a policy it is an empty object or this type, depending on the version.
    return error.code() == "resource_not_found_exception";
  } catch (const Error&) {
    return false;  // 405 or 400: the path is taken for the name of an index
  }
}

SnapshotMode settle_mode(const Context& context, Server& server, SnapshotMode mode,
                         const PolicyOptions& options) {
  const bool there = has_slm(context, server);
  if (mode == SnapshotMode::kAuto) return there ? SnapshotMode::kSlm : SnapshotMode::kOwn;
  if (mode == SnapshotMode::kSlm && !there) {
    throw InvalidArgument("back up elasticsearch",
                          "holdfast.elasticsearch.mode is slm, and this cluster has no snapshot "
                          "lifecycle management",
                          "set it to own or auto");
  }
  if (mode == SnapshotMode::kOwn && there && !policy_there(context, server, options).is_null()) {
    throw Refused("back up elasticsearch",
                  fmt::format("the cluster has the policy {}, which takes and removes the same "
                              "snapshots",
                              options.id),
                  fmt::format("set holdfast.elasticsearch.mode to slm, or remove it: curl -X "
                              "DELETE CLUSTER/_slm/policy/{}",
                              options.id));
  }
  return mode;
}

std::vector<std::string> ensure_policy(const Context& context, Server& server,
                                       const PolicyOptions& options) {
  std::vector<std::string> lines;
  const Json body = policy_body(options);
  const Json there = policy_there(context, server, options);
  if (there.is_null() || !contains_all(normal(there), normal(body))) {
    server.call(context, "PUT", path_of(options), body);
    lines.push_back(
        fmt::format("{} the policy {}", there.is_null() ? "made" : "changed", options.id));
  }
  ensure_retention_schedule(context, server, options, lines);
  return lines;
}

std::string execute_policy(const Context& context, Server& server, const PolicyOptions& options) {
  return text_in(server.call(context, "POST", path_of(options) + "/_execute", nullptr),
                 "snapshot_name");
}

}  // namespace holdfast::datastore::es
