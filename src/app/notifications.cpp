#include "app/notifications.h"

#include "app/program.h"

namespace holdfast::app {

namespace {

job::Occasion occasion_of(config::Occasion occasion) {
  switch (occasion) {
    case config::Occasion::kFailure:
      return job::Occasion::kFailure;
    case config::Occasion::kLate:
      return job::Occasion::kLate;
    case config::Occasion::kRecovery:
      return job::Occasion::kRecovery;
  }
  return job::Occasion::kFailure;
}

}  // namespace

job::ChannelOptions channel_options(const config::Notifications& values) {
  job::ChannelOptions options;
  const config::Webhook& webhook = values.webhook;
  if (!webhook.url.empty()) {
    options.webhook =
        job::WebhookOptions{webhook.url, webhook.headers, webhook.pattern, webhook.ca_file};
  }
  const config::Smtp& smtp = values.smtp;
  if (!smtp.host.empty()) {
    job::MailOptions mail;
    mail.server.host = smtp.host;
    mail.server.port = static_cast<std::uint16_t>(smtp.port);
    mail.server.user = smtp.user;
    mail.server.password = smtp.password;
    mail.server.ca_file = smtp.ca_file;
    mail.from = smtp.from;
    mail.to = smtp.to;
    options.mail = std::move(mail);
  }
  return options;
}

std::set<job::Occasion> occasions(const config::Notifications& values) {
  std::set<job::Occasion> out;
  for (const config::Occasion occasion : values.on) out.insert(occasion_of(occasion));
  return out;
}

std::vector<std::unique_ptr<job::Channel>> HoldfastProgram::open_channels() {
  return job::make_channels(channel_options(values().holdfast.notifications));
}

}  // namespace holdfast::app
