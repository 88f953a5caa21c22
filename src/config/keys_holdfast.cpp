// holdfast.*: storage, the scheduler, verification, hooks, notifications and the catalog.
#include <algorithm>

#include "base/error.h"
#include "config/key.h"
#include "job/notify/message.h"

namespace holdfast::config {

namespace {

constexpr std::size_t kMostEncryptionKeys = 64;

void add_encryption(std::vector<Key>& keys) {
  Key list = row("holdfast.storage.encryption.keys", "a list of mappings with key or keyFile", "[]",
                 "keys that the folder encrypts objects with when a client asks for it (SSE-S3): "
                 "the first one encrypts, all decrypt; none: it is not offered");
  list.elements = [](std::size_t i) {
    Key key = secret("holdfast.storage.encryption.keys[" + std::to_string(i) + "].key",
                     HOLDFAST_AT(holdfast.storage.encryption_keys[i].key), "\"\"",
                     "a key, as openssl rand -hex 32 makes one");
    key.allowed = "64 hexadecimal digits";
    return std::vector<Key>{std::move(key).under("holdfast.storage.encryption.keys[].key")};
  };
  list.resize = [](Values& values, std::size_t count) {
    if (count > kMostEncryptionKeys) throw BadValue{"more than 64 keys"};
    values.holdfast.storage.encryption_keys.resize(count);
  };
  list.count = [](const Values& values) { return values.holdfast.storage.encryption_keys.size(); };
  keys.push_back(std::move(list));
}

void add_hook(std::vector<Key>& keys, Store store, const std::string& moment, Hook Hooks::* hook) {
  const std::string path = "holdfast.hooks." + std::string(name_of(store)) + "." + moment + ".";
  const std::string family = "holdfast.hooks.STORE." + moment + ".";
  const auto at = [store, hook](auto member) {
    return [store, hook, member](Values& values) -> auto& {
      return values.holdfast.hooks[static_cast<std::size_t>(store)].*hook.*member;
    };
  };
  keys.push_back(words(path + "command", at(&Hook::command), "[]",
                       "a program and its arguments, run without a shell")
                     .under(family + "command"));
  keys.push_back(duration(path + "timeout", at(&Hook::timeout), "60s",
                          "after this it is stopped and has failed")
                     .under(family + "timeout"));
  keys.push_back(choice<OnError>(path + "onError", at(&Hook::on_error), "fail",
                                 {{"fail", OnError::kFail}, {"continue", OnError::kContinue}},
                                 "whether its failure fails the run")
                     .under(family + "onError"));
}

void add_hooks(std::vector<Key>& keys) {
  for (const Store store : kAllStores) {
    add_hook(keys, store, "beforeBackup", &Hooks::before_backup);
    add_hook(keys, store, "afterBackup", &Hooks::after_backup);
    add_hook(keys, store, "beforeRestore", &Hooks::before_restore);
    add_hook(keys, store, "afterRestore", &Hooks::after_restore);
  }
}

// May stand on several lines, as JSON does.
Key webhook_template(const std::string& path) {
  const auto at = HOLDFAST_AT(holdfast.notifications.webhook.pattern);
  Key key = text(
      path, at, "\"\"",
      "what is posted; empty: a JSON object that Slack takes too (docs/guide/notifications.md)",
      "JSON in which {message}, {store} and the like stand for their values, or empty");
  key.read = [at](Values& values, const Node& node) {
    std::string pattern = text_of(node);
    std::replace(pattern.begin(), pattern.end(), '\n', ' ');
    check_text(pattern);
    try {
      if (!pattern.empty()) job::check_template(pattern);
    } catch (const InvalidArgument& error) {
      throw BadValue{error.reason(), error.advice()};
    }
    at(values) = std::move(pattern);
  };
  return key;
}

void add_notifications(std::vector<Key>& keys) {
  const std::string path = "holdfast.notifications.";
  keys.push_back(choices<Occasion>(path + "on", HOLDFAST_AT(holdfast.notifications.on),
                                   "[failure, late, recovery]",
                                   {{"failure", Occasion::kFailure},
                                    {"late", Occasion::kLate},
                                    {"recovery", Occasion::kRecovery}},
                                   "what is told"));
  Key webhook = secret(path + "webhook.url", HOLDFAST_AT(holdfast.notifications.webhook.url),
                       "\"\"", "where it is posted as JSON; empty: nowhere");
  webhook.allowed = "http|https://HOST[:PORT][/PATH][?QUERY], or empty";
  webhook.read = [take = webhook.read](Values& values, const Node& node) {
    const std::string& address = text_of(node);
    if (!address.empty()) check_url(address.substr(0, address.find('?')), {"http", "https"});
    take(values, node);
  };
  keys.push_back(std::move(webhook));
  keys.push_back(secrets(path + "webhook.headers",
                         HOLDFAST_AT(holdfast.notifications.webhook.headers),
                         "headers to send with it"));
  keys.push_back(webhook_template(path + "webhook.template"));
  keys.push_back(
      text(path + "webhook.caFile", HOLDFAST_AT(holdfast.notifications.webhook.ca_file), "\"\"",
           "the certificates that its https address is checked with; empty: the system's",
           "the path of a file, or empty"));
  keys.push_back(text(path + "smtp.host", HOLDFAST_AT(holdfast.notifications.smtp.host), "\"\"",
                      "the mail server; empty: no mail", "a host's name, or empty",
                      [](std::string_view host) {
                        check_host(host);
                        return std::string(host);
                      }));
  keys.push_back(
      number(path + "smtp.port", HOLDFAST_AT(holdfast.notifications.smtp.port), 587, 1, 65535,
             "its port; 465: TLS from the first byte, others: STARTTLS where it is offered"));
  keys.push_back(text(path + "smtp.user", HOLDFAST_AT(holdfast.notifications.smtp.user), "\"\"",
                      "the user there, who needs TLS; empty: without logging in"));
  keys.push_back(secret(path + "smtp.password", HOLDFAST_AT(holdfast.notifications.smtp.password),
                        "\"\"", "the user's password"));
  keys.push_back(text(path + "smtp.from", HOLDFAST_AT(holdfast.notifications.smtp.from), "\"\"",
                      "the sender's address"));
  keys.push_back(words(path + "smtp.to", HOLDFAST_AT(holdfast.notifications.smtp.to), "[]",
                       "the recipients' addresses"));
  keys.push_back(text(path + "smtp.caFile", HOLDFAST_AT(holdfast.notifications.smtp.ca_file),
                      "\"\"", "the certificates that its TLS is checked with; empty: the system's",
                      "the path of a file, or empty"));
}

std::string take_folder(std::string_view text) {
  if (text.empty()) throw BadValue{"an empty path"};
  return std::string(text);
}

std::string take_catalog_prefix(std::string_view text) {
  const std::string folder = parse_prefix(text);
  if (folder.empty()) throw BadValue{"an empty prefix"};
  return folder + "/";
}

std::string take_catalog_bucket(std::string_view text) {
  if (!text.empty()) check_bucket(text);
  return std::string(text);
}

std::string take_zone(std::string_view text) {
  check_zone_name(text);
  check_zone_exists(text);
  return std::string(text);
}

}  // namespace

void add_holdfast_keys(std::vector<Key>& keys) {
  keys.push_back(
      text("holdfast.storage.folder", HOLDFAST_AT(holdfast.storage.folder), "./holdfast-data",
           "where the folder storage keeps its objects; relative to where holdfast starts",
           "the path of a folder", take_folder));
  keys.push_back(size("holdfast.storage.reserved", HOLDFAST_AT(holdfast.storage.reserved_bytes),
                      "64Mi",
                      "free space of its disk that backups leave; only leases and records use it"));
  add_encryption(keys);
  keys.push_back(listen("holdfast.run.listen", HOLDFAST_AT(holdfast.run.listen), "127.0.0.1:9747",
                        "where the scheduler's web page, metrics and HTTP API listen"));
  keys.push_back(duration(
      "holdfast.run.startingDeadline", HOLDFAST_AT(holdfast.run.starting_deadline), "1h",
      "a run missed while holdfast was down is made up for if it is younger", Zero::kAllowed));
  keys.push_back(duration("holdfast.run.stopGrace", HOLDFAST_AT(holdfast.run.stop_grace), "25s",
                          "how long runs that have begun may go on when it is told to stop; then "
                          "they are begun again by the next start",
                          Zero::kAllowed));
  keys.push_back(flag("holdfast.run.prune", HOLDFAST_AT(holdfast.run.prune), true,
                      "whether it applies retention; false beside a store whose access key may not "
                      "delete: another one, with the retention key, prunes then"));
  keys.push_back(text("holdfast.run.timeZone", HOLDFAST_AT(holdfast.run.time_zone), "local",
                      "the zone of all schedules but Elasticsearch's, which are UTC",
                      "local, UTC or a name such as Europe/Amsterdam", take_zone));
  keys.push_back(secret("holdfast.run.token", HOLDFAST_AT(holdfast.run.token), "\"\"",
                        "allows actions on the page and over HTTP; empty: they only show"));
  keys.push_back(choice<log::Format>(
      "holdfast.log.format", HOLDFAST_AT(holdfast.log.format), "text",
      {{"text", log::Format::kText}, {"json", log::Format::kJson}},
      "the log's lines on standard error: for people, or one JSON object each"));
  keys.push_back(choice<log::Level>("holdfast.log.level", HOLDFAST_AT(holdfast.log.level), "info",
                                    {{"debug", log::Level::kDebug},
                                     {"info", log::Level::kInfo},
                                     {"warning", log::Level::kWarning},
                                     {"error", log::Level::kError}},
                                    "what is logged; --verbose and --quiet come before it"));
  keys.push_back(cron("holdfast.verify.schedule", HOLDFAST_AT(holdfast.verify_schedule),
                      CronDialect::kCronexpr, "0 6 * * *", "when the newest backups are verified",
                      Empty::kMeansOff));
  keys.push_back(cron("holdfast.drill.schedule", HOLDFAST_AT(holdfast.drill_schedule),
                      CronDialect::kCronexpr, "0 7 * * 0", "when a restore is tried out",
                      Empty::kMeansOff));
  add_hooks(keys);
  add_notifications(keys);
  keys.push_back(text("holdfast.catalog.bucketName", HOLDFAST_AT(holdfast.catalog.bucket_name),
                      "\"\"",
                      "the bucket of run records and leases; empty: backup.stackGraph.bucketName",
                      "the name of a bucket, or empty", take_catalog_bucket));
  keys.push_back(text("holdfast.catalog.prefix", HOLDFAST_AT(holdfast.catalog.prefix), ".holdfast/",
                      "the folder of run records and leases", "a folder's name",
                      take_catalog_prefix));
}

}  // namespace holdfast::config
