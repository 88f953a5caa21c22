#include "http/mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/loopback.h"
#include "support/scripted_mail_server.h"

namespace holdfast::http {
namespace {

using support::ScriptedMailServer;
using Answers = ScriptedMailServer::Answers;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const WallTime kNow = parse_rfc3339("2024-06-17T06:30:00Z");

Mail hello() {
  return {
      "backup@example.com", {"ann@example.com"}, "a backup failed", "Hello.\n.\nBye.\n", "0123"};
}

std::string formatted(const Mail& mail) { return format_mail(mail, kNow); }

TEST(FormatMail, HasWhatEveryMailHas) {
  EXPECT_EQ(formatted(hello()),
            "Date: Mon, 17 Jun 2024 06:30:00 +0000\r\nMessage-ID: <0123@example.com>\r\n"
            "From: backup@example.com\r\nTo: ann@example.com\r\nSubject: a backup failed\r\n"
            "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            "SGVsbG8uCi4KQnllLgo=\r\n");
}

TEST(FormatMail, KeepsItsLinesShort) {
  Mail mail = hello();
  mail.text = std::string(5000, 'x');
  mail.subject = std::string(300, 'y');
  mail.to.assign(40, "somebody@example.com");
  const std::string out = formatted(mail);
  for (std::size_t from = 0; from < out.size();) {
    const std::size_t end = out.find("\r\n", from);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - from, 998u);
    from = end + 2;
  }
}

TEST(FormatMail, LetsNoSubjectMakeAnotherHeader) {
  Mail mail = hello();
  mail.subject = "late\r\nBcc: everybody@example.com\r\n\r\nbody";
  EXPECT_THAT(formatted(mail), HasSubstr("Subject: late  Bcc: everybody@example.com    body\r\n"));
  EXPECT_THAT(formatted(mail), Not(HasSubstr("\r\nBcc:")));
}

TEST(FormatMail, WritesOtherLettersAsEncodedWords) {
  Mail mail = hello();
  mail.subject = "d\xC3\xA9j\xC3\xA0";
  EXPECT_THAT(formatted(mail), HasSubstr("Subject: =?utf-8?B?ZMOpasOg?=\r\n"));
  mail.subject = "=?utf-8?B?bGll?=";  // would be shown as "lie"
  EXPECT_THAT(formatted(mail), HasSubstr("Subject: =?utf-8?B?PT91dGYtOD9CP2JHbGw/PQ==?=\r\n"));
}

TEST(FormatMail, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", "ann", "@example.com", "ann@", "a@b@c", "ann@example.com\r\nBcc: x@y", "<ann@x.com>",
        "Ann <ann@x.com>", "ann@x.com,bob@x.com", "-f@x.com", "a b@x.com", "j\xC3\xB6rg@x.com"}) {
    EXPECT_FALSE(is_mail_address(address)) << address;
    Mail mail = hello();
    mail.to = {address};
    EXPECT_THROW(formatted(mail), InvalidArgument) << address;
    mail = hello();
    mail.from = address;
    EXPECT_THROW(formatted(mail), InvalidArgument) << address;
  }
  EXPECT_TRUE(is_mail_address("first.last+tag@mail.example.com"));
  EXPECT_FALSE(is_mail_address(std::string(250, 'a') + "@x.com"));
}

MailServer server_at(std::uint16_t port) {
  MailServer server;
  server.host = "127.0.0.1";
  server.port = port;
  return server;
}

ErrorKind kind_of_sending(const MailServer& server) {
  try {
    send_mail(Context::background(), server, hello());
  } catch (const Error& error) {
    EXPECT_THAT(error.to_string(), Not(HasSubstr("sesame")));
    return error.kind();
  }
  ADD_FAILURE() << "it was sent";
  return ErrorKind::kFailed;
}

TEST(SendMail, IsTakenByAPlainServer) {
  ScriptedMailServer peer(Answers{});
  MailServer server = server_at(peer.port());
  Mail mail = hello();
  mail.to.push_back("bob@example.com");
  send_mail(Context::background(), server, mail);
  EXPECT_THAT(peer.envelope(),
              ElementsAre("MAIL FROM:<backup@example.com>", "RCPT TO:<ann@example.com>",
                          "RCPT TO:<bob@example.com>"));
  EXPECT_THAT(peer.message(), HasSubstr("SGVsbG8uCi4KQnllLgo=\r\n"));
}

TEST(SendMail, TellsLaterFromNever) {
  for (const char* verb : {"greeting", "MAIL", "RCPT", "DATA", "."}) {
    ScriptedMailServer later(Answers{{verb, "451 4.3.0 try again later"}});
    EXPECT_EQ(kind_of_sending(server_at(later.port())), ErrorKind::kUnavailable) << verb;
    ScriptedMailServer never(Answers{{verb, "550 5.7.1 no"}});
    EXPECT_EQ(kind_of_sending(server_at(never.port())), ErrorKind::kFailed) << verb;
  }
}

TEST(SendMail, SendsNoPasswordInTheClear) {
  ScriptedMailServer peer(Answers{});
  MailServer server = server_at(peer.port());
  server.user = "ann";
  server.password = Secret("open sesame");
  EXPECT_EQ(kind_of_sending(server), ErrorKind::kFailed);
  EXPECT_THAT(peer.received(), Not(HasSubstr("AUTH")));
}

TEST(SendMail, IsUnavailableWhenNobodyListensOrTheConnectionBreaks) {
  EXPECT_EQ(kind_of_sending(server_at(support::unused_port())), ErrorKind::kUnavailable);
  for (const char* verb : {"greeting", "MAIL", "."}) {
    ScriptedMailServer peer(Answers{{verb, ""}});
    EXPECT_EQ(kind_of_sending(server_at(peer.port())), ErrorKind::kUnavailable) << verb;
  }
}

TEST(SendMail, EndsWhenItsContextDoes) {
  const Context context = Context::background().cancellable();
  ScriptedMailServer peer(Answers{{"MAIL", "stall"}}, [&] { context.cancel(); });
  EXPECT_THROW(send_mail(context, server_at(peer.port()), hello()), Cancelled);
}

}  // namespace
}  // namespace holdfast::http
