#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "config/variables.hpp"

namespace backfill {

/// Line and column, from 1, the column in characters.
struct FilePlace {
  int line = 0;
  int column = 0;
  friend bool operator==(const FilePlace&, const FilePlace&) = default;
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
