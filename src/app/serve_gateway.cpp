#include <fmt/format.h>
#include <optional>
#include <thread>

#include "app/gateway_keys.h"
#include "app/listen_address.h"
#include "app/program.h"
#include "app/stopper.h"
#include "app/storage_s3.h"
#include "app/storages.h"
#include "base/error.h"
#include "base/log.h"
#include "gateway/access_log.h"
#include "gateway/errors.h"
#include "gateway/gateway.h"
#include "gateway/lifecycle.h"
#include "http/server.h"

namespace holdfast::app {

namespace {

http::ServerOptions server_options(const config::Gateway& values) {
  http::ServerOptions options;
  split_address("holdfast.gateway.listen", values.listen, options);
  if (!values.tls_certificate_file.empty()) {
    options.tls = http::TlsFiles{values.tls_certificate_file, values.tls_key_file};
  }
  const config::GatewayLimits& limits = values.limits;
  options.max_workers = limits.workers;
  options.max_connections = limits.connections;
  options.max_queued_requests = limits.queued_requests;
  options.max_head_bytes = limits.head_bytes;
  options.head_timeout = limits.head_timeout;
  options.idle_timeout = limits.idle_timeout;
  options.body_stall_timeout = limits.stall_timeout;
  options.min_body_bytes_per_second = limits.min_bytes_per_second;
  options.crowded_bytes_per_second = limits.crowded_bytes_per_second;
  options.stop_grace = limits.stop_grace;
  options.refusal = gateway::refusal;
  options.urgent = gateway::Gateway::is_own_page;
  options.overloaded_body = gateway::overload_document();
  options.overloaded_type = "application/xml";
  return options;
}

gateway::GatewayOptions gateway_options(const config::Values& values,
                                        const std::optional<http::Server>& server) {
  const config::Gateway& settings = values.holdfast.gateway;
  gateway::GatewayOptions options;
  options.keys = gateway_keys(values);
  options.domain = settings.domain;
  options.region = settings.region;
  options.catalog_prefix = values.holdfast.catalog.prefix;
  options.metrics = settings.metrics;
  options.customer_keys_over_http = settings.customer_keys_over_http;
  options.gauges = [&server] {
    return gateway::ServerGauges{server->open_connections(), server->queued_requests(),
                                 server->failed_handshakes()};
  };
  return options;
}

constexpr auto kLifecycleEvery = std::chrono::hours(1);

void tell(const Context& context, const gateway::LifecycleReport& report) {
  if (report.uploads + report.versions + report.objects + report.markers + report.failed == 0) {
    return;
  }
  log::info(context,
            fmt::format("lifecycle: removed {} uploads, {} old versions, {} objects and {} "
                        "delete markers; {} are locked, {} failed",
                        report.uploads, report.versions, report.objects, report.markers,
                        report.locked, report.failed));
}

// Carries out the buckets' lifecycle rules, at once and then every hour, until it goes.
class LifecycleTimer {
 public:
  LifecycleTimer(const Context& context, storage::Storage& storage)
      : context_(context.cancellable()), thread_([this, &storage] { run(storage); }) {}
  ~LifecycleTimer() {
    context_.cancel();
    thread_.join();
  }
  LifecycleTimer(const LifecycleTimer&) = delete;
  LifecycleTimer& operator=(const LifecycleTimer&) = delete;

 private:
  void run(storage::Storage& storage) {
    try {
      while (true) {
        try {
          tell(context_, gateway::apply_lifecycle(context_, storage));
        } catch (const Error& error) {
          context_.check("lifecycle");
          log::warning(context_, "lifecycle: " + error.to_string());
        }
        context_.sleep(kLifecycleEvery, "lifecycle");
      }
    } catch (const Cancelled&) {
      return;
    }
  }

  Context context_;
  std::thread thread_;
};

}  // namespace

int HoldfastProgram::serve_gateway() {
  const config::Gateway& settings = values().holdfast.gateway;
  auto storage = open_configured_storage(context_, values(), false);
  std::optional<http::Server> server;  // the gateway asks it, and is asked by it
  gateway::Gateway gateway(gateway_options(values(), server), *storage);
  Context serving = context_.named("gateway");
  if (values().minio.storage_kind == config::StorageKind::kS3) {
    check_s3_buckets(serving, *storage);
  }
  // Running requests are to finish, so their context is not the one that the signal cancels.
  Context requests = Context::with_clock(context_.clock()).named("gateway");
  server.emplace(
      requests, server_options(settings),
      [&](const Context& context, http::ServerRequest& request) {
        return gateway.handle(context, request);
      },
      [&](const http::AccessRecord& record) {
        gateway.note(record);
        if (settings.access_log) log::info(serving, gateway::access_line(record));
      });
  Stopper stopper(context_, *server);
  LifecycleTimer lifecycle(serving, *storage);
  log::info(serving,
            fmt::format("listening on {}:{}{}, objects in {}",
                        settings.listen.substr(0, settings.listen.rfind(':')), server->port(),
                        settings.tls_certificate_file.empty() ? "" : " (TLS)",
                        place_of_objects(values())));
  server->run();
  log::info(serving, "stopped");
  return 0;
}

}  // namespace holdfast::app
