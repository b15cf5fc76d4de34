#include "catalog/probe.hpp"

#include <string>
#include <utility>

#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "pg/roll_back.hpp"

namespace backfill {

namespace {

/// Keys go out as text and come back as parameters. Input is understood under any setting; output
/// must be fixed where it depends on one. The planner settings are explained at `probe_statement`.
constexpr const char* settings_sql =
    "SELECT pg_catalog.set_config('datestyle', 'ISO', true), "
    "pg_catalog.set_config('intervalstyle', 'postgres', true), "
    "pg_catalog.set_config('extra_float_digits', '3', true), "
    "pg_catalog.set_config('bytea_output', 'hex', true), "
    "pg_catalog.set_config('enable_seqscan', 'off', true), "
    "pg_catalog.set_config('enable_bitmapscan', 'off', true), "
    "pg_catalog.set_config('jit', 'off', true), "
    "pg_catalog.set_config('lock_timeout', $1, true), "
    "pg_catalog.set_config('statement_timeout', $2, true)";

constexpr std::size_t ticks_position = 2;

pg::Statement statement(std::string sql) {
  pg::Statement made;
  made.sql = std::move(sql);
  made.prepared = true;
  return made;
}

}  // namespace

std::vector<pg::Statement> probe_statements(const Target& target, const Probe& probe,
                                            const SafetySettings& safety) {
  std::vector<pg::Statement> statements;
  statements.push_back(statement("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"));
  pg::Statement settings = statement(settings_sql);
  settings.params.emplace_back(std::to_string(safety.lock_timeout.count()));
  settings.params.emplace_back(std::to_string(safety.statement_timeout.count()));
  statements.push_back(std::move(settings));
  pg::Statement ticks = statement(probe_statement(target, shape_of(probe.within)));
  for (std::string& value : bound_values(probe.within)) ticks.params.emplace_back(std::move(value));
  ticks.params.emplace_back(std::to_string(probe.every.value));
  ticks.params.emplace_back(std::to_string(probe.limit.value));
  statements.push_back(std::move(ticks));
  statements.push_back(statement("COMMIT"));
  return statements;
}

ProbeResult read_probe(const Target& target, const Probe& probe,
                       const std::vector<pg::StatementResult>& results, std::size_t first) {
  const std::size_t width = target.key.columns.size();
  ProbeResult found;
  RowCount seen;
  for (const pg::Row& row : results[first + ticks_position].rows.values) {
    Tick tick;
    for (std::size_t i = 0; i < width; ++i) tick.key.push_back(pg::text_field(row, i));
    const RowCount number{pg::integer_field(row, width)};
    tick.keys = number - seen;
    seen = number;
    found.ticks.push_back(std::move(tick));
  }
  found.exhausted = seen < probe.limit;
  return found;
}

pg::asio::awaitable<Result<ProbeResult>> run_probe(pg::Connection* connection, Target target,
                                                   Probe probe, SafetySettings safety) {
  std::vector<pg::Statement> statements = probe_statements(target, probe, safety);
  const Duration deadline = safety.statement_timeout + safety.lock_timeout;
  const pg::PipelineResult sent = co_await connection->pipeline(std::move(statements), deadline);
  if (!sent.error) co_return read_probe(target, probe, sent.results, 0);
  co_await pg::roll_back(connection);
  co_return *sent.error;
}

}  // namespace backfill
