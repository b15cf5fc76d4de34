#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "catalog/enforce_state.hpp"
#include "checkpoint/phase_detail.hpp"
#include "jobs/enforce.hpp"
#include "run/enforce_record.hpp"
#include "run/session.hpp"

/// Every step asks the catalog where it stands, so it makes no difference where the last run was
/// killed. What is written down is only which steps were begun from nothing, for the rollback.
namespace backfill::run {

namespace {

constexpr Duration build_poll = std::chrono::seconds{1};
/// Not null, foreign key, unique, check: what rows say that broke a step.
constexpr std::array<std::string_view, 4> violation_codes{"23502", "23503", "23505", "23514"};

struct Step {
  std::size_t number = 0;  ///< from 1
  std::size_t count = 0;
  EnforceSql sql;

  [[nodiscard]] std::string title() const {
    return fmt::format("step {} of {} of enforce ({})", number, count, enforce_text(sql.step()));
  }
};

bool is_violation(const Error& error) {
  return std::ranges::find(violation_codes, error.sqlstate) != violation_codes.end();
}

std::string first_column(const EnforceStep& step) {
  const std::vector<std::string> columns = enforce_columns(step);
  return columns.empty() ? std::string{} : columns.front();
}

asio::awaitable<Result<EnforceState>> read_state(Session* session, const Step* step) {
  const Target target = session->target;
  const std::string name = step->sql.name();
  const std::string column = first_column(step->sql.step());
  const std::function<asio::awaitable<Result<EnforceState>>(pg::Connection*)> read =
      [target, name, column](pg::Connection* connection) {
        return read_enforce_state(connection, target, name, column);
      };
  co_return co_await session->control.repeat<EnforceState>(read);
}

/// A build of a former run that its server has not noticed to be orphaned is waited for: it ends
/// with a good index, or is ended by the server and leaves a bad one.
asio::awaitable<void> wait_for_build(Session* session) {
  asio::steady_timer timer(session->executor);
  timer.expires_after(build_poll);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

/// How far a step is taken: a foreign key with orphans is added, then swept, then validated.
enum class Extent { added, whole };

DdlRunner::Look look_at(Session* session, const Step* step, Extent extent) {
  const bool is_default = std::holds_alternative<EnforceDefault>(step->sql.step());
  const int before = session->ddl->completed();
  return [session, step, extent, is_default,
          before](pg::Connection* connection) -> asio::awaitable<Result<std::optional<OnlineDdl>>> {
    // A default is set each time, which changes nothing the second time: two spellings of one
    // expression cannot be told for the same.
    if (is_default && session->ddl->completed() > before) co_return std::optional<OnlineDdl>{};
    const Target target = session->target;
    const std::string column = first_column(step->sql.step());
    bool told = false;
    while (true) {
      const std::string name = step->sql.name();
      const Result<EnforceState> state =
          co_await read_enforce_state(connection, target, name, column);
      if (!state) co_return state.error();
      if (state->index && state->index->being_built && !session->stop_reason &&
          !session->keeper->lost()) {
        if (!std::exchange(told, true)) {
          session->tell(Level::info, "information", "index_being_built",
                        fmt::format("index {} is being built by a session of a former run: waiting "
                                    "for its end",
                                    name));
        }
        co_await wait_for_build(session);
        continue;
      }
      if (extent == Extent::added && state->constraint) co_return std::optional<OnlineDdl>{};
      std::optional<OnlineDdl> next = step->sql.next(*state);
      if (next) session->tell(Level::info, "phase", "ddl", next->sql);
      co_return next;
    }
  };
}

bool exists(const Step& step, const EnforceState& state) {
  if (std::holds_alternative<EnforceNotNull>(step.sql.step()) && state.column_not_null) return true;
  return state.constraint.has_value() || state.index.has_value();
}

/// Written before the first statement: a crash between the two leaves a note of something that is
/// not there, which a rollback passes over.
asio::awaitable<Result<void>> note_begun(Session* session, const Step* step,
                                         const EnforceState* state, EnforceRecord* record) {
  if (exists(*step, *state) || record->find(step->number) != nullptr) co_return Result<void>{};
  BegunStep begun;
  begun.number = step->number;
  begun.text = enforce_text(step->sql.step());
  begun.name = step->sql.name();
  if (std::holds_alternative<EnforceDefault>(step->sql.step())) {
    begun.old_default = state->column_default;
  }
  record->begun.push_back(std::move(begun));
  const Fence fence = session->fence("enforce", 1);
  const std::string detail = record->json();
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> write =
      [fence, detail](pg::Connection* connection) {
        return write_phase_detail(connection, fence, detail);
      };
  co_return co_await session->control.repeat<void>(write);
}

/// The first rows that break the step; none when it holds of all.
asio::awaitable<Result<std::vector<std::string>>> read_violations(Session* session,
                                                                  const Step* step) {
  std::vector<std::string> lines;
  const std::optional<std::string> sql = step->sql.violations();
  if (!sql) co_return lines;
  std::string text = *sql;
  std::string doing = "looking for rows that break " + enforce_text(step->sql.step());
  const Result<pg::Rows> rows = co_await session->ddl->read(std::move(text), std::move(doing));
  if (!rows) co_return rows.error();
  for (const auto& row : rows->values) lines.push_back(step->sql.violation_text(row));
  co_return lines;
}

Outcome broken(const Session& session, const Step& step, std::vector<std::string> rows) {
  Outcome outcome;
  outcome.code = ExitCode::differences;
  outcome.summary = fmt::format("job {}: {} does not hold of the rows that are there",
                                session.request.job.name, step.title());
  outcome.details = std::move(rows);
  if (outcome.details.size() >= 10) outcome.details.push_back("… (the first ten)");
  outcome.next = "mend these rows, then " + run_command(session) + "   (goes on at this step)";
  return outcome;
}

asio::awaitable<Ending> list_violations(Session* session, const Step* step) {
  const Result<std::vector<std::string>> rows = co_await read_violations(session, step);
  if (!rows) co_return ending_of_error(*session, rows.error());
  Outcome outcome = broken(*session, *step, *rows);
  const Result<EnforceState> state = co_await read_state(session, step);
  if (state && state->constraint && !state->constraint->validated) {
    outcome.details.push_back(fmt::format(
        "{} holds for new rows already (NOT VALID); \"backfill rollback {}\" takes it back",
        step->sql.name(), session->request.job.file));
  }
  co_return outcome;
}

/// Rows that came or changed since the proof, before the constraint held them off.
asio::awaitable<Ending> prove_again(Session* session) {
  session->tell(Level::warning, "information", "rows_behind_the_proof",
                "rows have come or changed since the proof: proving again");
  session->copied_now = true;
  const Ending ending = co_await prove(session);
  if (ending) co_return ending;
  const Result<void> back = co_await begin_phase(session, "enforce", 1);
  if (!back) co_return ending_of_error(*session, back.error());
  co_return std::nullopt;
}

bool rows_can_be_mended(const Step& step) {
  return std::holds_alternative<EnforceNotNull>(step.sql.step()) ||
         std::holds_alternative<EnforceCheck>(step.sql.step());
}

/// A constraint that cannot be validated would only refuse rows to the application: so it is looked
/// first. What is unique shows while the index is built.
asio::awaitable<Ending> look_first(Session* session, const Step* step) {
  if (std::holds_alternative<EnforceUnique>(step->sql.step())) co_return std::nullopt;
  if (step->sql.mend_orphans({}).has_value()) co_return std::nullopt;
  Result<std::vector<std::string>> rows = co_await read_violations(session, step);
  if (!rows) co_return ending_of_error(*session, rows.error());
  if (!rows->empty() && rows_can_be_mended(*step)) {
    const Ending ending = co_await prove_again(session);
    if (ending) co_return ending;
    rows = co_await read_violations(session, step);
    if (!rows) co_return ending_of_error(*session, rows.error());
  }
  if (rows->empty()) co_return std::nullopt;
  co_return broken(*session, *step, *std::move(rows));
}

/// Under a foreign key that holds for new rows, so that no more of them come.
asio::awaitable<Ending> mend_orphans(Session* session, const Step* step) {
  const auto from_start = step->sql.mend_orphans({.after = false, .through = true});
  const auto after_key = step->sql.mend_orphans({.after = true, .through = true});
  if (!from_start || !after_key) co_return std::nullopt;
  RangeSql sql;
  sql.from_start = *from_start;
  sql.after_key = *after_key;
  session->sweep_sql = std::move(sql);
  const Result<SweepResult> swept =
      co_await run_phase(session, "orphans", static_cast<int>(step->number), Purpose::copy);
  session->sweep_sql.reset();
  if (!swept) co_return ending_of_error(*session, swept.error());
  const Ending ending = ending_of(*session, swept->finish);
  if (ending) co_return ending;
  const Result<void> back = co_await begin_phase(session, "enforce", 1);
  if (!back) co_return ending_of_error(*session, back.error());
  co_return std::nullopt;
}

asio::awaitable<Ending> complete(Session* session, const Step* step, Extent extent) {
  constexpr int tries_max = 2;
  for (int tries = 1;; ++tries) {
    DdlRunner::Look look = look_at(session, step, extent);
    const Result<void> done = co_await session->ddl->complete(std::move(look));
    if (done) co_return std::nullopt;
    const Error error = done.error();
    if (!is_violation(error)) co_return ending_of_error(*session, error);
    if (!rows_can_be_mended(*step) || tries >= tries_max) {
      co_return co_await list_violations(session, step);
    }
    const Ending ending = co_await prove_again(session);
    if (ending) co_return ending;
  }
}

asio::awaitable<Ending> enforce_step(Session* session, const Step* step, EnforceRecord* record) {
  const Result<EnforceState> state = co_await read_state(session, step);
  if (!state) co_return ending_of_error(*session, state.error());
  if (!step->sql.next(*state)) {
    session->tell(Level::info, "phase", "enforce_step", step->title() + ": holds already");
    co_return std::nullopt;
  }
  session->tell(Level::info, "phase", "enforce_step", step->title());
  Ending ending;
  if (!exists(*step, *state)) {
    ending = co_await look_first(session, step);
    if (ending) co_return ending;
  }
  const EnforceState found = *state;
  const Result<void> noted = co_await note_begun(session, step, &found, record);
  if (!noted) co_return ending_of_error(*session, noted.error());
  if (step->sql.mend_orphans({})) {
    ending = co_await complete(session, step, Extent::added);
    if (ending) co_return ending;
    ending = co_await mend_orphans(session, step);
    if (ending) co_return ending;
  }
  co_return co_await complete(session, step, Extent::whole);
}

asio::awaitable<Ending> enforce_all(Session* session, EnforceRecord* record) {
  const std::vector<EnforceStep>& steps = session->request.job.enforce;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Ending stopped = stop_asked(*session);
    if (stopped) co_return stopped;
    const Step step{i + 1, steps.size(), EnforceSql(steps[i], session->target)};
    const Ending ending = co_await enforce_step(session, &step, record);
    if (ending) co_return ending;
  }
  co_return std::nullopt;
}

}  // namespace

void open_ddl(Session* session) {
  DdlSettings settings;
  // While an ALTER TABLE waits, everybody queues behind it: no session waits for us longer than
  // that.
  settings.lock_timeout =
      std::min(session->request.job.safety.lock_timeout, session->request.job.throttle.lock_wait);
  settings.statement_timeout = session->request.job.safety.statement_timeout;
  settings.search_path = session->record.search_path;
  settings.fence = DdlFence{session->record.id, session->lease.epoch};
  session->ddl = std::make_unique<DdlRunner>(
      session->executor, session->options, std::move(settings), session->seed + 3,
      [session](Level level, const std::string& reason, const std::string& text) {
        const bool command = reason.starts_with("session_");
        session->tell(level,
                      command                   ? "command"
                      : level == Level::warning ? "retry"
                                                : "information",
                      reason, text);
      });
}

void close_ddl(Session* session) {
  session->ddl->close();
  session->ddl.reset();
}

asio::awaitable<Ending> enforce(Session* session) {
  if (session->request.job.enforce.empty()) co_return std::nullopt;
  const Result<void> begun = co_await begin_phase(session, "enforce", 1);
  if (!begun) co_return ending_of_error(*session, begun.error());
  const SweepId phase = session->fence("enforce", 1).sweep;
  const std::function<asio::awaitable<Result<std::string>>(pg::Connection*)> read =
      [phase](pg::Connection* connection) { return read_phase_detail(connection, phase); };
  const Result<std::string> detail = co_await session->control.repeat<std::string>(read);
  if (!detail) co_return ending_of_error(*session, detail.error());
  EnforceRecord record = EnforceRecord::parse(*detail);
  open_ddl(session);
  const Ending ending = co_await enforce_all(session, &record);
  close_ddl(session);
  if (ending) co_return ending;
  const Result<void> ended = co_await end_phase(session, 1, record.json());
  if (!ended) co_return ending_of_error(*session, ended.error());
  co_return std::nullopt;
}

}  // namespace backfill::run
