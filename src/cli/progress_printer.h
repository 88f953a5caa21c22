// Progress on standard error: one line that is rewritten on a terminal, a plain line every ten
// seconds elsewhere.
#pragma once

#include <mutex>

#include "base/context.h"
#include "base/progress.h"

namespace holdfast::cli {

// kLog: as lines of the log, which are told apart from others by programs.
enum class ProgressStyle { kTerminal, kLines, kLog, kSilent };

class ProgressPrinter : public Progress {
 public:
  // `descriptor` receives the text (2 in the program).
  ProgressPrinter(const Context& context, ProgressStyle style, int descriptor);
  ~ProgressPrinter() override;
  void phase(std::string_view name, std::uint64_t total_bytes,
             std::uint64_t total_objects) override;
  void advance(std::uint64_t bytes, std::uint64_t objects) override;
  void belongs_to(std::string_view run_id) override;
  void note(std::string_view line) override;
  // Ends the line that stands; called before anything else is printed.
  void finish();

 private:
  void show(bool last);
  std::string line() const;
  void print(const std::string& text);

  Context context_;
  ProgressStyle style_;
  int descriptor_;
  std::mutex mutex_;
  std::string name_;
  std::uint64_t total_bytes_ = 0, total_objects_ = 0, bytes_ = 0, objects_ = 0;
  SteadyTime began_, shown_;
  bool open_ = false;
};

}  // namespace holdfast::cli
