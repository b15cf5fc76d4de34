#include "run/standbys.hpp"

#include <map>
#include <utility>

#include <fmt/format.h>

#include "pg/conninfo.hpp"

namespace backfill::run {

Result<std::vector<AskedStandby>> standbys_of(const Job& job) {
  std::vector<AskedStandby> standbys;
  std::map<std::string, int> seen;
  for (const std::string& conninfo : job.throttle.replica_lag.standbys) {
    AskedStandby standby;
    standby.options.conninfo = conninfo;
    standby.options.application_name = "backfill: " + job.name;
    standby.options.read_write = false;
    const Result<pg::Conninfo> read = pg::read_conninfo(standby.options);
    if (!read) {
      Error error = read.error();
      error.message = "throttle.replica_lag.standbys: " + error.message;
      return error;
    }
    standby.label = read->targets.front().label();
    const int number = ++seen[standby.label];
    if (number > 1) standby.label += fmt::format("#{}", number);
    standbys.push_back(std::move(standby));
  }
  return standbys;
}

}  // namespace backfill::run
