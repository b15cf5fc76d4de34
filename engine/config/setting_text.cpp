#include <array>

#include <fmt/format.h>

#include "config/live_setting.hpp"
#include "core/byte_rate.hpp"
#include "core/duration_text.hpp"
#include "core/time_window.hpp"

namespace backfill {
namespace {

using Milliseconds = std::chrono::milliseconds;

/// Text as the job file has it; absent where the job has no such section.
using Shown = std::optional<std::string>;

struct Shower {
  std::string_view key;
  Shown (*show)(const Job&);
};

std::string text_of(std::optional<Milliseconds> span, std::string_view word) {
  return span ? duration_text(*span) : std::string(word);
}

std::string text_of(std::optional<RowCount> rows) {
  return rows ? std::to_string(rows->value) : "null";
}

/// Absent for an empty list, which a setting cannot be.
Shown text_of(const std::vector<std::string>& words) {
  if (words.empty()) return std::nullopt;
  return fmt::format("{}", fmt::join(words, ","));
}

Shown query_number(const Job& job, double QueryThrottle::* number) {
  if (!job.throttle.query) return std::nullopt;
  return fmt::format("{}", (*job.throttle.query).*number);
}

Shown count(const std::optional<CountThrottle>& limits, std::int64_t CountThrottle::* number) {
  if (!limits) return std::nullopt;
  return std::to_string((*limits).*number);
}

Shown wal_rate(const Job& job, ByteCount ByteRateThrottle::* rate) {
  if (!job.throttle.wal_rate) return std::nullopt;
  return byte_rate_text((*job.throttle.wal_rate).*rate);
}

Shown slot_wal(const Job& job, ByteCount ByteThrottle::* size) {
  if (!job.throttle.slot_wal) return std::nullopt;
  return byte_size_text((*job.throttle.slot_wal).*size);
}

Shown wraparound_vacuum(const Job& job) {
  switch (job.throttle.wraparound_vacuum) {
    case WraparoundVacuum::ignore: return "ignore";
    case WraparoundVacuum::slow: return "slow";
    case WraparoundVacuum::stop: return "stop";
  }
  return std::nullopt;
}

Shown window(const Job& job) {
  return job.throttle.window ? time_window_text(*job.throttle.window) : std::string("always");
}

constexpr std::array<Shower, 25> showers{{
    {"pace.connections",
     [](const Job& job) -> Shown { return std::to_string(job.pace.connections); }},
    {"pace.batch.target",
     [](const Job& job) -> Shown { return text_of(job.pace.batch.target, "auto"); }},
    {"pace.batch.min_rows",
     [](const Job& job) -> Shown { return text_of(job.pace.batch.min_rows); }},
    {"pace.batch.max_rows",
     [](const Job& job) -> Shown { return text_of(job.pace.batch.max_rows); }},
    {"pace.batch.fixed_rows",
     [](const Job& job) -> Shown { return text_of(job.pace.batch.fixed_rows); }},
    {"pace.rows_per_second",
     [](const Job& job) -> Shown { return text_of(job.pace.rows_per_second); }},
    {"throttle.replica_lag.slow",
     [](const Job& job) -> Shown { return duration_text(job.throttle.replica_lag.slow); }},
    {"throttle.replica_lag.stop",
     [](const Job& job) -> Shown { return duration_text(job.throttle.replica_lag.stop); }},
    {"throttle.replica_lag.ignore",
     [](const Job& job) -> Shown { return text_of(job.throttle.replica_lag.ignore); }},
    {"throttle.lock_wait",
     [](const Job& job) -> Shown { return duration_text(job.throttle.lock_wait); }},
    {"throttle.query.slow",
     [](const Job& job) -> Shown { return query_number(job, &QueryThrottle::slow); }},
    {"throttle.query.stop",
     [](const Job& job) -> Shown { return query_number(job, &QueryThrottle::stop); }},
    {"throttle.window", window},
    {"throttle.wal_rate.slow",
     [](const Job& job) -> Shown { return wal_rate(job, &ByteRateThrottle::slow); }},
    {"throttle.wal_rate.stop",
     [](const Job& job) -> Shown { return wal_rate(job, &ByteRateThrottle::stop); }},
    {"throttle.archive_backlog.slow",
     [](const Job& job) -> Shown {
       return count(job.throttle.archive_backlog, &CountThrottle::slow);
     }},
    {"throttle.archive_backlog.stop",
     [](const Job& job) -> Shown {
       return count(job.throttle.archive_backlog, &CountThrottle::stop);
     }},
    {"throttle.xmin_age.slow",
     [](const Job& job) -> Shown { return count(job.throttle.xmin_age, &CountThrottle::slow); }},
    {"throttle.xmin_age.stop",
     [](const Job& job) -> Shown { return count(job.throttle.xmin_age, &CountThrottle::stop); }},
    {"throttle.slot_wal.slow",
     [](const Job& job) -> Shown { return slot_wal(job, &ByteThrottle::slow); }},
    {"throttle.slot_wal.stop",
     [](const Job& job) -> Shown { return slot_wal(job, &ByteThrottle::stop); }},
    {"throttle.wraparound_vacuum", wraparound_vacuum},
    {"safety.lock_timeout",
     [](const Job& job) -> Shown { return duration_text(job.safety.lock_timeout); }},
    {"safety.statement_timeout",
     [](const Job& job) -> Shown { return duration_text(job.safety.statement_timeout); }},
    {"safety.retries", [](const Job& job) -> Shown { return std::to_string(job.safety.retries); }},
}};

}  // namespace

std::vector<Setting> live_settings(const Job& job) {
  std::vector<Setting> settings;
  for (const Shower& shower : showers) {
    if (Shown text = shower.show(job)) {
      settings.push_back({std::string(shower.key), *std::move(text)});
    }
  }
  return settings;
}

}  // namespace backfill
