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

/// A table whose indexes and views somebody changes more often than we look has no moment to
/// switch.
constexpr int trades_max = 20;

constexpr const char* locked_sql =
    "SELECT detail ->> 'locked_ms' FROM backfill.phases WHERE job_id = $1::bigint AND phase = $2 "
    "AND detail ? 'locked_ms' ORDER BY pass DESC LIMIT 1";

/// Milliseconds until the column may go, and that moment. A switch that nobody has noted counts
/// from now on.
constexpr const char* drop_time_sql = R"(
SELECT pg_catalog.ceil(1000 * extract(epoch FROM due.at - pg_catalog.clock_timestamp()))::bigint,
       pg_catalog.date_trunc('second', due.at + interval '999 ms')::text
FROM (SELECT coalesce((SELECT coalesce(p.finished_at, p.started_at) FROM backfill.phases AS p
                       WHERE p.job_id = $1::bigint AND p.phase = 'switch'
                       ORDER BY p.pass DESC LIMIT 1), pg_catalog.clock_timestamp())
             + $2::bigint * interval '1 ms') AS due(at))";

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
  const SwitchProof proof{session->record.name, session->proof_snapshots, session->proof_triggers};
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

/// The phases that lead up to a trade, and the trade itself.
struct TradePhases {
  std::string prove = "verify";
  std::string prepare = "prepare";
  std::string trade = "switch";
};

/// Others go on to make and drop indexes, views and triggers while ours are built: what a trade
/// finds changed under its locks is built again, and what it finds unproven is proven again.
asio::awaitable<Ending> trade_until_nothing_moves(Session* session, TradePhases phases,
                                                  SyncDirection direction) {
  for (int attempt = 1;; ++attempt) {
    Ending ending = co_await trade(session, phases.trade, direction);
    const bool moved = session->refused_by == things_changed;
    const bool touched = session->refused_by == trigger_touched;
    if (!ending || (!moved && !touched) || attempt >= trades_max) co_return ending;
    session->tell(Level::warning, "information", moved ? "things_changed" : "trigger_touched",
                  moved ? "what hangs on the columns has changed since the run has looked: looking "
                          "at it again"
                        : "the trigger was disabled or made anew since the proof began: proving "
                          "again");
    if (touched && direction == SyncDirection::forward) {
      ending = co_await wait_out(session);
      if (ending) co_return ending;
    }
    if (touched) {
      ending = co_await prove_columns(session, phases.prove);
      if (ending) co_return ending;
    }
    ending = co_await carry_steps(session, phases.prepare);
    if (ending) co_return ending;
  }
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

Outcome too_early(const Session& session, const DropTime& drop) {
  Outcome outcome = refused(
      session,
      fmt::format("job {} keeps its old column for another {}, until {} (drop: after {})",
                  session.request.job.name, duration_text(std::chrono::milliseconds{drop.left_ms}),
                  drop.moment, duration_text(*session.request.job.type_copy.drop_after)));
  outcome.next = fmt::format("backfill drop {}   (from then on; or write `drop: manual`)",
                             session.request.job.file);
  return outcome;
}

}  // namespace

asio::awaitable<Ending> trade_names(Session* session) {
  TradePhases phases;
  co_return co_await trade_until_nothing_moves(session, phases, SyncDirection::forward);
}

asio::awaitable<Result<DropTime>> drop_time(Session* session) {
  DropTime drop;
  const std::optional<std::chrono::milliseconds> after = session->request.job.type_copy.drop_after;
  if (!after) co_return drop;
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(session->record.id.value));
  params.emplace_back(std::to_string(after->count()));
  const Result<pg::Rows> rows = co_await ask(session, drop_time_sql, std::move(params));
  if (!rows) co_return rows.error();
  drop.left_ms = std::max(std::int64_t{0}, pg::integer_field(rows->values.at(0), 0));
  drop.moment = pg::text_field(rows->values.at(0), 1);
  co_return drop;
}

asio::awaitable<Ending> drop_columns(Session* session) {
  if (session->copy->stage == CopyStage::absent) co_return std::nullopt;
  const Result<DropTime> drop = co_await drop_time(session);
  if (!drop) co_return ending_of_ddl(*session, drop.error());
  if (drop->left_ms > 0) co_return too_early(*session, *drop);
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
    TradePhases phases{"rollback_verify", "rollback_prepare", "rollback"};
    ending = co_await trade_until_nothing_moves(session, std::move(phases), SyncDirection::back);
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
