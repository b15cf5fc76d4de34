#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/variables.hpp"

namespace backfill {

/// Line and column, from 1, the column in characters.
struct FilePlace {
  int line = 0;
  int column = 0;
  friend bool operator==(const FilePlace&, const FilePlace&) = default;
};

/// The way from the top of a file to a value: keys, unquoted names of columns under `set`, `add`
/// and `columns`, and numbers (from 1) in lists: `{"set", "email"}`, `{"enforce", "2", "check"}`.
using JobPath = std::vector<std::string>;

/// A job file that has been read without problems, and where things are in it.
class JobPlaces {
 public:
  JobPlaces(std::string_view text, const Environment& environment);
  ~JobPlaces();
  JobPlaces(const JobPlaces&) = delete;
  JobPlaces& operator=(const JobPlaces&) = delete;

  struct Found {
    FilePlace place;   ///< of the byte asked for
    int key_line = 0;  ///< of the key that the value stands behind
  };
  /// Absent when the file does not say it; `offset` counts bytes of the value.
  [[nodiscard]] std::optional<Found> find(const JobPath& path, std::size_t offset) const;

  /// A scalar's text with its variables replaced, comments of SQL and all.
  [[nodiscard]] std::optional<std::string> value(const JobPath& path) const;

  /// The scalar, or the scalars of the list, as they are written, before variables are replaced.
  [[nodiscard]] std::vector<std::string> written(const JobPath& path) const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Where a job file says something that the server has an objection to. Paths are `table`, `key`,
/// `where`, and with the unquoted name of a column `set.NAME`, `add.NAME` and `columns.NAME`;
/// `offset` counts bytes of the value. Absent when the file does not say it.
[[nodiscard]] std::optional<FilePlace> find_place(std::string_view text, std::string_view path,
                                                  std::size_t offset,
                                                  const Environment& environment);

/// "jobs/emails.yaml:12:9", of the file on disk; empty when that cannot be read any more, or does
/// not say it.
[[nodiscard]] std::string place_in_file(const std::string& file, std::string_view path,
                                        std::size_t offset);

}  // namespace backfill
