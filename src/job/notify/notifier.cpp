#include "job/notify/notifier.h"

#include <algorithm>
#include <atomic>
#include <fmt/format.h>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "job/notify/message.h"

namespace holdfast::job {

// An event on its way to every channel.
struct Notifier::Letter {
  Event event;
  std::string id;
  std::size_t open = 0;  // channels that are not done with it; guarded by the notifier's mutex

  bool is_for(const Event& other) const {
    return event.store == other.store && event.task == other.task && event.state == other.state;
  }
};

// One channel, its thread and what waits for it.
class Notifier::Line {
 public:
  Line(Notifier& notifier, std::unique_ptr<Channel> channel)
      : notifier_(notifier),
        context_(notifier.context_.cancellable()),
        channel_(std::move(channel)),
        thread_([this] { run(); }) {}
  ~Line() {
    context_.cancel();
    thread_.join();
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  // With the notifier's mutex held.
  void add(std::shared_ptr<Letter> letter) { waiting_.push_back(std::move(letter)); }
  Count count() const { return {channel_->name(), told_, given_up_}; }

 private:
  enum class Outcome { kTold, kGivenUp, kLeft };

  void run() {
    while (const std::shared_ptr<Letter> letter = next()) {
      const Outcome outcome = deliver(*letter);
      if (outcome == Outcome::kLeft) break;
      ++(outcome == Outcome::kTold ? told_ : given_up_);
      notifier_.done_with(*letter);
    }
    const std::lock_guard lock(notifier_.mutex_);
    --notifier_.running_;
    notifier_.changed_.notify_all();
  }

  // None: the notifier ends, and nothing waits.
  std::shared_ptr<Letter> next() {
    std::unique_lock lock(notifier_.mutex_);
    notifier_.changed_.wait(lock, [&] { return !waiting_.empty() || notifier_.ending_; });
    if (waiting_.empty()) return nullptr;
    std::shared_ptr<Letter> letter = waiting_.front();
    waiting_.pop_front();
    return letter;
  }

  Outcome deliver(const Letter& letter) {
    const SteadyTime end = context_.clock().steady() + notifier_.options_.give_up_after;
    Duration pause = notifier_.options_.first_pause;
    while (true) {
      try {
        channel_->send(context_, letter.event, letter.id);
        return Outcome::kTold;
      } catch (const Cancelled&) {
        return Outcome::kLeft;
      } catch (const Error& error) {
        if (!error.retryable() || context_.clock().steady() + pause > end) {
          log::error(context_, fmt::format("nobody was told by {} that {}: {}", channel_->name(),
                                           line_of(letter.event), error.to_string()));
          return Outcome::kGivenUp;
        }
      } catch (const std::exception& error) {
        log::error(context_, fmt::format("nobody was told by {} that {}: {}", channel_->name(),
                                         line_of(letter.event), error.what()));
        return Outcome::kGivenUp;
      }
      if (!rest(pause)) return Outcome::kLeft;
      pause = std::min(pause * 2, notifier_.options_.longest_pause);
    }
  }

  // False when the notifier ends meanwhile.
  bool rest(Duration pause) {
    std::unique_lock lock(notifier_.mutex_);
    const SteadyTime until = context_.clock().steady() + pause;
    while (!notifier_.ending_ && context_.clock().steady() < until) {
      context_.clock().wait(lock, notifier_.changed_, until);
    }
    return !notifier_.ending_;
  }

  Notifier& notifier_;
  const Context context_;
  const std::unique_ptr<Channel> channel_;
  std::deque<std::shared_ptr<Letter>> waiting_;  // guarded by the notifier's mutex
  std::atomic<std::uint64_t> told_{0}, given_up_{0};
  std::thread thread_;
};

Notifier::Notifier(const Context& context, NotifierOptions options,
                   std::vector<std::unique_ptr<Channel>> channels,
                   std::function<void(const Event&)> settled)
    : context_(context), options_(options), settled_(std::move(settled)) {
  running_ = channels.size();
  for (auto& channel : channels)
    lines_.push_back(std::make_unique<Line>(*this, std::move(channel)));
}

Notifier::~Notifier() {
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
    Clock& clock = context_.clock();
    const SteadyTime until = clock.steady() + options_.grace;
    while (running_ > 0 && clock.steady() < until) clock.wait(lock, changed_, until);
  }
  lines_.clear();
}

void Notifier::tell(const Event& event) {
  if (lines_.empty()) return;
  const std::lock_guard lock(mutex_);
  if (ending_ || in_hand_.size() >= options_.most_waiting) return;
  for (const auto& letter : in_hand_) {
    if (letter->is_for(event)) return;
  }
  auto letter = std::make_shared<Letter>(Letter{event, random_hex(16), lines_.size()});
  in_hand_.push_back(letter);
  for (const auto& line : lines_) line->add(letter);
  changed_.notify_all();
}

void Notifier::done_with(Letter& letter) {
  {
    const std::lock_guard lock(mutex_);
    if (--letter.open > 0) return;
  }
  settled_(letter.event);
  const std::lock_guard lock(mutex_);
  std::erase_if(in_hand_, [&](const auto& one) { return one.get() == &letter; });
  changed_.notify_all();
}

std::vector<Notifier::Count> Notifier::counts() const {
  std::vector<Count> counts;
  for (const auto& line : lines_) counts.push_back(line->count());
  return counts;
}

}  // namespace holdfast::job
