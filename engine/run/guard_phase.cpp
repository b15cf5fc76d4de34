#include <utility>

#include <fmt/format.h>

#include "catalog/plan_guard.hpp"
#include "catalog/probe.hpp"
#include "core/sql_text.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

constexpr std::int64_t sample_keys = 1'000;
constexpr Duration analyze_deadline = std::chrono::minutes{30};

/// A real range near the beginning of the key: the guard explains the statement with its bounds.
asio::awaitable<Result<std::optional<KeyRange>>> sample_range(Session* session) {
  const Target target = session->target;
  const Probe probe{KeyRange{}, RowCount{sample_keys / 2}, RowCount{sample_keys}};
  const SafetySettings safety = session->request.job.safety;
  const std::function<asio::awaitable<Result<ProbeResult>>(pg::Connection*)> ask =
      [target, probe, safety](pg::Connection* connection) {
        return run_probe(connection, target, probe, safety);
      };
  const Result<ProbeResult> found = co_await session->control.repeat<ProbeResult>(ask);
  if (!found) co_return found.error();
  if (found->ticks.size() < 2) co_return std::optional<KeyRange>{};
  co_return std::optional<KeyRange>{KeyRange{found->ticks.front().key, found->ticks.back().key}};
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

Outcome refused_plan(const Session& session, const GuardVerdict& verdict) {
  Outcome outcome;
  outcome.code = ExitCode::refused;
  outcome.summary = fmt::format(
      "the server would not use the key's index for the batches of job {}: {}; no row was changed",
      session.request.job.name, verdict.reason);
  std::string line;
  for (const char character : verdict.plan + "\n") {
    if (character != '\n') {
      line += character;
    } else if (!line.empty()) {
      outcome.details.push_back(std::exchange(line, {}));
    }
  }
  outcome.next = "ANALYZE the table, or name another `key`; then " + run_command(session);
  return outcome;
}

}  // namespace

asio::awaitable<Ending> guard_plans(Session* session) {
  const Result<std::optional<KeyRange>> sample = co_await sample_range(session);
  if (!sample) co_return ending_of_error(*session, sample.error());
  if (!*sample) co_return std::nullopt;  // One row or none: any plan is a good one.
  constexpr BoundShape both{.after = true, .through = true};
  std::vector<std::string> statements{session->sql->copy(both)};
  if (session->sql->proof() != Proof::ledger) {
    statements.push_back(session->sql->verify(both));
    if (may_repair(session->sql->proof())) statements.push_back(session->sql->repair(both));
  }
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
