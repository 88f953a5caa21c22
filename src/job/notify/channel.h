// Where people are told: a webhook, or mail.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/secret.h"
#include "http/mail.h"
#include "job/notify/event.h"

namespace holdfast::job {

struct WebhookOptions {
  Secret url;                             // http or https; its path and query often hold a token
  std::map<std::string, Secret> headers;  // besides Content-Type, or over it
  std::string pattern;                    // as render() takes it; empty: kUsualTemplate
  std::string ca_file;                    // empty: the system's
};

struct MailOptions {
  http::MailServer server;
  std::string from;
  std::vector<std::string> to;
};

struct ChannelOptions {
  std::optional<WebhookOptions> webhook;
  std::optional<MailOptions> mail;
};

// One way to tell. Used by one thread at a time.
class Channel {
 public:
  virtual ~Channel() = default;
  // "webhook" or "mail": as the log and the metrics name it.
  virtual std::string_view name() const = 0;
  // Returns when the event was taken. Tries once, for at most half a minute (mail: a minute).
  // Unavailable: worth another try; any other error: for good. `id` is the event's own, the same at
  // every try. No error shows the webhook's URL but for its host.
  virtual void send(const Context& context, const Event& event, const std::string& id) = 0;
};

// One for each that is set.
std::vector<std::unique_ptr<Channel>> make_channels(const ChannelOptions& options);

}  // namespace holdfast::job
