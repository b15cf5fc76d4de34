#include "cli/git_history.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

namespace backfill::cli {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::string folder_of(const std::string& file) {
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  return folder.empty() ? "." : folder.string();
}

/// What stands before the next NUL byte, which goes with it.
std::string_view take_part(std::string_view* text) {
  const std::string_view part = text->substr(0, text->find('\0'));
  text->remove_prefix(std::min(part.size() + 1, text->size()));
  return part;
}

bool contains_line(const std::filesystem::path& file, const std::string& wanted) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (line == wanted) return true;
  }
  return false;
}

}  // namespace

std::vector<FileCommit> read_log(std::string_view output) {
  std::vector<FileCommit> commits;
  while (!output.empty()) {
    const std::size_t begin = output.find('\x01');
    if (begin == std::string_view::npos) break;
    output.remove_prefix(begin + 1);
    const std::string_view entry = output.substr(0, output.find('\x01'));
    const std::size_t middle = entry.find('\x02');
    if (middle == std::string_view::npos) break;
    std::string_view rest = entry.substr(middle + 1);
    FileCommit commit;
    commit.id = entry.substr(0, middle);
    commit.date = take_part(&rest);
    if (rest.starts_with('\n')) rest.remove_prefix(1);
    const std::string_view status = take_part(&rest);
    const bool moved = status.starts_with('R') || status.starts_with('C');
    if (moved) static_cast<void>(take_part(&rest));  // the name that it comes from
    commit.path = take_part(&rest);
    if (!commit.path.empty()) commits.push_back(std::move(commit));
    if (status.starts_with('C') || status.starts_with('A')) break;
  }
  std::ranges::reverse(commits);
  return commits;
}

Git::Git(RunChild run, std::string revision)
    : run_(std::move(run)), revision_(std::move(revision)) {}

std::optional<ChildOutput> Git::ask(const std::string& file, std::vector<std::string> words) const {
  std::vector<std::string> command{"git", "-C", folder_of(file), "--literal-pathspecs"};
  command.insert(command.end(), words.begin(), words.end());
  return run_(command);
}

std::optional<FileHistory> Git::history(const std::string& file, std::string* trouble) {
  const auto inside = ask(file, {"rev-parse", "--is-inside-work-tree"});
  if (!inside) {
    *trouble = "git cannot be started";
    return std::nullopt;
  }
  if (inside->code != 0) {
    const bool none = inside->err.find("not a git repository") != std::string::npos;
    if (!none) *trouble = trimmed(inside->err);
    return std::nullopt;
  }
  const std::string name = std::filesystem::path(file).filename().string();
  const auto log = ask(file, {"log", "--follow", "--name-status", "-z", "--format=%x01%H%x02%cs",
                              "--end-of-options", revision_, "--", name});
  if (!log) return std::nullopt;
  if (log->code != 0) {
    // A repository without a commit has no history, and that is no trouble.
    const bool unborn =
        revision_ == "HEAD" &&
        ask(file, {"rev-parse", "--verify", "-q", "HEAD"}).value_or(ChildOutput{}).code != 0;
    if (unborn) return FileHistory{};
    *trouble = trimmed(log->err);
    return std::nullopt;
  }
  FileHistory history;
  history.commits = read_log(log->out);
  if (!history.commits.empty()) {
    history.cut_off = cut_off(file, history.commits.front().id);
  }
  return history;
}

std::optional<std::string> Git::text(const std::string& file, const FileCommit& commit) {
  const auto shown = ask(file, {"show", commit.id + ":" + commit.path});
  if (!shown || shown->code != 0) return std::nullopt;
  return shown->out;
}

bool Git::cut_off(const std::string& file, const std::string& oldest) const {
  const auto path = ask(file, {"rev-parse", "--git-path", "shallow"});
  if (!path || path->code != 0) return false;
  const std::filesystem::path list(trimmed(path->out));
  return contains_line(std::filesystem::path(folder_of(file)) / list, oldest);
}

}  // namespace backfill::cli
