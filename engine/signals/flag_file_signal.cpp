#include "signals/flag_file_signal.hpp"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <utility>

#include <fmt/format.h>

#include "pg/clock.hpp"

namespace backfill {

// Of the file system and not of the server; a path that cannot be looked at is no sign that the
// file is not there.
pg::asio::awaitable<Result<Reading>> FlagFileSignal::read(pg::Connection*) {
  const std::string path = *path_;
  struct stat found{};
  const bool there = ::lstat(path.c_str(), &found) == 0;
  const int reason = errno;
  if (!there && reason != ENOENT && reason != ENOTDIR) {
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
