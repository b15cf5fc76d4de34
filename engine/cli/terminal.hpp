#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// What is known about the streams that a command writes to.
namespace backfill::cli {

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

struct Terminal {
  bool stdout_is_terminal = false;
  bool stderr_is_terminal = false;
  bool live = false;           ///< stderr can redraw lines: a terminal with TERM other than dumb
  bool stdout_colour = false;  ///< a terminal, and NO_COLOR is not set
  bool stderr_colour = false;
  bool utf8 = false;
};

/// The value of an environment variable; absent when it is not set.
using Variables = std::function<std::optional<std::string>(std::string_view)>;

/// Whether the variables ask for UTF-8: LC_ALL, else LC_CTYPE, else LANG (POSIX, "Environment
/// Variables" 8.2); the first that is set and not empty decides.
[[nodiscard]] bool wants_utf8(const Variables& variables);

[[nodiscard]] Terminal terminal_of(bool stdout_is_terminal, bool stderr_is_terminal,
                                   const Variables& variables);

/// Of this process.
[[nodiscard]] Terminal this_terminal();

/// Asked anew before each drawing, so that a resized window needs no signal handler.
[[nodiscard]] ScreenSize screen_size(int file_descriptor);

/// Writes everything. False when the reader has gone or the device is full (errno says which);
/// SIGPIPE is ignored by the process, so a closed pipe is no more than that.
[[nodiscard]] bool write_all(int file_descriptor, std::string_view text);

}  // namespace backfill::cli
