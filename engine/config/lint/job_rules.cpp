#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "config/lint/rule_checks.hpp"
#include "config/lint/sql_shapes.hpp"
#include "core/duration_text.hpp"
#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"

// What can be said of a job from its own keys: its steps, its phases and its settings.
namespace backfill::lint {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr hours grace_min{1};
constexpr hours day{24};
constexpr seconds lock_timeout_max{10};
constexpr minutes statement_timeout_max{5};
constexpr minutes lag_stop_max{5};
constexpr milliseconds batch_target_max{1'000};
constexpr RowCount batch_rows_max{50'000};

/// Why rows stay NULL behind this job's sweep, or nothing.
std::string left_null(const Job& job, const std::string& column) {
  const auto set = std::ranges::find(job.set, column, &SetColumn::column);
  const bool added = std::ranges::find(job.add, column, &AddColumn::column) != job.add.end();
  if (set == job.set.end()) {
    return added ? "the job adds the column and nothing fills it" : std::string{};
  }
  if (is_null_literal(set->expression)) return "the job sets the column to NULL";
  if (added && job.where && !mentions_identifier(*job.where, column)) {
    return "the job adds the column and `where` leaves rows out, in which it stays NULL";
  }
  return {};
}

bool holds_password(std::string_view text) {
  const auto is_written = [](std::string_view value) {
    return !value.empty() && !value.starts_with("${") && value.front() != '&' && value != "''";
  };
  if (const std::size_t key = text.find("password="); key != std::string_view::npos) {
    return is_written(text.substr(key + 9));
  }
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  std::string_view rest = text.substr(scheme + 3);
  const std::size_t at = rest.find('@');
  if (at == std::string_view::npos || rest.find('/') < at) return false;
  rest = rest.substr(0, at);
  const std::size_t colon = rest.find(':');
  return colon != std::string_view::npos && !rest.starts_with("${") &&
         is_written(rest.substr(colon + 1));
}

void check_password(Subject& subject, const JobPath& path) {
  const std::vector<std::string> texts = subject.written(path);
  if (!std::ranges::any_of(texts, holds_password)) return;
  subject.report("password-in-file", path, 0,
                 fmt::format("a password stands in {}: take a ${{VARIABLE}}, a service or the "
                             "password file, and change the password",
                             fmt::join(path, ".")));
}

void check_batch(Subject& subject) {
  const BatchSettings& batch = subject.job().pace.batch;
  if (batch.target && *batch.target > batch_target_max) {
    subject.report("large-batch", {"pace", "batch", "target"}, 0,
                   fmt::format("a batch of {} keeps other writers from its rows as long",
                               duration_text(*batch.target)));
  }
  const bool fixed = batch.fixed_rows && *batch.fixed_rows > batch_rows_max;
  if (fixed || (!batch.fixed_rows && batch.max_rows > batch_rows_max)) {
    subject.report("large-batch", {"pace", "batch", fixed ? "fixed_rows" : "max_rows"}, 0,
                   fmt::format("a batch of {} rows locks as many at once",
                               (fixed ? *batch.fixed_rows : batch.max_rows).value));
  }
}

}  // namespace

void check_enforce(Subject& subject) {
  const Job& job = subject.job();
  for (std::size_t i = 0; i < job.enforce.size(); ++i) {
    const JobPath path{"enforce", std::to_string(i + 1)};
    if (const auto* step = std::get_if<EnforceNotNull>(&job.enforce[i])) {
      const std::string why = left_null(job, step->column);
      if (why.empty()) continue;
      subject.report("not-null-before-backfill", path, 0,
                     fmt::format("NOT NULL on {} cannot hold: {}", name_text(step->column), why));
    }
    const auto* key = std::get_if<EnforceForeignKey>(&job.enforce[i]);
    if (key != nullptr && key->orphans == Orphans::remove) {
      subject.report("orphans-removed", {"enforce", std::to_string(i + 1), "orphans"}, 0,
                     fmt::format("rows of {} that refer to nothing in {} are deleted, and no "
                                 "rollback brings them back",
                                 name_text(job.table), name_text(key->references)));
    }
  }
}

void check_type_copy(Subject& subject) {
  const TypeCopySettings& copy = subject.job().type_copy;
  if (copy.drop_after && *copy.drop_after < grace_min) {
    subject.report("drop-without-grace", {"drop"}, 0,
                   fmt::format("{} after the switch the old column may go, and with it the way "
                               "back; a day or `manual` leaves time to see what breaks",
                               duration_text(*copy.drop_after)));
  } else if (copy.drop_after && *copy.drop_after < day) {
    subject.report("short-grace", {"drop"}, 0,
                   fmt::format("{} after the switch the old column may go: less than one whole day "
                               "of the application's work",
                               duration_text(*copy.drop_after)));
  }
  for (const ChangeColumn& column : copy.columns) {
    const JobPath path{"columns", column.column, "using"};
    if (column.back || !subject.has(path) || is_cast_of(subject.value(path), column.column)) {
      continue;
    }
    subject.report("no-way-back", path, 0,
                   fmt::format("the way there is more than a cast, and the way back is not said: "
                               "give {} a `back`",
                               name_text(column.column)));
  }
}

void check_settings(Subject& subject) {
  const Job& job = subject.job();
  if (!job.table.schema) {
    subject.report("table-without-schema", {"table"}, 0,
                   fmt::format("which {} is meant depends on the role's search_path: write its "
                               "schema, as in public.{}",
                               name_text(job.table.name), name_text(job.table.name)));
  }
  check_password(subject, {"database"});
  check_password(subject, {"throttle", "replica_lag", "standbys"});
  if (job.safety.user_triggers == UserTriggers::bypass) {
    subject.report("triggers-bypassed", {"safety", "user_triggers"}, 0,
                   "the table's triggers do not fire for what the job changes: what they keep "
                   "(history, summaries, caches) is not kept for these rows");
  }
  if (job.safety.lock_timeout > lock_timeout_max) {
    subject.report("long-lock-timeout", {"safety", "lock_timeout"}, 0,
                   fmt::format("a statement that waits {} for a table's lock keeps every later one "
                               "waiting behind it",
                               duration_text(job.safety.lock_timeout)));
  }
  if (job.safety.statement_timeout > statement_timeout_max) {
    subject.report("long-statement-timeout", {"safety", "statement_timeout"}, 0,
                   fmt::format("one statement may hold rows and VACUUM for {}",
                               duration_text(job.safety.statement_timeout)));
  }
  if (job.throttle.replica_lag.stop > lag_stop_max) {
    subject.report("loose-lag-limit", {"throttle", "replica_lag", "stop"}, 0,
                   fmt::format("standbys may fall {} behind before the job stops",
                               duration_text(job.throttle.replica_lag.stop)));
  }
  check_batch(subject);
}

}  // namespace backfill::lint
