#include "cli/terminal.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace backfill::cli {

namespace {

std::optional<std::string> process_variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

bool set_and_not_empty(const std::optional<std::string>& value) {
  return value.has_value() && !value->empty();
}

}  // namespace

bool wants_utf8(const Variables& variables) {
  for (const std::string_view name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::optional<std::string> value = variables(name);
    if (!set_and_not_empty(value)) continue;
    std::transform(value->begin(), value->end(), value->begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return value->find("utf-8") != std::string::npos || value->find("utf8") != std::string::npos;
  }
  return false;
}

Terminal terminal_of(bool stdout_is_terminal, bool stderr_is_terminal, const Variables& variables) {
  const std::optional<std::string> term = variables("TERM");
  const bool capable = set_and_not_empty(term) && *term != "dumb";
  // https://no-color.org: set and not empty, whatever the value.
  const bool colour = capable && !set_and_not_empty(variables("NO_COLOR"));
  Terminal terminal;
  terminal.stdout_is_terminal = stdout_is_terminal;
  terminal.stderr_is_terminal = stderr_is_terminal;
  terminal.live = stderr_is_terminal && capable;
  terminal.stdout_colour = stdout_is_terminal && colour;
  terminal.stderr_colour = stderr_is_terminal && colour;
  terminal.utf8 = wants_utf8(variables);
  return terminal;
}

Terminal this_terminal() {
  return terminal_of(isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1, process_variable);
}

ScreenSize screen_size(int file_descriptor) {
  ScreenSize size;
  winsize window{};
  if (ioctl(file_descriptor, TIOCGWINSZ, &window) != 0) return size;
  if (window.ws_col > 0) size.columns = window.ws_col;
  if (window.ws_row > 0) size.rows = window.ws_row;
  return size;
}

bool write_all(int file_descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(file_descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Whoever shares the stream has made it non-blocking: wait for room rather than lose text.
      pollfd waiting{file_descriptor, POLLOUT, 0};
      if (poll(&waiting, 1, -1) < 0 && errno != EINTR) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace backfill::cli
