#include "job/notify/channel.h"

#include <fmt/format.h>

#include "base/error.h"
#include "http/client.h"
#include "job/notify/message.h"

namespace holdfast::job {

namespace {

constexpr Duration kWebhookTime = std::chrono::seconds(30);

http::ClientOptions client_options(const WebhookOptions& options) {
  http::ClientOptions client;
  client.max_kept_connections = 0;  // the next event may be weeks away
  client.ca_file = options.ca_file;
  return client;
}

class Webhook : public Channel {
 public:
  explicit Webhook(WebhookOptions options)
      : options_(std::move(options)), client_(client_options(options_)) {}

  std::string_view name() const override { return "webhook"; }

  void send(const Context& context, const Event& event, const std::string&) override {
    try {
      judge(post(context.with_timeout(kWebhookTime), event));
    } catch (const DeadlineExceeded&) {
      context.check("post to the webhook");  // the caller's own time
      throw Unavailable("post to the webhook", "no answer in time", "check what listens there");
    } catch (const Error& error) {
      // The client's own line begins with the URL.
      throw_error(error.kind(), "post to the webhook", error.reason(), error.advice());
    }
  }

 private:
  int post(const Context& context, const Event& event) {
    const std::string body =
        render(options_.pattern.empty() ? kUsualTemplate : options_.pattern, event);
    MemorySource source(body);
    http::Request request{.method = "POST", .url = options_.url.reveal(), .body = &source};
    if (!options_.headers.contains("Content-Type")) {
      request.headers.emplace_back("Content-Type", "application/json");
    }
    for (const auto& [name, value] : options_.headers) {
      request.headers.emplace_back(name, value.reveal());
    }
    return client_.send(context, request)->status();  // whatever else it says is not read
  }

  static void judge(int status) {
    if (status >= 200 && status < 300) return;
    const std::string why = fmt::format("it answered {}", status);
    if (status >= 500 || status == 408 || status == 429) {
      throw Unavailable("", why, "check what listens there");
    }
    throw Failed("", why,
                 "check holdfast.notifications.webhook: the url, headers, and what the template "
                 "makes");
  }

  const WebhookOptions options_;
  http::Client client_;
};

class MailChannel : public Channel {
 public:
  explicit MailChannel(MailOptions options) : options_(std::move(options)) {}

  std::string_view name() const override { return "mail"; }

  void send(const Context& context, const Event& event, const std::string& id) override {
    http::send_mail(context, options_.server,
                    {.from = options_.from,
                     .to = options_.to,
                     .subject = subject_of(event),
                     .text = text_of(event),
                     .id = id});
  }

 private:
  const MailOptions options_;
};

}  // namespace

std::vector<std::unique_ptr<Channel>> make_channels(const ChannelOptions& options) {
  std::vector<std::unique_ptr<Channel>> channels;
  if (options.webhook) channels.push_back(std::make_unique<Webhook>(*options.webhook));
  if (options.mail) channels.push_back(std::make_unique<MailChannel>(*options.mail));
  return channels;
}

}  // namespace holdfast::job
