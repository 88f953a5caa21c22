// Sends one mail over SMTP (libcurl). Never repeats by itself. Thread-safe.
//
// STARTTLS is used wherever the server offers it; port 465 speaks TLS from the first byte. With a
// user there must be TLS: a password never goes in the clear.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/context.h"
#include "base/secret.h"

namespace holdfast::http {

struct MailServer {
  std::string host;  // name or address
  std::uint16_t port = 587;
  std::string user;  // empty: without logging in
  Secret password;
  std::string ca_file;                          // own CA; empty: the system's
  Duration timeout = std::chrono::seconds(60);  // of one mail
};

struct Mail {
  std::string from;             // user@host, nothing else
  std::vector<std::string> to;  // the same, at least one
  std::string subject;          // UTF-8; control characters become blanks, long ones are cut
  std::string text;             // UTF-8
  // Of its Message-ID: who repeats a mail keeps it, so that the second one is known as the same.
  // Letters and digits; empty: a random one.
  std::string id;
};

// Whether `address` is one that a mail can be sent from and to: user@host in printed ASCII, without
// quotes, brackets, commas and the like, at most 254 characters.
bool is_mail_address(std::string_view address);

// What is sent, by RFC 5322 and 2045: Date, Message-ID, From, To, Subject, plain text in base64.
// InvalidArgument for addresses that are none.
std::string format_mail(const Mail& mail, WallTime now);

// Returns when the server has taken the mail for every recipient. Throws Unavailable (no
// connection, lost, timed out, or the server says: later), AccessDenied (login), Failed (TLS
// trouble, no TLS though there is a password, or the server refuses the mail for good), and what
// the context throws.
void send_mail(const Context& context, const MailServer& server, const Mail& mail);

}  // namespace holdfast::http
