#include "datastore/victoria_metrics/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/scripted_server.h"

namespace holdfast::datastore::vm {
namespace {

using support::RecordedRequest;
using support::reply;
using support::ScriptedReply;
using support::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Context kContext = Context::background();
const std::string kKey = "s3cr3t+key/=";
const std::string kEncoded = "s3cr3t%2Bkey%2F%3D";
const std::string kName = "20261122143119-18EA643B55D06D05";

std::unique_ptr<Server> ask(const ScriptedServer& server, const std::string& key = kKey) {
  return make_server({server.url() + "/", Secret(key), std::chrono::seconds(10)});
}

// What `call` throws, as the one line that people see.
template <typename Kind, typename Call>
std::string line_of(Call call) {
  try {
    call();
  } catch (const Kind& error) {
    EXPECT_THAT(error.to_string(), Not(HasSubstr(kKey)));
    EXPECT_THAT(error.to_string(), Not(HasSubstr(kEncoded)));
    return error.to_string();
  }
  ADD_FAILURE() << "nothing of that kind was thrown";
  return "";
}

TEST(ServerTest, CreatesListsAndRemovesWithTheKey) {
  ScriptedServer server({reply(200, R"({"status":"ok","snapshot":")" + kName + "\"}"),
                         reply(200, "{\"status\":\"ok\",\"snapshots\":[\n\"A\",\n\"B\"\n]}"),
                         reply(200, R"({"status":"ok"})")});
  auto vm = ask(server);
  EXPECT_EQ(vm->create_snapshot(kContext), kName);
  EXPECT_THAT(vm->snapshots(kContext), ElementsAre("A", "B"));
  vm->remove_snapshot(kContext, kName);
  EXPECT_EQ(server.request(0).first_line(),
            "GET /snapshot/create?authKey=" + kEncoded + " HTTP/1.1");
  EXPECT_EQ(server.request(2).first_line(),
            "GET /snapshot/delete?snapshot=" + kName + "&authKey=" + kEncoded + " HTTP/1.1");
}

TEST(ServerTest, WithoutAKeyNoneIsSent) {
  ScriptedServer server({reply(200, R"({"status":"ok","snapshots":[]})")});
  EXPECT_THAT(ask(server, "")->snapshots(kContext), IsEmpty());
  EXPECT_EQ(server.request(0).first_line(), "GET /snapshot/list HTTP/1.1");
}

TEST(ServerTest, AWrongKeyIsDeniedAndNeverRepeated) {
  // 1.79 answers 400 and repeats the key, later servers 401.
  ScriptedServer server({reply(400, "invalid authKey \"" + kKey + "\". It must match"),
                         reply(401, "The provided authKey " + kEncoded)});
  auto vm = ask(server);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(line_of<AccessDenied>([&] { vm->create_snapshot(kContext); }),
                HasSubstr("snapshotAuthKey"));
  }
}

TEST(ServerTest, ARefusalThatTellsOfNoKeyMayBeAnotherServers) {
  ScriptedServer server({reply(403, "forbidden")});
  auto vm = ask(server);
  EXPECT_THAT(
      line_of<AccessDenied>([&] { vm->create_snapshot(kContext); }),
      AllOf(HasSubstr("status 403"), HasSubstr("address"), Not(HasSubstr("does not accept"))));
}

TEST(ServerTest, TroubleOfTheServerIsToldWithoutTheKey) {
  ScriptedServer server(
      {reply(500, R"({"status":"error","msg":"cannot create )" + kKey + R"(: no space"})"),
       reply(503, "busy with " + kKey)});
  auto vm = ask(server);
  EXPECT_THAT(line_of<Unavailable>([&] { vm->create_snapshot(kContext); }),
              HasSubstr("cannot create ***: no space"));
  line_of<Unavailable>([&] { vm->create_snapshot(kContext); });
}

TEST(ServerTest, AnotherProgramAtTheAddressIsToldApart) {
  ScriptedServer server({reply(404, "not found"), reply(200, "<html>"), reply(200, "{}"),
                         reply(200, R"({"status":"ok","snapshot":"../../etc"})"),
                         reply(200, R"({"status":"ok"})")});
  auto vm = ask(server);
  for (int i = 0; i < 5; ++i) line_of<Failed>([&] { vm->create_snapshot(kContext); });
}

TEST(ServerTest, AnUnreachableServerIsNamedWithoutItsQuery) {
  std::string url;
  {
    ScriptedServer server(std::deque<ScriptedReply>{});
    url = server.url();
  }
  auto vm = make_server({url + "/prefix", Secret(kKey), std::chrono::seconds(10)});
  EXPECT_THAT(line_of<Unavailable>([&] { vm->snapshots(kContext); }), HasSubstr(url));
}

TEST(ServerTest, RemovingWhatIsGoneIsNoErrorInAnyVersion) {
  ScriptedServer server({reply(500, R"({"status":"error","msg":"cannot find snapshot"})"),
                         reply(200, R"({"status":"ok","snapshots":["20261122143119-AA"]})"),
                         reply(500, R"({"status":"error","msg":"busy"})"),
                         reply(200, R"({"status":"ok","snapshots":[")" + kName + "\"]}")});
  auto vm = ask(server);
  vm->remove_snapshot(kContext, kName);
  EXPECT_THAT(line_of<Unavailable>([&] { vm->remove_snapshot(kContext, kName); }),
              HasSubstr("busy"));
}

TEST(ServerTest, NeverAsksToRemoveWhatIsNoSnapshot) {
  ScriptedServer server(std::deque<ScriptedReply>{});
  auto vm = ask(server);
  EXPECT_THROW(vm->remove_snapshot(kContext, ""), InvalidArgument);
  EXPECT_THROW(vm->remove_snapshot(kContext, "../data"), InvalidArgument);
  EXPECT_EQ(server.requests().size(), 0u);
}

TEST(ServerTest, CountsSeriesAfterAFlush) {
  ScriptedServer server({reply(200), reply(200, R"({"status":"success","data":[6000]})"),
                         reply(200), reply(200, R"({"status":"success","data":["x"]})")});
  auto vm = ask(server);
  EXPECT_EQ(vm->series(kContext), 6000u);
  EXPECT_EQ(server.request(0).first_line(), "GET /internal/force_flush HTTP/1.1");
  EXPECT_EQ(server.request(1).first_line(), "GET /api/v1/series/count HTTP/1.1");
  EXPECT_THROW(vm->series(kContext), Failed);
}

TEST(MetricsTest, ReadsVersionRetentionAndRows) {
  ServerFacts facts = parse_metrics(
      "vm_rows{type=\"indexdb\"} 77\n"
      "vm_rows{type=\"storage/big\"} 36000000\nvm_rows{type=\"storage/inmemory\"} 5\n"
      "vm_rows{type=\"storage/small\"} 1.5e3\n"
      "vm_app_version{version=\"victoria-metrics-2026-v1.122.0\", short_version=\"v1.122.0\"} 1\n"
      "flag{name=\"retentionPeriod\", value=\"10y\", is_set=\"true\"} 1");
  EXPECT_EQ(facts.version, "v1.122.0");
  EXPECT_EQ(facts.rows, 36'001'505u);
  EXPECT_EQ(facts.retention, Duration(std::chrono::hours(10 * 365 * 24)));
}

TEST(MetricsTest, HostilePagesTellNothing) {
  ServerFacts facts = parse_metrics(
      "vm_app_version{version=\"\nvm_rows{type=\"storage/small\"}\n"
      "vm_rows{type=\"storage/small\"} -7\nvm_rows{type=\"storage/big\"} NaN\n"
      "flag{name=\"retentionPeriod\", value=\"forever\"} 1\n\n\n{{{");
  EXPECT_EQ(facts.version, "");
  EXPECT_EQ(facts.rows, 0u);
  EXPECT_EQ(facts.retention, std::nullopt);
}

TEST(MetricsTest, ReadsRetentionsAsTheServerDoes) {
  using std::chrono::hours;
  EXPECT_EQ(parse_retention("1"), Duration(hours(31 * 24)));
  EXPECT_EQ(parse_retention("2w"), Duration(hours(14 * 24)));
  EXPECT_EQ(parse_retention("1.5d"), Duration(hours(36)));
  EXPECT_EQ(parse_retention("100000y"), parse_retention("100y"));
  for (const char* bad : {"", "d", "-1", "0", "1x", "1e99"}) {
    EXPECT_EQ(parse_retention(bad), std::nullopt) << bad;
  }
}

TEST(MetricsTest, StrikesEveryFormOfTheKeyOut) {
  EXPECT_EQ(without_key("a " + kKey + " b " + kEncoded + "\nc", Secret(kKey)), "a *** b *** c");
  EXPECT_EQ(without_key("plain", Secret()), "plain");
  EXPECT_EQ(without_key(std::string(500, 'x'), Secret("k")).size(), 200u);
  EXPECT_EQ(without_key("****", Secret("*")), "************");
}

}  // namespace
}  // namespace holdfast::datastore::vm
