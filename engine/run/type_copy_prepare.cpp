#include <utility>

#include <fmt/format.h>

#include "checkpoint/run_transaction.hpp"
#include "core/sql_name.hpp"
#include "pg/field.hpp"
#include "run/placed.hpp"
#include "run/prepare.hpp"
#include "run/type_copy_steps.hpp"

namespace backfill::run {

namespace {

Outcome refused_with(const Session& session, std::string summary, std::string next) {
  Outcome outcome = refused(session, std::move(summary));
  outcome.next = std::move(next);
  return outcome;
}

/// What a rollback will do, in the order in which it does it.
std::vector<std::string> rollback_steps(const Session& session) {
  const TypeCopyView& view = *session.copy;
  const std::string table = view.tables_text();
  std::vector<std::string> steps;
  if (view.stage == CopyStage::switched) {
    steps.push_back("sweep " + table +
                    " for values that the old type cannot hold, and stop if there are any");
    for (const CarryStep& step : view.carry.before_switch) steps.push_back(step.what);
    steps.push_back(fmt::format("give the old columns their names back, in one transaction: {}",
                                view.columns_text(true)));
  }
  steps.push_back(fmt::format("drop the trigger and the new columns from {}: {}", table,
                              view.columns_text(false)));
  return steps;
}

Ending confirm_rollback(const Session& session) {
  const TypeCopyView& view = *session.copy;
  if (view.dropped) {
    return refused_with(session,
                        fmt::format("job {} has dropped its old column: there is no way back",
                                    session.request.job.name),
                        "a job of its own that changes the type back");
  }
  if (view.stage == CopyStage::absent) {
    Outcome outcome;
    outcome.code = ExitCode::done;
    outcome.summary = fmt::format("job {} has nothing to undo in {}", session.request.job.name,
                                  view.tables_text());
    outcome.next = run_command(session);
    return outcome;
  }
  const std::vector<std::string> steps = rollback_steps(session);
  if (session.request.confirm && session.request.confirm(steps)) return std::nullopt;
  Outcome outcome;
  outcome.code = ExitCode::refused;
  outcome.summary = fmt::format("job {}: nothing was taken back, since nobody agreed to it",
                                session.request.job.name);
  outcome.details = steps;
  outcome.next = fmt::format("backfill rollback {} --yes", session.request.job.file);
  return outcome;
}

Ending fits_mode(const Session& session) {
  if (session.mode != JobRun::Mode::run && session.record.id == JobId{}) return std::nullopt;
  const CopyStage stage = session.copy->stage;
  const std::string& name = session.request.job.name;
  const std::string& file = session.request.job.file;
  switch (session.mode) {
    case JobRun::Mode::run:
      if (stage != CopyStage::added || session.record.phase != "rollback") return std::nullopt;
      return refused_with(session, fmt::format("a rollback of job {} was interrupted", name),
                          fmt::format("backfill rollback {} --yes   (ends it)", file));
    case JobRun::Mode::verify_only:
    case JobRun::Mode::switch_names:
      if (stage != CopyStage::absent) return std::nullopt;
      return refused_with(session, fmt::format("job {} has not added its columns yet", name),
                          run_command(session));
    case JobRun::Mode::retry:
      if (stage == CopyStage::added) return std::nullopt;
      return refused_with(session,
                          fmt::format("job {} is not between its copy and its switch: it has no "
                                      "row to take again",
                                      name),
                          fmt::format("backfill status {}", name));
    case JobRun::Mode::drop:
      if (stage == CopyStage::switched || session.copy->dropped) return std::nullopt;
      return refused_with(
          session, fmt::format("job {} has not switched: there is no old column to drop", name),
          stage == CopyStage::added
              ? fmt::format("backfill switch {}   (or rollback, which removes the "
                            "new column)",
                            file)
              : run_command(session));
    case JobRun::Mode::rollback: return confirm_rollback(session);
  }
  return std::nullopt;
}

constexpr const char* may_signal_sql = R"(
SELECT r.rolsuper OR pg_catalog.pg_has_role(current_user, 'pg_signal_backend', 'USAGE'),
       current_user
FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user)";

/// Told at once: the switch may be hours away.
asio::awaitable<Ending> may_force(Session* session, pg::Connection* connection) {
  std::vector<pg::Param> none;
  const Result<pg::Rows> rows =
      co_await connection->query(may_signal_sql, std::move(none), control_deadline);
  if (!rows) co_return not_prepared(session, rows.error());
  if (pg::bool_field(rows->values.at(0), 0)) co_return std::nullopt;
  const std::string role = name_text(pg::text_field(rows->values.at(0), 1));
  co_return refused_with(
      *session,
      fmt::format("--force is to terminate sessions, and role {} may not: it is no superuser and "
                  "no member of pg_signal_backend; nothing was touched",
                  role),
      fmt::format("GRANT pg_signal_backend TO {};   (as a superuser), or the same command without "
                  "--force",
                  role));
}

/// Whether the command goes on from the checkpoints of the tables that follow.
bool needs_checkpoints(const Session& session) {
  if (session.mode == JobRun::Mode::drop) return false;
  return session.mode != JobRun::Mode::rollback || session.copy->stage == CopyStage::switched;
}

/// What is there of a job whose tables do not all have their new columns any more, since somebody
/// has made one of them again, is taken back like all of it.
void count_parts_as_added(Session* session) {
  TypeCopyView& view = *session->copy;
  if (session->mode != JobRun::Mode::rollback || view.stage != CopyStage::absent) return;
  for (const CopyTable& table : view.tables) {
    if (stage_of(table.job, table.target) == CopyStage::added) view.stage = CopyStage::added;
  }
}

}  // namespace

asio::awaitable<Ending> prepare_type_copy(Session* session, pg::Connection* connection) {
  const Job job = session->request.job;
  const bool was_dropping = session->record.phase == "drop" || session->record.phase == "done";
  if (session->request.force) {
    const Ending unable = co_await may_force(session, connection);
    if (unable) co_return unable;
  }
  Result<TypeCopyView> view = co_await view_type_copy(connection, job, was_dropping);
  if (!view) co_return not_prepared(session, placed_at_table(job, view.error()));
  session->copy = *std::move(view);
  session->target = session->copy->own().target;
  count_parts_as_added(session);
  Ending ending = judge(*session, session->copy->findings);
  if (!ending && needs_checkpoints(*session)) ending = judge(*session, session->copy->moved);
  if (ending) co_return ending;
  ending = fits_mode(*session);
  if (ending) co_return ending;
  if (session->copy->stage != CopyStage::switched && !session->copy->dropped) {
    const Result<void> chosen = co_await choose_scans(connection, &*session->copy);
    if (!chosen) co_return not_prepared(session, chosen.error());
  }
  choose_sweep(session);
  co_return std::nullopt;
}

}  // namespace backfill::run
