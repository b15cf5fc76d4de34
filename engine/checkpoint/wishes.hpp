#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backfill/result.hpp"
#include "backfill/units.hpp"
#include "pg/connection.hpp"

/// What operators want of a job, from any machine: the tables `controls` and `settings`, and a
/// notification that tells its runner to look. Whatever stands there is a value to be judged by who
/// reads it, never a part of a statement.
namespace backfill {

/// The version of the control schema that brought them.
inline constexpr int wishes_version = 3;
/// The channel; the payload is the job's number.
inline constexpr std::string_view wishes_channel = "backfill_control";

struct Pause {
  std::string by;     ///< "alice@host"
  std::string since;  ///< as the server prints it
  friend bool operator==(const Pause&, const Pause&) = default;
};

struct StopWish {
  Epoch epoch;  ///< of the runner that is meant
  bool cancel = false;
  std::string by;
  friend bool operator==(const StopWish&, const StopWish&) = default;
};

/// One row of `backfill.settings`.
struct StoredSetting {
  std::string key;
  std::optional<std::string> file_value;  ///< absent: the job file has no such section
  std::optional<std::string> value;       ///< absent: as in the file
  std::string set_by;                     ///< of `value`
  std::string set_at;
  friend bool operator==(const StoredSetting&, const StoredSetting&) = default;
};

struct Wishes {
  std::int64_t revision = 0;
  std::int64_t acknowledged = 0;
  std::optional<Pause> pause;
  std::optional<StopWish> stop;
  std::vector<StoredSetting> settings;  ///< by key
  friend bool operator==(const Wishes&, const Wishes&) = default;
};

/// What stands; all absent for a job that has not run with a control schema of `wishes_version`.
[[nodiscard]] pg::asio::awaitable<Result<Wishes>> read_wishes(pg::Connection* connection,
                                                              JobId job);

/// A runner puts a revision into effect.
[[nodiscard]] pg::asio::awaitable<Result<void>> acknowledge_wishes(pg::Connection* connection,
                                                                   JobId job,
                                                                   std::int64_t revision);

/// A setting that was taken back since the job file says something else now.
struct DroppedSetting {
  std::string key;
  std::string value;
};

/// A runner begins: notes what its job file says. What was `set` stays, but for settings whose
/// value in the file has changed since: the later word counts.
[[nodiscard]] pg::asio::awaitable<Result<std::vector<DroppedSetting>>> enter_settings(
    pg::Connection* connection, JobId job, Epoch epoch, std::vector<StoredSetting> of_file);

/// Who asks: as they say themselves. The server adds its role and the address to the event.
struct Requester {
  std::string user;
  std::string host;
  int pid = 0;
};

/// One command, as it goes into `backfill.events` and into effect.
struct Command {
  enum class Kind { pause, resume, stop, set };
  Kind kind = Kind::pause;
  StopWish stop;  ///< for stop
  struct Change {
    std::string key;
    std::optional<std::string> before;  ///< the value in force, for the event
    std::optional<std::string> after;   ///< absent: back to the file's
  };
  std::vector<Change> changes;  ///< for set
};

/// Writes the command, its event and the notification in one transaction; gives the new revision.
/// Absent when `seen` is not the revision any more: read again, judge again.
[[nodiscard]] pg::asio::awaitable<Result<std::optional<std::int64_t>>> command_job(
    pg::Connection* connection, JobId job, std::int64_t seen, Command command, Requester requester);

/// "alice@host".
[[nodiscard]] std::string name_of(const Requester& requester);

}  // namespace backfill
