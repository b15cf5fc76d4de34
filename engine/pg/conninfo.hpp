#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backfill/result.hpp"
#include "core/time.hpp"
#include "pg/scrub.hpp"

namespace backfill::pg {

struct ConnectOptions;

/// One entry of the list of hosts. An empty address is yet to be looked up, an empty port is 5432.
struct Target {
  std::string host;
  std::string hostaddr;
  std::string port;

  /// "host:port", for messages.
  [[nodiscard]] std::string label() const;

  friend bool operator==(const Target&, const Target&) = default;
};

using Keywords = std::vector<std::pair<std::string, std::string>>;

/// What a connection string comes to once libpq has merged it with the service file, the PG*
/// variables and its defaults.
struct Conninfo {
  std::vector<Target> targets;  ///< never empty, in the order they are to be tried
  std::string database;
  std::string user;
  Keywords keywords;  ///< for PQconnectStartParams, without the target's own
  /// The `target_session_attrs` of each round through the targets.
  std::vector<std::string> rounds;
  bool attributes_given = false;  ///< the user has asked for a kind of server
  std::optional<Duration> timeout_per_target;
  Scrubber scrub;
};

/// Errors are all `fatal`: the string, the service or a variable is wrong.
[[nodiscard]] Result<Conninfo> read_conninfo(const ConnectOptions& options);

}  // namespace backfill::pg
