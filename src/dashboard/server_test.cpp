#include "dashboard/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/error.h"
#include "dashboard/status_testing.h"
#include "http/client.h"

namespace holdfast::dashboard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Stands for the scheduler: remembers what it was told.
class Remembering : public Control {
 public:
  std::vector<job::StoreStatus> status() override {
    if (broken) throw Unavailable("read the catalog", "timed out", "check the storage");
    return three_stores(at("2024-06-17T06:30:00Z"));
  }
  bool alive() override { return is_alive; }
  void run_now(const std::string& store, job::TaskKind kind, const std::string& who) override {
    check(store);
    if (store == "clickhouse") throw Refused("run clickhouse", "it runs now", "wait for its end");
    done.push_back("run " + store + " " + std::string(name_of(kind)) + " by " + who);
  }
  void pause(const std::string& store, const std::string& reason, const std::string& who) override {
    check(store);
    done.push_back("pause " + store + " for '" + reason + "' by " + who);
  }
  void resume(const std::string& store, const std::string& who) override {
    check(store);
    done.push_back("resume " + store + " by " + who);
  }

  bool broken = false, is_alive = true;
  std::vector<std::string> done;

 private:
  void check(const std::string& store) {
    for (const job::StoreStatus& status : three_stores({})) {
      if (status.store == store) return;
    }
    throw NotFound("store '" + store + "'", "this scheduler has none of that name");
  }
};

struct Answer {
  int status = 0;
  std::string text;
  http::Headers headers;
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return "";
  }
};

class DashboardTest : public ::testing::Test {
 protected:
  explicit DashboardTest(std::string token = "open sesame")
      : dashboard_({Secret(std::move(token))}, control_),
        server_(Context::background(), options(),
                [this](const Context& context, http::ServerRequest& request) {
                  return dashboard_.handle(context, request);
                }),
        thread_([this] { server_.run(); }) {}
  ~DashboardTest() override {
    server_.stop(Duration::zero());
    thread_.join();
  }
  DashboardTest(const DashboardTest&) = delete;
  DashboardTest& operator=(const DashboardTest&) = delete;

  Answer call(const std::string& method, const std::string& target, const http::Headers& headers,
              std::string_view body = "") {
    MemorySource source(body);
    const http::Request request{
        .method = method,
        .url = "http://127.0.0.1:" + std::to_string(server_.port()) + target,
        .headers = headers,
        .body = body.empty() ? nullptr : &source};
    auto exchange = client_.send(Context::background(), request);
    return {exchange->status(), read_all(*exchange, 1 << 20), exchange->headers()};
  }
  Answer get(const std::string& target) { return call("GET", target, {}); }
  Answer post(const std::string& target, std::string_view body = "",
              const std::string& token = "open sesame") {
    return call("POST", target,
                {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}}, body);
  }

  static http::ServerOptions options() {
    http::ServerOptions options;
    options.max_workers = 4;
    options.urgent = Dashboard::is_urgent;
    options.refusal = Dashboard::refusal;
    return options;
  }

  Remembering control_;
  Dashboard dashboard_;
  http::Server server_;
  std::thread thread_;
  http::Client client_;
};

TEST_F(DashboardTest, ShowsMetrics) {
  const Answer answer = get("/metrics?x=1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(answer.text, HasSubstr("holdfast_store_paused{store=\"clickhouse\"} 1\n"));
}

TEST_F(DashboardTest, ShowsHowStoresStandAsJson) {
  const Answer answer = get("/api/v1/status");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  const auto json = nlohmann::json::parse(answer.text);
  ASSERT_EQ(json["stores"].size(), 3u);
  EXPECT_EQ(json["stores"][0]["store"], "stackgraph");
}

TEST_F(DashboardTest, TellsWhetherItTurns) {
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/-/ready").status, 200);
  control_.is_alive = false;
  EXPECT_EQ(get("/-/ready").status, 503);
  EXPECT_EQ(get("/-/healthy").status, 200);
}

TEST_F(DashboardTest, AnswersAHeadWithoutABody) {
  const Answer answer = call("HEAD", "/metrics", {});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.text, "");
}

TEST_F(DashboardTest, DoesWhatWhoHasTheTokenAsks) {
  EXPECT_EQ(post("/api/v1/stores/stackgraph/run", R"({"task": "verify"})").status, 202);
  EXPECT_EQ(post("/api/v1/stores/stackgraph/run").status, 202);
  EXPECT_EQ(post("/api/v1/stores/stackgraph/pause", R"({"reason": "moving"})").status, 200);
  EXPECT_EQ(post("/api/v1/stores/stackgraph/pause").status, 200);
  EXPECT_EQ(post("/api/v1/stores/stackgraph/resume").status, 200);
  const std::string by = " by 127.0.0.1 over HTTP";
  EXPECT_THAT(control_.done, ElementsAre("run stackgraph verify" + by, "run stackgraph backup" + by,
                                         "pause stackgraph for 'moving'" + by,
                                         "pause stackgraph for ''" + by, "resume stackgraph" + by));
}

TEST_F(DashboardTest, TellsWhyAnActionIsNotDone) {
  const Answer runs = post("/api/v1/stores/clickhouse/run");
  EXPECT_EQ(runs.status, 409);
  EXPECT_EQ(
      nlohmann::json::parse(runs.text),
      (nlohmann::json{{"error", "run clickhouse: it runs now"}, {"advice", "wait for its end"}}));
  EXPECT_EQ(post("/api/v1/stores/nosuch/run").status, 404);
  EXPECT_EQ(post("/api/v1/stores/nosuch/pause").status, 404);
  control_.broken = true;
  EXPECT_EQ(get("/api/v1/status").status, 503);
}

TEST_F(DashboardTest, RefusesBodiesThatAreNotWhatItKnows) {
  const std::string run = "/api/v1/stores/stackgraph/run";
  for (const char* body : {"{", "[]", "7", R"({"Task": "verify"})", R"({"task": 7})",
                           R"({"task": "destroy"})", R"({"task": "verify", "more": 1})"}) {
    EXPECT_EQ(post(run, body).status, 400) << body;
  }
  EXPECT_EQ(post(run, std::string(5000, ' ') + "{}").status, 400);
  EXPECT_EQ(post("/api/v1/stores/stackgraph/resume", R"({"reason": "x"})").status, 400);
  const std::string long_reason = R"({"reason": ")" + std::string(501, 'x') + "\"}";
  EXPECT_EQ(post("/api/v1/stores/stackgraph/pause", long_reason).status, 400);
  const http::Headers form = {{"Authorization", "Bearer open sesame"},
                              {"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(call("POST", run, form, "task=verify").status, 415);
  EXPECT_THAT(control_.done, ElementsAre());
}

TEST_F(DashboardTest, DoesNothingWithoutTheToken) {
  const std::string pause = "/api/v1/stores/stackgraph/pause";
  EXPECT_EQ(post(pause, "", "open sesam").status, 401);
  EXPECT_EQ(call("POST", pause, {}).status, 401);
  EXPECT_EQ(call("POST", pause, {{"Authorization", "Basic open sesame"}}).status, 401);
  EXPECT_THAT(call("POST", pause, {}).header("WWW-Authenticate"), StartsWith("Bearer"));
  EXPECT_EQ(call("POST", pause, {{"Authorization", "bEaReR open sesame"}}).status, 200);
  EXPECT_EQ(control_.done.size(), 1u);
}

TEST_F(DashboardTest, MakesWaitWhoGuesses) {
  const std::string pause = "/api/v1/stores/stackgraph/pause";
  for (int i = 0; i < Attempts::kAllowed; ++i) EXPECT_EQ(post(pause, "", "guess").status, 401);
  const Answer answer = post(pause);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("Retry-After"), "6");
  EXPECT_THAT(control_.done, ElementsAre());
  EXPECT_EQ(get("/metrics").status, 200);
}

TEST_F(DashboardTest, ChangesNothingByAGet) {
  const http::Headers token = {{"Authorization", "Bearer open sesame"}};
  for (const char* action : {"run", "pause", "resume"}) {
    const Answer answer = call("GET", "/api/v1/stores/stackgraph/" + std::string(action), token);
    EXPECT_EQ(answer.status, 405);
    EXPECT_EQ(answer.header("Allow"), "POST");
  }
  EXPECT_EQ(call("POST", "/metrics", token).status, 405);
  EXPECT_EQ(call("DELETE", "/api/v1/status", token).status, 405);
  EXPECT_THAT(control_.done, ElementsAre());
}

TEST_F(DashboardTest, HasNothingElsewhere) {
  EXPECT_EQ(get("/").status, 200);
  for (const char* target : {"/metricsx", "/api", "/api/v1/stores/", "/api/v1/stores/x/destroy",
                             "/api/v1/stores/a/b/run", "/../etc/passwd", "/%2e"}) {
    EXPECT_EQ(get(target).status, 404) << target;
  }
}

TEST_F(DashboardTest, GivesBrowsersNothingToRunFrameOrKeep) {
  for (const char* target : {"/", "/metrics", "/nosuch", "/api/v1/status"}) {
    const Answer answer = get(target);
    EXPECT_THAT(answer.header("Content-Security-Policy"), StartsWith("default-src 'none'"));
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.header("X-Frame-Options"), "DENY");
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
  }
}

class DashboardWithoutToken : public DashboardTest {
 protected:
  DashboardWithoutToken() : DashboardTest("") {}
};

TEST_F(DashboardWithoutToken, ShowsAndDoesNothing) {
  EXPECT_EQ(get("/metrics").status, 200);
  for (const char* token : {"open sesame", ""}) {
    const Answer answer = post("/api/v1/stores/stackgraph/pause", "", token);
    EXPECT_EQ(answer.status, 403);
    EXPECT_THAT(answer.text, HasSubstr("set holdfast.run.token"));
  }
  EXPECT_THAT(control_.done, ElementsAre());
}

}  // namespace
}  // namespace holdfast::dashboard
