#include "config/job_checks.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "core/byte_rate.hpp"
#include "core/duration_text.hpp"
#include "core/object_name.hpp"
#include "core/sql_name.hpp"

namespace backfill::config {
namespace {

struct Limit {
  std::string_view path;
  std::chrono::milliseconds value;
};

void wants_below(const Limit& low, const Limit& high, std::vector<Conflict>& conflicts) {
  if (low.value < high.value) return;
  conflicts.push_back(
      {{std::string(low.path), std::string(high.path)},
       fmt::format("{} ({}) must be below {} ({})", low.path, duration_text(low.value), high.path,
                   duration_text(high.value))});
}

void check_batch(const Job& job, std::vector<Conflict>& conflicts) {
  const BatchSettings& batch = job.pace.batch;
  if (batch.min_rows > batch.max_rows) {
    conflicts.push_back(
        {{"pace.batch.min_rows", "pace.batch.max_rows"},
         fmt::format("pace.batch.min_rows ({}) must not be above pace.batch.max_rows ({})",
                     batch.min_rows.value, batch.max_rows.value)});
  }
  if (batch.target) {
    wants_below({"pace.batch.target", *batch.target},
                {"safety.statement_timeout", job.safety.statement_timeout}, conflicts);
  }
}

void check_query(const Job& job, std::vector<Conflict>& conflicts) {
  const std::optional<QueryThrottle>& query = job.throttle.query;
  if (!query || query->sql.empty() || query->slow < query->stop) return;
  conflicts.push_back(
      {{"throttle.query.slow", "throttle.query.stop"},
       fmt::format("throttle.query.slow ({}) must be below throttle.query.stop ({})", query->slow,
                   query->stop)});
}

void check_counts(std::string_view section, const std::optional<CountThrottle>& limits,
                  std::vector<Conflict>& conflicts) {
  if (!limits || limits->slow < limits->stop) return;
  const std::string slow = fmt::format("{}.slow", section);
  const std::string stop = fmt::format("{}.stop", section);
  std::string message =
      fmt::format("{} ({}) must be below {} ({})", slow, limits->slow, stop, limits->stop);
  conflicts.push_back({{slow, stop}, std::move(message)});
}

void check_wal_rate(const Job& job, std::vector<Conflict>& conflicts) {
  const std::optional<ByteRateThrottle>& limits = job.throttle.wal_rate;
  if (!limits || limits->slow < limits->stop) return;
  conflicts.push_back({{"throttle.wal_rate.slow", "throttle.wal_rate.stop"},
                       fmt::format("throttle.wal_rate.slow ({}) must be below "
                                   "throttle.wal_rate.stop ({})",
                                   byte_rate_text(limits->slow), byte_rate_text(limits->stop))});
}

void check_slot_wal(const Job& job, std::vector<Conflict>& conflicts) {
  const std::optional<ByteThrottle>& limits = job.throttle.slot_wal;
  if (!limits || limits->slow < limits->stop) return;
  conflicts.push_back({{"throttle.slot_wal.slow", "throttle.slot_wal.stop"},
                       fmt::format("throttle.slot_wal.slow ({}) must be below "
                                   "throttle.slot_wal.stop ({})",
                                   byte_size_text(limits->slow), byte_size_text(limits->stop))});
}

/// A row whose key changed while the job walks along it could be met a second time.
void check_key_is_not_set(const Job& job, std::vector<Conflict>& conflicts) {
  for (const SetColumn& set : job.set) {
    if (std::find(job.key.begin(), job.key.end(), set.column) == job.key.end()) continue;
    conflicts.push_back({{"set." + set.column, "set", "key"},
                         fmt::format("set: column {} is part of the key that the job walks along, "
                                     "so it cannot change",
                                     name_text(set.column))});
  }
}

void check_preserved_are_not_set(const Job& job, std::vector<Conflict>& conflicts) {
  if (!job.preserve.empty() && job.name.size() > keep_job_bytes_max) {
    conflicts.push_back({{"preserve", "name"},
                         fmt::format("preserve names a trigger after the job, whose name may then "
                                     "have {} bytes, not {}",
                                     keep_job_bytes_max, job.name.size())});
  }
  for (const SetColumn& set : job.set) {
    if (std::ranges::find(job.preserve, set.column) == job.preserve.end()) continue;
    conflicts.push_back({{"set." + set.column, "set", "preserve"},
                         fmt::format("set: column {} is to be preserved, so it cannot change",
                                     name_text(set.column))});
  }
}

}  // namespace

std::vector<Conflict> conflicts_of(const Job& job) {
  std::vector<Conflict> conflicts;
  check_batch(job, conflicts);
  wants_below({"throttle.replica_lag.slow", job.throttle.replica_lag.slow},
              {"throttle.replica_lag.stop", job.throttle.replica_lag.stop}, conflicts);
  check_query(job, conflicts);
  check_wal_rate(job, conflicts);
  check_slot_wal(job, conflicts);
  check_counts("throttle.archive_backlog", job.throttle.archive_backlog, conflicts);
  check_counts("throttle.xmin_age", job.throttle.xmin_age, conflicts);
  wants_below({"safety.lock_timeout", job.safety.lock_timeout},
              {"safety.statement_timeout", job.safety.statement_timeout}, conflicts);
  check_key_is_not_set(job, conflicts);
  check_preserved_are_not_set(job, conflicts);
  return conflicts;
}

}  // namespace backfill::config
