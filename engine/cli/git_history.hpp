#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/child_output.hpp"

/// What git knows of a file.
namespace backfill::cli {

struct FileCommit {
  std::string id;
  std::string date;  ///< YYYY-MM-DD
  std::string path;  ///< of the file in it, from the top of the repository
  friend bool operator==(const FileCommit&, const FileCommit&) = default;
};

struct FileHistory {
  std::vector<FileCommit> commits;  ///< that touched the file, the oldest first; through renames
  bool cut_off = false;             ///< a shallow clone that begins with the oldest of them
};

using RunChild = std::function<std::optional<ChildOutput>(const std::vector<std::string>&)>;

/// Asks git, which must be there. `since` limits what counts to that revision and before.
class Git {
 public:
  Git(RunChild run, std::string revision);

  /// Absent when the file stands in no repository, or git is not there; `trouble` then says why,
  /// unless there is simply no repository.
  [[nodiscard]] std::optional<FileHistory> history(const std::string& file, std::string* trouble);

  /// The file's text as of a commit; absent when that cannot be read.
  [[nodiscard]] std::optional<std::string> text(const std::string& file, const FileCommit& commit);

 private:
  [[nodiscard]] std::optional<ChildOutput> ask(const std::string& file,
                                               std::vector<std::string> words) const;
  [[nodiscard]] bool cut_off(const std::string& file, const std::string& oldest) const;

  RunChild run_;
  std::string revision_;
};

/// Of `git log --follow --name-status -z --format=%x01%H%x02%cs`, the oldest first. `--follow` goes
/// on from a file to the one that it was copied from: that is another job, and the copy a
/// beginning.
[[nodiscard]] std::vector<FileCommit> read_log(std::string_view output);

}  // namespace backfill::cli
