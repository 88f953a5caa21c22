// What `holdfast run` answers over HTTP (docs/guide/metrics.md lists it): metrics, health, how
// every store stands, and the actions pause, resume and run-now for who has the token.
//
// Nothing here lists a bucket: all answers come from what the scheduler holds. A GET changes
// nothing. An action needs `Authorization: Bearer TOKEN` and no body or a small JSON one; a browser
// cannot be made to send that from another site's page. Wrong tokens are counted by address: after
// a few of them that address waits, with 429, also with the right one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "dashboard/attempts.h"
#include "http/server.h"
#include "job/notify/notifier.h"
#include "job/status.h"

namespace holdfast::dashboard {

// What the scheduler lets others see and do. Thread-safe, and quick: every method is called from
// the server's workers, none may wait for a run. Actions are done, or sure to be done, when they
// return. `who` is for the records ("ADDRESS over HTTP").
class Control {
 public:
  virtual ~Control() = default;
  // Every store of this scheduler as it stands now, in the order of the configuration.
  virtual std::vector<job::StoreStatus> status() = 0;
  // Whether every loop of the scheduler has come round lately.
  virtual bool alive() = 0;
  // NotFound: no such store, or it has no such task. Refused: it runs now, or another scheduler
  // works for the store.
  virtual void run_now(const std::string& store, job::TaskKind kind, const std::string& who) = 0;
  // NotFound: no such store. Pausing what is paused keeps the first moment, and takes the new
  // reason; resuming what is not paused changes nothing.
  virtual void pause(const std::string& store, const std::string& reason,
                     const std::string& who) = 0;
  virtual void resume(const std::string& store, const std::string& who) = 0;
  // What came of notifications, as Notifier::counts() has it.
  virtual std::vector<job::Notifier::Count> notifications() { return {}; }
};

struct Options {
  Secret token;  // empty: no actions
};

// Thread-safe. Lives longer than the server that calls it.
class Dashboard {
 public:
  Dashboard(Options options, Control& control);
  // For http::Server. Errors of the control become JSON with a status by their kind; nothing is
  // thrown but the request's body's own errors.
  http::ServerResponse handle(const Context& context, http::ServerRequest& request);
  // For ServerOptions: what must be answered while all workers are busy, and what is said to those
  // whom no handler sees.
  static bool is_urgent(std::string_view target);
  static http::ServerResponse refusal(int status, std::string_view why);

 private:
  struct Action {
    std::string store;
    std::string_view name;  // "run", "pause" or "resume"
  };
  static std::optional<Action> action_of(std::string_view path);
  http::ServerResponse route(const Context& context, http::ServerRequest& request);
  http::ServerResponse act(const Context& context, http::ServerRequest& request,
                           const Action& action);
  http::ServerResponse do_action(const Context& context, http::ServerRequest& request,
                                 const Action& action);

  const Options options_;
  Control& control_;
  Attempts attempts_;
};

}  // namespace holdfast::dashboard
