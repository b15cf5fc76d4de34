#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "checkpoint/run_transaction.hpp"
#include "core/duration_text.hpp"
#include "pg/field.hpp"
#include "run/prepare.hpp"
#include "run/type_copy_steps.hpp"

namespace backfill::run {

namespace {

constexpr const char* locked_sql =
    "SELECT detail ->> 'locked_ms' FROM backfill.phases WHERE job_id = $1::bigint AND phase = $2 "
    "AND detail ? 'locked_ms' ORDER BY pass DESC LIMIT 1";

/// Since the switch, in milliseconds; and the moment from which on the column may go.
constexpr const char* since_switch_sql =
    "SELECT (1000 * extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(p.finished_at, "
    "p.started_at)))::bigint FROM backfill.phases AS p WHERE p.job_id = $1::bigint AND p.phase = "
    "'switch' ORDER BY p.pass DESC LIMIT 1";

asio::awaitable<Result<pg::Rows>> ask(Session* session, std::string sql,
                                      std::vector<pg::Param> params) {
  const std::function<asio::awaitable<Result<pg::Rows>>(pg::Connection*)> query =
      [sql, params](pg::Connection* connection) {
        return connection->query(sql, params, control_deadline);
      };
  co_return co_await session->control.repeat<pg::Rows>(query);
}

/// How long the strong locks were held, as the transaction itself has written it down.
asio::awaitable<void> tell_locked(Session* session, std::string phase) {
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(session->record.id.value));
  params.emplace_back(phase);
  const Result<pg::Rows> rows = co_await ask(session, locked_sql, std::move(params));
  if (!rows || rows->values.empty()) co_return;
  session->locked_ms = pg::text_field(rows->values.front(), 0);
  session->tell(Level::info, "phase", "names_traded",
                fmt::format("{}: its strongest locks were held for {} ms",
                            session->copy->tables_text(), session->locked_ms));
}

asio::awaitable<Ending> trade(Session* session, std::string phase, SyncDirection direction) {
  const Result<void> begun = co_await begin_phase(session, phase, 1);
  if (!begun) co_return ending_of_ddl(*session, begun.error());
  const SwitchProof proof{session->record.name, session->proof_snapshots};
  const TypeCopyView& view = *session->copy;
  std::vector<OnlineDdl> ddl = switch_ddl(view.facts(), view.carry.in_switch, proof, direction);
  const CopyStage reached =
      direction == SyncDirection::forward ? CopyStage::switched : CopyStage::added;
  const bool by_force = session->request.force && direction == SyncDirection::forward;
  const Ending ending = co_await reach(session, std::move(ddl), reached, by_force);
  if (ending) co_return ending;
  co_await tell_locked(session, std::move(phase));
  choose_sweep(session);
  co_return std::nullopt;
}

/// What becomes of the rows of one table that the old type cannot hold, where `back` says it.
asio::awaitable<Ending> apply_back_to(Session* session, std::size_t at) {
  const CopyTable& table = session->copy->tables[at];
  const std::optional<Job> handled = handled_job(table.job, table.target);
  if (!handled) co_return std::nullopt;
  choose_sweep(session, at);
  const std::vector<bool> none(handled->set.size(), false);
  session->sql.emplace(*handled, session->target, none);
  const std::string phase = table.phase("rollback_copy");
  const Result<int> passes = co_await passes_of(session, phase);
  if (!passes) co_return ending_of_ddl(*session, passes.error());
  const Result<SweepResult> swept = co_await run_phase(session, phase, *passes + 1, Purpose::copy);
  if (!swept) co_return ending_of_ddl(*session, swept.error());
  if (swept->finish.how != Finish::How::failed || swept->finish.error.kind != ErrorClass::row) {
    co_return ending_of(*session, swept->finish);
  }
  // What cannot be represented is listed by the proof.
  session->tell(Level::warning, "error", "back_fails", swept->finish.error.message);
  co_return std::nullopt;
}

/// Brings what the triggers and the rows know of `back` in line with the file: it may have been
/// changed since the switch.
asio::awaitable<Ending> apply_back(Session* session) {
  std::vector<OnlineDdl> ddl;
  for (const CopyTable& table : session->copy->tables) {
    for (OnlineDdl& one : sync_function_ddl(table.facts, SyncDirection::back)) {
      ddl.push_back(std::move(one));
    }
  }
  const Result<void> made = co_await session->ddl->run_together(std::move(ddl));
  if (!made) co_return ending_of_ddl(*session, made.error());
  for (std::size_t i = 0; i < session->copy->tables.size(); ++i) {
    const Ending ending = co_await apply_back_to(session, i);
    if (ending) co_return ending;
  }
  co_return std::nullopt;
}

/// In the opposite order of their making.
asio::awaitable<Ending> undo_steps(Session* session) {
  std::vector<CarryStep> steps = session->copy->carry.before_switch;
  while (!steps.empty()) {
    const CarryStep step = std::move(steps.back());
    steps.pop_back();
    if (step.undo.empty()) continue;
    OnlineDdl undo;
    undo.sql = step.undo;
    undo.shape = step.undo.find("CONCURRENTLY") != std::string::npos ? DdlShape::concurrent
                                                                     : DdlShape::instant;
    const Result<void> done = co_await session->ddl->run(std::move(undo));
    if (!done) co_return ending_of_ddl(*session, done.error());
  }
  co_return std::nullopt;
}

Outcome too_early(const Session& session, std::int64_t left_ms) {
  Outcome outcome =
      refused(session, fmt::format("job {} keeps its old column for another {} (drop: after {})",
                                   session.request.job.name,
                                   duration_text(std::chrono::milliseconds{left_ms}),
                                   duration_text(*session.request.job.type_copy.drop_after)));
  outcome.next = "backfill drop " + session.request.job.file + "   (then)";
  return outcome;
}

}  // namespace

asio::awaitable<Ending> trade_names(Session* session) {
  const std::vector<CarryStep> after = session->copy->carry.after_switch;
  const Ending ending = co_await trade(session, "switch", SyncDirection::forward);
  if (ending) co_return ending;
  for (const CarryStep& step : after) {
    const Ending failed = co_await carry_one(session, step);
    if (failed) co_return failed;
  }
  co_return std::nullopt;
}

asio::awaitable<Result<std::int64_t>> until_drop(Session* session) {
  const std::optional<std::chrono::milliseconds> after = session->request.job.type_copy.drop_after;
  if (!after) co_return std::int64_t{0};
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(session->record.id.value));
  const Result<pg::Rows> rows = co_await ask(session, since_switch_sql, std::move(params));
  if (!rows) co_return rows.error();
  const std::int64_t since = rows->values.empty() ? 0 : pg::integer_field(rows->values.front(), 0);
  co_return std::max(std::int64_t{0}, after->count() - since);
}

asio::awaitable<Ending> drop_columns(Session* session) {
  if (session->copy->stage == CopyStage::absent) co_return std::nullopt;
  const Result<std::int64_t> left_ms = co_await until_drop(session);
  if (!left_ms) co_return ending_of_ddl(*session, left_ms.error());
  if (*left_ms > 0) co_return too_early(*session, *left_ms);
  const Result<void> begun = co_await begin_phase(session, "drop", 1);
  if (!begun) co_return ending_of_ddl(*session, begun.error());
  std::vector<OnlineDdl> ddl = drop_ddl(session->copy->facts(), CopyStage::switched);
  const Ending ending = co_await reach(session, std::move(ddl), CopyStage::absent);
  if (ending) co_return ending;
  const Result<void> ended = co_await end_phase(session, 1, "{}");
  if (!ended) co_return ending_of_ddl(*session, ended.error());
  co_return std::nullopt;
}

asio::awaitable<Ending> roll_back_copy(Session* session) {
  if (session->copy->stage == CopyStage::switched) {
    start_pool(session);
    Ending ending = co_await apply_back(session);
    if (ending) co_return ending;
    ending = co_await prove_columns(session, "rollback_verify");
    if (ending) co_return ending;
    ending = co_await carry_steps(session, "rollback_prepare");
    if (ending) co_return ending;
    ending = co_await trade(session, "rollback", SyncDirection::back);
    if (ending) co_return ending;
  } else {
    const Result<void> begun = co_await begin_phase(session, "rollback", 1);
    if (!begun) co_return ending_of_ddl(*session, begun.error());
  }
  Ending ending = co_await look_again(session);
  if (ending) co_return ending;
  ending = co_await undo_steps(session);
  if (ending) co_return ending;
  std::vector<OnlineDdl> ddl = drop_ddl(session->copy->facts(), CopyStage::added);
  ending = co_await reach(session, std::move(ddl), CopyStage::absent);
  co_return ending;
}

}  // namespace backfill::run
