#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "catalog/describe_table.hpp"
#include "catalog/enforce_state.hpp"
#include "checkpoint/phase_detail.hpp"
#include "jobs/enforce.hpp"
#include "run/enforce_record.hpp"
#include "run/session.hpp"

/// Takes back what a job has put in place, and that alone: what was there before it stays. The
/// values that it has written stay, too; only the columns that it has added can go, when asked for.
namespace backfill::run {

namespace {

/// What the control schema remembers of what the job has made.
struct Made {
  EnforceRecord record;
  std::vector<std::string> columns;
};

asio::awaitable<Result<Made>> read_made(pg::Connection* connection, JobId job) {
  SweepId enforced{job, "enforce", 1};
  const Result<std::string> enforce = co_await read_phase_detail(connection, std::move(enforced));
  if (!enforce) co_return enforce.error();
  SweepId added{job, "add", 1};
  const Result<std::string> add = co_await read_phase_detail(connection, std::move(added));
  if (!add) co_return add.error();
  Made made;
  made.record = EnforceRecord::parse(*enforce);
  made.columns = parse_added_columns(*add);
  co_return made;
}

std::string first_column(const EnforceStep& step) {
  const std::vector<std::string> columns = enforce_columns(step);
  return columns.empty() ? std::string{} : columns.front();
}

/// The last first, as each may stand on the one before it.
std::vector<BegunStep> in_reverse(const EnforceRecord& record) {
  std::vector<BegunStep> steps = record.begun;
  std::ranges::sort(steps, std::greater{}, &BegunStep::number);
  return steps;
}

bool has_column(const Target& target, const std::string& name) {
  return std::ranges::find(target.columns, name, &TableColumn::name) != target.columns.end();
}

DdlRunner::Look undo_look(Session* session, const EnforceSql* sql, const BegunStep* begun) {
  const int before = session->ddl->completed();
  const bool is_default = std::holds_alternative<EnforceDefault>(sql->step());
  return [session, sql, begun, before, is_default](
             pg::Connection* connection) -> asio::awaitable<Result<std::optional<OnlineDdl>>> {
    if (is_default && session->ddl->completed() > before) co_return std::optional<OnlineDdl>{};
    const Target target = session->target;
    const std::string name = sql->name();
    const std::string column = first_column(sql->step());
    const Result<EnforceState> state =
        co_await read_enforce_state(connection, target, name, column);
    if (!state) co_return state.error();
    std::optional<OnlineDdl> next = sql->undo(*state, begun->old_default);
    if (next) session->tell(Level::info, "phase", "ddl", next->sql);
    co_return next;
  };
}

DdlRunner::Look drop_look(Session* session, const std::string* column) {
  return [session,
          column](pg::Connection* connection) -> asio::awaitable<Result<std::optional<OnlineDdl>>> {
    const Job job = session->request.job;
    const Result<Target> target = co_await describe_table(connection, job);
    if (!target) co_return target.error();
    if (!has_column(*target, *column)) co_return std::optional<OnlineDdl>{};
    OnlineDdl drop = drop_column(target->table, *column);
    session->tell(Level::info, "phase", "ddl", drop.sql);
    co_return std::optional<OnlineDdl>{std::move(drop)};
  };
}

asio::awaitable<Ending> undo_steps(Session* session, std::vector<BegunStep> steps) {
  const std::vector<EnforceStep>& all = session->request.job.enforce;
  for (const BegunStep& begun : steps) {
    if (begun.number == 0 || begun.number > all.size()) continue;
    const EnforceSql sql(all[begun.number - 1], session->target);
    DdlRunner::Look look = undo_look(session, &sql, &begun);
    const Result<void> done = co_await session->ddl->complete(std::move(look));
    if (!done) co_return ending_of_error(*session, done.error());
  }
  co_return std::nullopt;
}

asio::awaitable<Ending> drop_columns(Session* session, std::vector<std::string> columns) {
  for (const std::string& column : columns) {
    DdlRunner::Look look = drop_look(session, &column);
    const Result<void> done = co_await session->ddl->complete(std::move(look));
    if (!done) co_return ending_of_error(*session, done.error());
  }
  co_return std::nullopt;
}

asio::awaitable<Result<void>> forget(Session* session) {
  const Fence fence = session->fence("enforce", 1);
  const Undone undone = session->request.drop_columns ? Undone::everything : Undone::constraints;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> write =
      [fence, undone](pg::Connection* connection) {
        return forget_phases(connection, fence, undone);
      };
  co_return co_await session->control.repeat<void>(write);
}

std::string rollback_command(const Session& session) {
  return "backfill rollback " + session.request.job.file +
         (session.request.drop_columns ? " --drop-columns" : "");
}

Outcome rollback_ending(Outcome outcome, const Session& session) {
  if (outcome.code == ExitCode::failed || outcome.code == ExitCode::stopped) {
    outcome.next = rollback_command(session) + "   (goes on where it was)";
  }
  return outcome;
}

/// What a step would take, in the words of `plan`.
asio::awaitable<Result<std::vector<PlanStep>>> planned_undo(pg::Connection* connection, Job job,
                                                            Target target, Made made) {
  std::vector<PlanStep> steps;
  for (const BegunStep& begun : in_reverse(made.record)) {
    if (begun.number == 0 || begun.number > job.enforce.size()) continue;
    const EnforceSql sql(job.enforce[begun.number - 1], target);
    const std::string name = sql.name();
    const std::string column = first_column(sql.step());
    const Result<EnforceState> state =
        co_await read_enforce_state(connection, target, name, column);
    if (!state) co_return state.error();
    for (OnlineDdl& ddl : sql.undo_all(*state, begun.old_default)) {
      steps.push_back({"enforce", std::move(ddl.sql), std::move(ddl.lock)});
    }
  }
  co_return steps;
}

/// All that a rollback will do, from what the catalog says now.
asio::awaitable<Result<std::vector<PlanStep>>> plan_of(pg::Connection* connection, Request request,
                                                       Made made) {
  const Job job = request.job;
  const Result<Target> target = co_await describe_table(connection, job);
  if (!target) co_return target.error();
  const Target described = *target;
  Result<std::vector<PlanStep>> steps = co_await planned_undo(connection, job, described, made);
  if (!steps || !request.drop_columns) co_return steps;
  for (const std::string& column : made.columns) {
    if (!has_column(described, column)) continue;
    OnlineDdl drop = drop_column(described.table, column);
    steps->push_back({"add", std::move(drop.sql), std::move(drop.lock)});
  }
  co_return steps;
}

std::vector<std::string> shown(const std::vector<PlanStep>& steps) {
  std::vector<std::string> lines;
  for (const PlanStep& step : steps) lines.push_back(step.sql + "   (" + step.lock + ")");
  return lines;
}

/// Says what it will do, and asks; nothing when it may begin. A done job whose columns and
/// constraints belong to somebody else's migrations still has its word to take back: that the data
/// may be relied on.
Ending ask(const Session& session, const std::vector<PlanStep>& steps) {
  Outcome outcome;
  if (steps.empty() && session.record.state != JobState::done) {
    outcome.code = ExitCode::done;
    outcome.summary =
        fmt::format("job {}: there is nothing to take back", session.request.job.name);
    return outcome;
  }
  std::vector<std::string> lines = shown(steps);
  if (steps.empty()) lines.emplace_back("the job no longer counts as done: `backfill gate` closes");
  for (const std::string& line : lines) {
    session.observer->message(Level::info, "rollback_step", line);
  }
  if (session.request.confirm && session.request.confirm(lines)) return std::nullopt;
  outcome.code = ExitCode::refused;
  outcome.summary = fmt::format("job {}: nothing was taken back, since nobody agreed to it",
                                session.request.job.name);
  outcome.details = lines;
  outcome.next = rollback_command(session) + " --yes";
  return outcome;
}

}  // namespace

asio::awaitable<Outcome> take_back(Session* session) {
  session->phase = "rollback";
  const JobId job = session->record.id;
  const std::function<asio::awaitable<Result<Made>>(pg::Connection*)> read =
      [job](pg::Connection* connection) { return read_made(connection, job); };
  const Result<Made> made = co_await session->control.repeat<Made>(read);
  if (!made) co_return rollback_ending(ending_of_error(*session, made.error()), *session);
  const Request request = session->request;
  const Made known = *made;
  const std::function<asio::awaitable<Result<std::vector<PlanStep>>>(pg::Connection*)> plan =
      [request, known](pg::Connection* connection) { return plan_of(connection, request, known); };
  const Result<std::vector<PlanStep>> planned =
      co_await session->control.repeat<std::vector<PlanStep>>(plan);
  if (!planned) co_return rollback_ending(ending_of_error(*session, planned.error()), *session);
  const Ending unwanted = ask(*session, *planned);
  if (unwanted) co_return *unwanted;
  open_ddl(session);
  std::vector<BegunStep> steps = in_reverse(made->record);
  Ending ending = co_await undo_steps(session, std::move(steps));
  if (!ending && session->request.drop_columns) {
    std::vector<std::string> columns = made->columns;
    ending = co_await drop_columns(session, std::move(columns));
  }
  close_ddl(session);
  if (ending) co_return rollback_ending(*std::move(ending), *session);
  const Result<void> forgotten = co_await forget(session);
  if (!forgotten) co_return rollback_ending(ending_of_error(*session, forgotten.error()), *session);
  Outcome outcome;
  outcome.code = ExitCode::done;
  outcome.summary = fmt::format("job {} is rolled back: what it has put in place is gone",
                                session->request.job.name);
  for (const BegunStep& begun : made->record.begun) {
    outcome.details.push_back("taken back: " + begun.text);
  }
  if (session->request.drop_columns) {
    for (const std::string& column : made->columns) {
      outcome.details.push_back("dropped: column " + column);
    }
    outcome.next = run_command(*session) + "   (begins anew)";
  } else {
    outcome.details.push_back("the values that the job has written stay");
    outcome.next = run_command(*session) + "   (proves and enforces again)";
  }
  co_return outcome;
}

}  // namespace backfill::run
