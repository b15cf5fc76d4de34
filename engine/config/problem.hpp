#pragma once

#include <string>

namespace backfill {

/// Something in a job file that its author must change. Never holds the value of a variable.
struct Problem {
  std::string file;
  int line = 0;    ///< from 1; 0 when the problem is the file as a whole
  int column = 0;  ///< from 1, in characters
  std::string message;

  friend bool operator==(const Problem&, const Problem&) = default;
};

/// `file:line:column: message`; without a line `file: message`, without a file the message alone.
[[nodiscard]] std::string format(const Problem& problem);

}  // namespace backfill
