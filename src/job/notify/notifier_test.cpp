#include "job/notify/notifier.h"

#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "http/server.h"
#include "support/loopback.h"
#include "support/scripted_mail_server.h"
#include "support/scripted_server.h"

namespace holdfast::job {
namespace {

using support::RecordedRequest;
using support::ScriptedMailServer;
using support::ScriptedReply;
using support::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kSoon = std::chrono::seconds(60);

Event event_named(const std::string& state) {
  Event event;
  event.store = "clickhouse";
  event.task = "full";
  event.when = parse_rfc3339("2024-06-17T00:46:00Z");
  event.error = "backup clickhouse: no such host; check the URL";
  event.state = state;
  return event;
}

// Remembers what was settled, and lets a test wait for it.
class Settled {
 public:
  std::function<void(const Event&)> hook() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      states_.push_back(event.state);
      changed_.notify_all();
    };
  }
  // False when it takes too long.
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kSoon, [&] { return states_.size() >= count; });
  }
  std::vector<std::string> states() {
    const std::lock_guard lock(mutex_);
    return states_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> states_;
};

std::vector<std::unique_ptr<Channel>> webhook_at(const std::string& url,
                                                 const std::string& pattern = "") {
  WebhookOptions options;
  options.url = Secret(url);
  options.pattern = pattern;
  options.headers = {{"X-Key", Secret("open sesame")}};
  return make_channels({.webhook = options, .mail = std::nullopt});
}

MailOptions mail_to(std::uint16_t port) {
  MailOptions options;
  options.server.host = "127.0.0.1";
  options.server.port = port;
  options.from = "backup@example.com";
  options.to = {"ann@example.com"};
  return options;
}

// Waits take no time, so that an hour of tries is over at once.
class NotifierTest : public ::testing::Test {
 protected:
  FakeClock clock_{parse_rfc3339("2024-06-17T00:46:00Z")};
  const Context context_ = Context::with_clock(clock_);
  Settled settled_;
};

TEST_F(NotifierTest, PostsJsonWithTheHeadersThatAreSet) {
  ScriptedServer peer({support::reply(200, "ok")});
  Notifier notifier(context_, {}, webhook_at(peer.url() + "/hook?key=hidden"), settled_.hook());
  notifier.tell(event_named("one"));
  ASSERT_TRUE(settled_.wait_for(1));
  const RecordedRequest request = peer.request(0);
  EXPECT_EQ(request.first_line(), "POST /hook?key=hidden HTTP/1.1");
  EXPECT_EQ(request.header("Content-Type"), "application/json");
  EXPECT_EQ(request.header("X-Key"), "open sesame");
  EXPECT_EQ(nlohmann::json::parse(request.body)["store"], "clickhouse");
}

TEST_F(NotifierTest, PostsWhatTheTemplateMakes) {
  ScriptedServer peer({support::reply(204)});
  Notifier notifier(context_, {}, webhook_at(peer.url(), R"({"content": "{store}/{task}"})"),
                    settled_.hook());
  notifier.tell(event_named("one"));
  ASSERT_TRUE(settled_.wait_for(1));
  EXPECT_EQ(peer.request(0).body, R"({"content": "clickhouse/full"})");
}

TEST_F(NotifierTest, TriesAgainUntilItIsTaken) {
  ScriptedServer peer({support::reply(503),
                       support::reply(429),
                       {.bytes = "", .then = ScriptedReply::Then::kReset},
                       support::reply(200)});
  Notifier notifier(context_, {}, webhook_at(peer.url()), settled_.hook());
  notifier.tell(event_named("one"));
  ASSERT_TRUE(settled_.wait_for(1));
  EXPECT_EQ(peer.requests().size(), 4u);
  EXPECT_EQ(notifier.counts()[0].told, 1u);
  // 5 s, 10 s and 20 s of pauses.
  EXPECT_EQ(clock_.now() - parse_rfc3339("2024-06-17T00:46:00Z"), std::chrono::seconds(35));
}

TEST_F(NotifierTest, TakesEachEventOnceHoweverOftenItIsTold) {
  std::promise<void> asked, go_on;
  ScriptedServer peer([&, first = true](const RecordedRequest&) mutable {
    if (std::exchange(first, false)) {
      asked.set_value();
      go_on.get_future().wait();
    }
    return support::reply(200);
  });
  Notifier notifier(context_, {}, webhook_at(peer.url()), settled_.hook());
  notifier.tell(event_named("one"));
  asked.get_future().wait();
  notifier.tell(event_named("one"));
  notifier.tell(event_named("two"));
  notifier.tell(event_named("two"));
  go_on.set_value();
  ASSERT_TRUE(settled_.wait_for(2));
  EXPECT_THAT(settled_.states(), ElementsAre("one", "two"));
  EXPECT_EQ(peer.requests().size(), 2u);
}

TEST_F(NotifierTest, GivesUpInTimeWithOneLineThatShowsNoUrl) {
  const std::string port = std::to_string(support::unused_port());
  ::testing::internal::CaptureStderr();
  {
    Notifier notifier(context_, {}, webhook_at("http://127.0.0.1:" + port + "/hidden?also=hidden"),
                      settled_.hook());
    notifier.tell(event_named("one"));
    ASSERT_TRUE(settled_.wait_for(1));
    EXPECT_EQ(notifier.counts()[0].given_up, 1u);
    EXPECT_EQ(notifier.counts()[0].told, 0u);
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("nobody was told by webhook that clickhouse: full failed"));
  EXPECT_THAT(log, HasSubstr("connection refused"));
  EXPECT_THAT(log, Not(HasSubstr("hidden")));
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1);
  EXPECT_LE(clock_.now() - parse_rfc3339("2024-06-17T00:46:00Z"), std::chrono::hours(1));
}

TEST_F(NotifierTest, GivesUpAtOnceWhatIsRefusedForGood) {
  ScriptedServer peer({support::reply(404, "no such hook")});
  Notifier notifier(context_, {}, webhook_at(peer.url() + "/hidden"), settled_.hook());
  ::testing::internal::CaptureStderr();
  notifier.tell(event_named("one"));
  ASSERT_TRUE(settled_.wait_for(1));
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("it answered 404"));
  EXPECT_THAT(log, Not(HasSubstr("hidden")));
  EXPECT_EQ(peer.requests().size(), 1u);
}

TEST_F(NotifierTest, ShowsNoUrlThatIsNone) {
  for (const char* url : {"ftp://host/hidden", "http://hidden@host/", "http://host/hidden here"}) {
    const auto channels = webhook_at(url);
    try {
      channels[0]->send(context_, event_named("one"), "1");
      ADD_FAILURE() << url;
    } catch (const Error& error) {
      EXPECT_THAT(error.to_string(), Not(HasSubstr("hidden")));
    }
  }
}

TEST_F(NotifierTest, TellsOneChannelWhileTheOtherIsDownAndNeverTwice) {
  ScriptedMailServer mail(ScriptedMailServer::Answers{});
  std::deque<ScriptedReply> replies(5, support::reply(503));
  replies.push_back(support::reply(200));
  ScriptedServer hook(std::move(replies));
  WebhookOptions webhook;
  webhook.url = Secret(hook.url());
  Notifier notifier(context_, {}, make_channels({.webhook = webhook, .mail = mail_to(mail.port())}),
                    settled_.hook());
  notifier.tell(event_named("one"));
  ASSERT_TRUE(settled_.wait_for(1));
  EXPECT_EQ(hook.requests().size(), 6u);
  EXPECT_THAT(mail.envelope(),
              ElementsAre("MAIL FROM:<backup@example.com>", "RCPT TO:<ann@example.com>"));
  EXPECT_THAT(mail.message(), HasSubstr("Subject: holdfast: clickhouse: full failed\r\n"));
  EXPECT_THAT(settled_.states(), ElementsAre("one"));
}

TEST_F(NotifierTest, HoldsNoMoreThanItMay) {
  std::promise<void> asked, go_on;
  ScriptedServer peer([&, first = true](const RecordedRequest&) mutable {
    if (std::exchange(first, false)) {
      asked.set_value();
      go_on.get_future().wait();
    }
    return support::reply(200);
  });
  NotifierOptions options;
  options.most_waiting = 3;
  Notifier notifier(context_, options, webhook_at(peer.url()), settled_.hook());
  notifier.tell(event_named("0"));
  asked.get_future().wait();
  for (int i = 1; i < 10; ++i) notifier.tell(event_named(std::to_string(i)));
  go_on.set_value();
  ASSERT_TRUE(settled_.wait_for(3));
  EXPECT_THAT(settled_.states(), ElementsAre("0", "1", "2"));
}

TEST(NotifierEnd, WaitsForWhatIsInHand) {
  ScriptedServer peer([](const RecordedRequest&) { return support::reply(200); });
  Settled settled;
  {
    Notifier notifier(Context::background(), {}, webhook_at(peer.url()), settled.hook());
    for (int i = 0; i < 5; ++i) notifier.tell(event_named(std::to_string(i)));
  }
  EXPECT_THAT(settled.states(), ElementsAre("0", "1", "2", "3", "4"));
}

TEST(NotifierEnd, LeavesUnsettledWhatNobodyTakes) {
  std::promise<void> asked;
  ScriptedServer peer([&, first = true](const RecordedRequest&) mutable {
    if (std::exchange(first, false)) asked.set_value();
    return support::reply(503);
  });
  Settled settled;
  {
    NotifierOptions options;
    options.first_pause = options.grace = std::chrono::hours(1);
    options.give_up_after = std::chrono::hours(3);
    Notifier notifier(Context::background(), options, webhook_at(peer.url()), settled.hook());
    notifier.tell(event_named("one"));
    asked.get_future().wait();
  }
  EXPECT_THAT(settled.states(), IsEmpty());
}

TEST(NotifierEnd, CutsAServerThatSaysNothing) {
  std::promise<void> asked;
  ScriptedServer peer([&](const RecordedRequest&) {
    asked.set_value();
    return ScriptedReply{.bytes = "", .then = ScriptedReply::Then::kStall};
  });
  Settled settled;
  {
    NotifierOptions options;
    options.grace = std::chrono::milliseconds(1);
    Notifier notifier(Context::background(), options, webhook_at(peer.url()), settled.hook());
    notifier.tell(event_named("one"));
    asked.get_future().wait();
  }
  EXPECT_THAT(settled.states(), IsEmpty());
}

TEST(NotifierEnd, HasNothingToDoWithoutChannels) {
  Settled settled;
  {
    Notifier notifier(Context::background(), {}, {}, settled.hook());
    notifier.tell(event_named("one"));
    EXPECT_THAT(notifier.counts(), IsEmpty());
  }
  EXPECT_THAT(settled.states(), IsEmpty());
}

}  // namespace
}  // namespace holdfast::job
