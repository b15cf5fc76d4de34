#include "run/guard_phase.hpp"

#include <utility>

#include <fmt/format.h>

#include "catalog/probe.hpp"
#include "core/sql_text.hpp"
#include "run/prepare.hpp"

namespace backfill::run {

namespace {

constexpr std::int64_t sample_keys = 1'000;
constexpr Duration analyze_deadline = std::chrono::minutes{30};

/// A real range near the beginning of the key: the guard explains the statement with its bounds.
asio::awaitable<Result<std::optional<KeyRange>>> sample_of(pg::Connection* connection,
                                                           Target target, SafetySettings safety) {
  const Probe probe{KeyRange{}, RowCount{sample_keys / 2}, RowCount{sample_keys}};
  const Result<ProbeResult> found =
      co_await run_probe(connection, std::move(target), probe, std::move(safety));
  if (!found) co_return found.error();
  if (found->ticks.size() < 2) co_return std::optional<KeyRange>{};
  co_return std::optional<KeyRange>{KeyRange{found->ticks.front().key, found->ticks.back().key}};
}

asio::awaitable<Result<std::optional<KeyRange>>> sample_range(Session* session) {
  const Target target = session->target;
  const SafetySettings safety = session->request.job.safety;
  const std::function<asio::awaitable<Result<std::optional<KeyRange>>>(pg::Connection*)> ask =
      [target, safety](pg::Connection* connection) {
        return sample_of(connection, target, safety);
      };
  co_return co_await session->control.repeat<std::optional<KeyRange>>(ask);
}

std::vector<std::string> judged_statements(const BackfillSql& sql) {
  constexpr BoundShape both{.after = true, .through = true};
  std::vector<std::string> statements{sql.copy(both)};
  if (sql.proof() != Proof::ledger) {
    statements.push_back(sql.verify(both));
    if (may_repair(sql.proof())) statements.push_back(sql.repair(both));
  }
  return statements;
}

asio::awaitable<Ending> analyze(Session* session) {
  session->tell(Level::info, "information", "analyze",
                fmt::format("{} was never analysed: running ANALYZE, so that batches use the key",
                            quote_name(session->target.table)));
  const std::string sql = "ANALYZE " + quote_name(session->target.table);
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> run =
      [sql](pg::Connection* connection) { return connection->script(sql, analyze_deadline); };
  const Result<void> done = co_await session->control.repeat<void>(run);
  if (!done) co_return ending_of_error(*session, done.error());
  co_return std::nullopt;
}

asio::awaitable<Result<GuardVerdict>> judge(Session* session, std::string statement,
                                            KeyRange sample) {
  const Target target = session->target;
  const std::function<asio::awaitable<Result<GuardVerdict>>(pg::Connection*)> ask =
      [target, statement, sample](pg::Connection* connection) {
        return guard_plan(connection, target, statement, sample);
      };
  co_return co_await session->control.repeat<GuardVerdict>(ask);
}

}  // namespace

Outcome refused_plan(const Session& session, const GuardVerdict& verdict) {
  Outcome outcome;
  outcome.code = ExitCode::refused;
  outcome.summary = fmt::format(
      "the server would not use the key's index for the batches of job {}: {}; no row was changed",
      session.request.job.name, verdict.reason);
  add_lines(verdict.plan, &outcome.details);
  if (!verdict.hint.empty()) outcome.details.push_back("hint: " + verdict.hint);
  outcome.next = "backfill plan " + session.request.job.file + "   (after mending this)";
  return outcome;
}

asio::awaitable<Result<std::optional<GuardVerdict>>> find_bad_plan(pg::Connection* connection,
                                                                   Target target,
                                                                   const BackfillSql* sql) {
  const SafetySettings safety;
  const Result<std::optional<KeyRange>> sample = co_await sample_of(connection, target, safety);
  if (!sample) co_return sample.error();
  if (!*sample) co_return std::optional<GuardVerdict>{};
  for (const std::string& statement : judged_statements(*sql)) {
    const KeyRange range = **sample;
    Result<GuardVerdict> verdict = co_await guard_plan(connection, target, statement, range);
    if (!verdict) co_return verdict.error();
    if (verdict->kind == GuardVerdict::Kind::refused) {
      co_return std::optional<GuardVerdict>{*std::move(verdict)};
    }
  }
  co_return std::optional<GuardVerdict>{};
}

asio::awaitable<Ending> guard_plans(Session* session) {
  const Result<std::optional<KeyRange>> sample = co_await sample_range(session);
  if (!sample) co_return ending_of_error(*session, sample.error());
  if (!*sample) co_return std::nullopt;  // One row or none: any plan is a good one.
  const std::vector<std::string> statements = judged_statements(*session->sql);
  bool analyzed = false;
  for (std::size_t i = 0; i < statements.size();) {
    const Ending stopped = stop_asked(*session);
    if (stopped) co_return stopped;
    const KeyRange range = **sample;
    const Result<GuardVerdict> verdict = co_await judge(session, statements[i], range);
    if (!verdict) co_return ending_of_error(*session, verdict.error());
    if (verdict->kind == GuardVerdict::Kind::good) {
      ++i;
      continue;
    }
    if (verdict->kind == GuardVerdict::Kind::needs_analyze && !analyzed) {
      analyzed = true;
      const Ending ending = co_await analyze(session);
      if (ending) co_return ending;
      continue;
    }
    co_return refused_plan(*session, *verdict);
  }
  co_return std::nullopt;
}

}  // namespace backfill::run
