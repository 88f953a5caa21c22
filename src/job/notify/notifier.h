// Tells events to every channel, each in a thread of its own, so that no backup waits for a slow
// mail server. An event is tried again, with growing pauses, for a bounded time; one line in the
// log says when it is given up. A channel that has taken an event never gets it again.
//
// How it is used, so that each event is told once over restarts and crashes too: whenever status
// was read, tell() every one of events_of(); note_told() and store what `settled` is called with.
// What is lost in a crash before that is told again.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "job/notify/channel.h"

namespace holdfast::job {

struct NotifierOptions {
  Duration first_pause = std::chrono::seconds(5);  // doubled after each try
  Duration longest_pause = std::chrono::minutes(5);
  Duration give_up_after = std::chrono::hours(1);  // from the first try on
  Duration grace = std::chrono::seconds(10);       // for what is in hand when it ends
  std::size_t most_waiting = 256;                  // events
};

class Notifier {
 public:
  struct Count {
    std::string_view channel;
    std::uint64_t told = 0, given_up = 0;
  };

  // `settled` is called, from a thread of the notifier's, when every channel has taken an event or
  // given it up; it must not throw, nor call the notifier. Without channels nothing is told, and
  // nothing settled: what is wrong then is told when there are some.
  Notifier(const Context& context, NotifierOptions options,
           std::vector<std::unique_ptr<Channel>> channels,
           std::function<void(const Event&)> settled);
  // What is in hand is tried once more; at the latest after the grace it is left, and not settled.
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Returns at once. An event of the same store, task and state that is in hand already, and one
  // beyond most_waiting, are dropped: events_of() has them again.
  void tell(const Event& event);
  std::vector<Count> counts() const;

 private:
  struct Letter;
  class Line;

  void done_with(Letter& letter);

  const Context context_;
  const NotifierOptions options_;
  const std::function<void(const Event&)> settled_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Letter>> in_hand_;
  bool ending_ = false;
  std::size_t running_ = 0;  // lines
  std::vector<std::unique_ptr<Line>> lines_;
};

}  // namespace holdfast::job
