#include "signals/flag_file_signal.hpp"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <utility>

#include <fmt/format.h>

#include "pg/clock.hpp"

namespace backfill {

// Of the file system and not of the server; a path that cannot be looked at is no sign that the
// file is not there, nor is one into a folder that is missing: a file system that is not mounted,
// or a name that nobody will ever make.
pg::asio::awaitable<Result<Reading>> FlagFileSignal::read(pg::Connection*) {
  const std::string path = *path_;
  struct stat found{};
  const bool there = ::lstat(path.c_str(), &found) == 0;
  int reason = there ? 0 : errno;
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  if (reason == ENOENT) reason = ::stat(folder.c_str(), &found) == 0 ? 0 : errno;
  if (reason != 0) {
    co_return fatal_error(fmt::format("whether the flag file {} is there cannot be told: {}", path,
                                      std::strerror(reason)));
  }
  Signal signal;
  signal.name = name();
  signal.value = there ? 1.0 : 0.0;
  signal.slow = 0.5;
  signal.stop = 1.0;
  signal.taken_at = pg::now();
  signal.text = fmt::format("the flag file {} is there", path);
  Reading reading;
  reading.signals.push_back(std::move(signal));
  co_return reading;
}

}  // namespace backfill
