#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/job_source.hpp"
#include "cli/run_to_end.hpp"
#include "cli/starter_file.hpp"

namespace backfill::cli {

namespace {

namespace fs = std::filesystem;

ExitCode refuse(Console& console, ExitCode code, std::string why, std::string next) {
  console.report("not_written", {code, std::move(why), {}, std::move(next)});
  return code;
}

/// A file of that folder which already is a job of this name, whatever its date.
std::optional<fs::path> file_of_same_name(const fs::path& folder, const std::string& name) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string stem = entry->path().stem().string();
    const std::string extension = entry->path().extension().string();
    if (extension != ".yaml" && extension != ".yml") continue;
    if (stem == name || stem.ends_with("_" + name)) return entry->path();
  }
  return std::nullopt;
}

/// Creates the file and never replaces one, also not one that appears in between. What went wrong,
/// or nothing.
std::string write_new(const fs::path& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) return std::strerror(errno);
  std::string problem;
  while (!text.empty() && problem.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) problem = std::strerror(errno);
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::close(file) != 0 && problem.empty()) problem = std::strerror(errno);
  if (!problem.empty()) ::unlink(path.c_str());
  return problem;
}

/// Asks the server about the table; an exit code when it cannot answer.
std::optional<ExitCode> look(Console& console, Starter& starter) {
  const std::string conninfo = conninfo_of(console, std::nullopt);
  boost::asio::io_context context(1);
  Result<run::TableLook> seen =
      run_to_end(context, run::look_at_table(context.get_executor(), conninfo, *starter.table));
  if (seen) {
    starter.table = seen->target.table;
    starter.look = *std::move(seen);
    return std::nullopt;
  }
  const ExitCode code = run::untouched_exit_code(conninfo, seen.error());
  return refuse(console, code, describe(seen.error()),
                "the same command with another --table or --database, or without --table for a "
                "file with placeholders");
}

}  // namespace

ExitCode new_command(const NewArguments& arguments, Console& console) {
  const fs::path folder = arguments.folder;
  if (const auto there = file_of_same_name(folder, arguments.name)) {
    return refuse(
        console, ExitCode::usage,
        fmt::format("{} is there already", without_controls(there->lexically_normal().string())),
        "backfill new with another name");
  }
  Starter starter;
  starter.kind = arguments.kind;
  starter.name = arguments.name;
  starter.table = arguments.table;
  starter.columns = arguments.columns;
  const fs::path path =
      folder / (starter_prefix(std::chrono::system_clock::now()) + arguments.name + ".yaml");
  starter.file = path.lexically_normal().string();
  if (starter.table) {
    if (const auto code = look(console, starter)) return *code;
  }
  if (std::string problem = problem_of_starter(starter); !problem.empty()) {
    return refuse(console, ExitCode::usage, std::move(problem), "backfill new --help");
  }
  std::error_code unmade;
  fs::create_directories(folder.empty() ? fs::path(".") : folder, unmade);
  if (unmade) {
    return refuse(console, ExitCode::failed,
                  fmt::format("the folder {} cannot be made: {}", without_controls(folder.string()),
                              unmade.message()),
                  "backfill new with another --dir");
  }
  if (const std::string problem = write_new(path, starter_text(starter)); !problem.empty()) {
    return refuse(console, ExitCode::failed,
                  fmt::format("{} cannot be written: {}", starter.file, problem),
                  "backfill new with another --dir");
  }
  console.print(fmt::format("{}\n", starter.file));
  console.log(
      run::Level::info, "written",
      fmt::format("next: put the real expressions in, then backfill plan {}", starter.file));
  return ExitCode::done;
}

}  // namespace backfill::cli
