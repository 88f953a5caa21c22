#include "cli/progress_printer.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/text.h"

namespace holdfast::cli {

namespace {
constexpr Duration kTerminalInterval = std::chrono::milliseconds(200);
constexpr Duration kLineInterval = std::chrono::seconds(10);
}  // namespace

ProgressPrinter::ProgressPrinter(const Context& context, ProgressStyle style, int descriptor)
    : context_(context), style_(style), descriptor_(descriptor) {}

ProgressPrinter::~ProgressPrinter() { finish(); }

void ProgressPrinter::phase(std::string_view name, std::uint64_t total_bytes,
                            std::uint64_t total_objects) {
  std::lock_guard lock(mutex_);
  show(true);
  name_ = name;
  total_bytes_ = total_bytes;
  total_objects_ = total_objects;
  bytes_ = objects_ = 0;
  began_ = shown_ = context_.clock().steady();
  if (style_ == ProgressStyle::kTerminal) show(false);
}

void ProgressPrinter::advance(std::uint64_t bytes, std::uint64_t objects) {
  std::lock_guard lock(mutex_);
  bytes_ += bytes;
  objects_ += objects;
  Duration interval = style_ == ProgressStyle::kTerminal ? kTerminalInterval : kLineInterval;
  SteadyTime now = context_.clock().steady();
  if (now - shown_ < interval) return;
  shown_ = now;
  show(false);
}

void ProgressPrinter::belongs_to(std::string_view run_id) {
  std::lock_guard lock(mutex_);
  context_ = context_.with_run(run_id);
}

void ProgressPrinter::note(std::string_view text) {
  std::lock_guard lock(mutex_);
  if (style_ == ProgressStyle::kSilent) return;
  if (open_) print("\r\033[K");
  open_ = false;
  if (style_ == ProgressStyle::kLog) return log::info(context_, text);
  print(std::string(text) + "\n");
}

void ProgressPrinter::finish() {
  std::lock_guard lock(mutex_);
  show(true);
  name_.clear();
}

std::string ProgressPrinter::line() const {
  double seconds = std::chrono::duration<double>(context_.clock().steady() - began_).count();
  std::string text = fmt::format("{}: {}", name_, format_bytes(bytes_));
  if (total_bytes_ > 0) {
    text += fmt::format(" of {} ({}%)", format_bytes(total_bytes_), bytes_ * 100 / total_bytes_);
  }
  if (objects_ > 0 || total_objects_ > 0) {
    text += fmt::format(", {}{} objects", objects_,
                        total_objects_ > 0 ? fmt::format(" of {}", total_objects_) : std::string());
  }
  if (seconds >= 1 && bytes_ > 0) {
    double rate = double(bytes_) / seconds;
    text += fmt::format(", {}/s", format_bytes(std::uint64_t(rate)));
    if (total_bytes_ > bytes_) {
      auto left = std::chrono::duration<double>(double(total_bytes_ - bytes_) / rate);
      text += fmt::format(", {} left", format_duration(std::chrono::duration_cast<Duration>(left)));
    }
  }
  return text;
}

void ProgressPrinter::show(bool last) {
  if (name_.empty() || style_ == ProgressStyle::kSilent) return;
  if (last && bytes_ == 0 && objects_ == 0 && !open_) return;  // a phase without countable work
  if (style_ == ProgressStyle::kLog) return log::info(context_, line());
  if (style_ == ProgressStyle::kLines) {
    print(line() + "\n");
    return;
  }
  print("\r\033[K" + line() + (last ? "\n" : ""));
  open_ = !last;
}

void ProgressPrinter::print(const std::string& text) {
  // Progress is worth nothing when standard error is gone; the run is.
  ssize_t ignored = ::write(descriptor_, text.data(), text.size());
  static_cast<void>(ignored);
}

}  // namespace holdfast::cli
