#include "datastore/stackgraph/command_tool.h"

#include <algorithm>
#include <fmt/format.h>
#include <sstream>
#include <sys/stat.h>

#include "base/child.h"
#include "base/error.h"
#include "base/log.h"
#include "datastore/stackgraph/export_pipe.h"

namespace holdfast::datastore::sg {

namespace {

constexpr std::size_t kLongestLine = 300;
constexpr std::string_view kPipe = "{pipe}";
// A file system may note times only to the second or two.
constexpr auto kCoarseTime = std::chrono::seconds(2);

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

std::vector<std::string> arguments_of(const std::vector<std::string>& command, const fs::path& file,
                                      bool force) {
  std::vector<std::string> out;
  for (std::string argument : command) {
    if (argument == "{force}" && !force) continue;
    replace_all(argument, "{force}", force ? "-force" : "");
    replace_all(argument, "{file}", file.string());
    replace_all(argument, kPipe, file.string());
    out.push_back(std::move(argument));
  }
  return out;
}

// For people: plain characters, and not without end.
std::vector<std::string> lines_of(const std::string& output) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin < output.size()) {
    const std::size_t end = std::min(output.find('\n', begin), output.size());
    std::string line = output.substr(begin, std::min(end - begin, kLongestLine));
    for (char& c : line) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
      // Some of the others move the cursor or turn the line around.
      if (static_cast<unsigned char>(c) > 0x7f) c = '?';
    }
    if (line.find_first_not_of(' ') != std::string::npos) lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

bool names(const std::vector<std::string>& command, std::string_view what) {
  return std::any_of(command.begin(), command.end(), [&](const std::string& argument) {
    return argument.find(what) != std::string::npos;
  });
}

class CommandTool : public GraphTool {
 public:
  explicit CommandTool(CommandOptions options)
      : options_(std::move(options)), streams_(names(options_.export_command, kPipe)) {
    if (!streams_) return;
    const bool looks_into_it = options_.most_bytes > 0 || !options_.required_line.empty();
    if (looks_into_it || names(options_.export_command, "{file}")) {
      throw InvalidArgument("exportCommand of " + options_.what,
                            looks_into_it ? "what it writes is looked at as a whole"
                                          : "it names {file} as well as {pipe}",
                            "give it {file} alone");
    }
  }

  bool streams() const override { return streams_; }

  Measurement export_graph(const Context& context, const fs::path& file,
                           Progress& progress) override {
    if (streams_) return GraphTool::export_graph(context, file, progress);
    progress.phase("export", 0, 0);
    run_export(context, file);
    return {};
  }

  Measurement stream_graph(const Context& context, const fs::path& folder, const Sink& take,
                           Progress& progress) override {
    progress.phase("export", 0, 0);
    const std::string what = "export " + options_.what;
    const fs::path path = folder / "export.pipe";
    ExportPipe pipe(path);
    Result result;
    pipe.take_while(context, take, progress,
                    [&] { result = run(context, what, options_.export_command, path, false); });
    judge(what, options_.export_command.front(), result);
    if (pipe.is_still_open()) {
      throw Failed(what, "somebody still writes into the pipe after the command has ended",
                   "the command must end when the export is complete");
    }
    if (!pipe.is_whole()) {
      throw Failed(what, "the command put something else in the place of the pipe",
                   "it must write into the pipe from its beginning to its end; if it cannot, give "
                   "it {file}");
    }
    return {};
  }

  void run_export(const Context& context, const fs::path& file) {
    const WallTime started = context.clock().now();
    const Result result =
        run(context, "export " + options_.what, options_.export_command, file, false);
    judge("export " + options_.what, options_.export_command.front(), result);
    require_file(file, started);
    if (const std::string why = why_not(file); !why.empty()) {
      throw Failed("export " + options_.what, "the command ended with 0, but the file " + why);
    }
  }

  std::optional<bool> is_empty(const Context&) override { return std::nullopt; }

  void check_file(const Context&, const fs::path& file) override {
    if (const std::string why = why_not(file); !why.empty()) {
      throw Corrupt("import " + file.filename().string(), "the file " + why);
    }
  }

  void import_graph(const Context& context, const fs::path& file, bool force,
                    Progress& progress) override {
    progress.phase("import", 0, 0);
    const std::string what = "import " + file.filename().string();
    const Result result = run(context, what, options_.import_command, file, force);
    // With -force it means nothing: data may be gone already.
    if (!force) refuse_not_empty(what, result);
    judge(what, options_.import_command.front(), result);
  }

  void clear(const Context&, Progress&) override {
    throw Unsupported("clear the graph", "only its own importer does that, with -force");
  }

  Measurement measure(const Context&) override {
    throw Unsupported("measure the graph", "only its own importer and exporter know it",
                      "with holdfast.stackgraph.driver gremlin it can be counted");
  }

 private:
  // Why the file is no export; empty: it may be one.
  std::string why_not(const fs::path& file) const {
    const std::uint64_t bytes = size_of_file(file);
    if (bytes == 0) return "is empty";
    if (options_.most_bytes > 0 && bytes > options_.most_bytes) {
      return fmt::format("has {} bytes, and {} are the most", bytes, options_.most_bytes);
    }
    if (options_.required_line.empty()) return "";
    std::istringstream in(read_file(file, bytes));
    for (std::string line; std::getline(in, line);) {
      line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
      if (line.starts_with(options_.required_line)) return "";
    }
    return "has no line that begins with " + options_.required_line;
  }

  struct Result {
    int status = 0;
    std::vector<std::string> lines;
  };

  Result run(const Context& context, const std::string& what,
             const std::vector<std::string>& command, const fs::path& file, bool force) {
    ChildOptions child;
    child.arguments = arguments_of(command, file, force);
    child.folder = options_.folder.empty() ? file.parent_path() : options_.folder;
    for (const auto& [name, value] : options_.environment) {
      child.environment[name] = std::string(value.reveal());
    }
    // What is left of its group may still write.
    child.ends_with_group = true;
    const CommandResult result = run_limited(context, what, child);
    Result out{result.status, lines_of(without_secrets(result.output))};
    for (const std::string& line : out.lines) log::info(context, line);
    return out;
  }

  std::string without_secrets(std::string output) const {
    // Shorter ones are words of other texts as well.
    constexpr std::size_t kShortest = 6;
    for (const auto& [name, value] : options_.environment) {
      if (value.reveal().size() >= kShortest) replace_all(output, value.reveal(), "***");
    }
    return output;
  }

  CommandResult run_limited(const Context& context, const std::string& what,
                            const ChildOptions& child) {
    try {
      return run_command(context.with_timeout(options_.time_limit), child);
    } catch (const DeadlineExceeded&) {
      context.check(what);
      throw Failed(
          what,
          fmt::format(
              "{} was not done after {} seconds and was ended", child.arguments.front(),
              std::chrono::duration_cast<std::chrono::seconds>(options_.time_limit).count()),
          "look at what it waits for, or raise its timeLimit");
    } catch (const NotFound& error) {
      throw Failed(what, "there is no program " + child.arguments.front(), error.advice());
    }
  }

  static void refuse_not_empty(const std::string& what, const Result& result) {
    for (const std::string& line : result.lines) {
      if (line.find(kNotEmpty) != std::string::npos) {
        throw Refused(what, std::string(kNotEmpty),
                      "give --force to replace the data that is there");
      }
    }
  }

  static void judge(const std::string& what, const std::string& program, const Result& result) {
    if (result.status == 0) return;
    // What comes last tells most, but for what is always there.
    std::string last;
    for (const std::string& line : result.lines) {
      if (!line.starts_with("WARNING:")) last = line;
    }
    throw Failed(what,
                 fmt::format("{} ended with status {}{}{}", program, result.status,
                             last.empty() ? "" : ": ", last),
                 "its whole output is in the log, unless -q is given");
  }

  void require_file(const fs::path& file, WallTime started) const {
    struct stat info{};
    if (::lstat(file.c_str(), &info) < 0) {
      throw Failed("export " + options_.what,
                   "Export failed. Backup file \"" + file.string() + "\" does not exist",
                   "the command ended with 0: look whether exportCommand names {file}");
    }
    const auto changed = WallTime(std::chrono::seconds(info.st_mtim.tv_sec)) +
                         std::chrono::duration_cast<WallTime::duration>(
                             std::chrono::nanoseconds(info.st_mtim.tv_nsec));
    std::string why;
    if (!S_ISREG(info.st_mode)) why = "is no file";
    if (changed + kCoarseTime < started) why = "is older than this run";
    if (why.empty()) return;
    throw Failed("export " + options_.what,
                 "the command ended with 0, but \"" + file.string() + "\" " + why);
  }

  CommandOptions options_;
  const bool streams_;
};

}  // namespace

std::unique_ptr<GraphTool> make_command_tool(const CommandOptions& options) {
  return std::make_unique<CommandTool>(options);
}

void run_export_command(const Context& context, const CommandOptions& options,
                        const fs::path& file) {
  CommandTool(options).run_export(context, file);
}

}  // namespace holdfast::datastore::sg
