#include "run/type_copy_steps.hpp"

#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/older_transactions.hpp"
#include "checkpoint/run_transaction.hpp"
#include "core/duration_text.hpp"
#include "core/sql_name.hpp"
#include "pg/clock.hpp"
#include "pg/field.hpp"
#include "run/prepare.hpp"

namespace backfill::run {

namespace {

constexpr Duration wait_interval = std::chrono::milliseconds{200};
constexpr Duration wait_reported = std::chrono::seconds{10};
constexpr std::size_t sessions_shown = 5;
/// A transaction whose COMMIT was in doubt is looked up in the catalog, and made again if it had
/// not happened.
constexpr int doubtful_tries = 20;

std::string shown(const std::vector<std::string>& sessions) {
  std::vector<std::string> first(
      sessions.begin(),
      sessions.begin() + static_cast<std::ptrdiff_t>(std::min(sessions.size(), sessions_shown)));
  std::string text = fmt::format("{}", fmt::join(first, "; "));
  if (sessions.size() > first.size()) {
    text += fmt::format("; and {} more", sessions.size() - first.size());
  }
  return text;
}

Outcome waited_too_long(const Session& session, const std::vector<std::string>& sessions) {
  Outcome outcome = stopped_outcome(
      session, fmt::format("transactions older than the trigger have not ended within {}",
                           duration_text(session.request.job.type_copy.transaction_wait)));
  for (const std::string& one : sessions) outcome.details.push_back("waited for: " + one);
  return outcome;
}

asio::awaitable<void> pause(Session* session, Duration wait) {
  asio::steady_timer timer(session->executor);
  timer.expires_after(wait);
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<Result<OlderTransactions>> ask_older(Session* session, const CopyTable* of) {
  const std::uint32_t table = of->target.oid;
  const std::string trigger = of->trigger();
  const std::function<asio::awaitable<Result<OlderTransactions>>(pg::Connection*)> ask =
      [table, trigger](pg::Connection* connection) {
        return older_transactions(connection, table, trigger);
      };
  co_return co_await session->control.repeat<OlderTransactions>(ask);
}

/// Somebody has dropped it or switched it off, and what was written meanwhile is for the proof to
/// find.
asio::awaitable<Ending> make_trigger_again(Session* session, const CopyTable* table) {
  session->tell(Level::warning, "information", "trigger_missing",
                fmt::format("the trigger on {} is gone or disabled: making it again",
                            name_text(table->target.table)));
  std::vector<OnlineDdl> ddl = sync_function_ddl(table->facts, SyncDirection::forward);
  for (OnlineDdl& statement : sync_trigger_ddl(table->facts)) {
    ddl.push_back(std::move(statement));
  }
  const Result<void> made = co_await session->ddl->run_together(std::move(ddl));
  if (!made) co_return ending_of_ddl(*session, made.error());
  co_return std::nullopt;
}

/// The trigger's lock has let no uncommitted write pass; but an older transaction may still work
/// from what it has read before.
asio::awaitable<Ending> wait_out_table(Session* session, const CopyTable* table, Instant since) {
  std::optional<Instant> told;
  while (true) {
    const Ending asked = stop_asked(*session);
    if (asked) co_return asked;
    const Result<OlderTransactions> older = co_await ask_older(session, table);
    if (!older) co_return ending_of_ddl(*session, older.error());
    if (!older->trigger_exists) {
      const Ending ending = co_await make_trigger_again(session, table);
      if (ending) co_return ending;
      continue;
    }
    if (older->sessions.empty()) co_return std::nullopt;
    const Instant now = pg::now();
    if (now - since > session->request.job.type_copy.transaction_wait) {
      co_return waited_too_long(*session, older->sessions);
    }
    if (!told || now - *told > wait_reported) {
      told = now;
      session->tell(Level::info, "information", "waiting_for_transactions",
                    fmt::format("{} transactions are older than the trigger: {}",
                                older->sessions.size(), shown(older->sessions)));
    }
    co_await pause(session, wait_interval);
  }
}

/// The step's statement, unless the catalog says that it is done.
asio::awaitable<Result<std::optional<OnlineDdl>>> next_of(Session* session,
                                                          pg::Connection* connection,
                                                          CarryStep step, int completed) {
  if (step.once && session->ddl->completed() > completed) co_return std::optional<OnlineDdl>{};
  std::vector<pg::Param> none;
  const Result<pg::Rows> rows =
      co_await connection->query(step.done_when, std::move(none), control_deadline);
  if (!rows) co_return rows.error();
  if (pg::bool_field(rows->values.at(0), 0)) co_return std::optional<OnlineDdl>{};
  session->tell(Level::info, "phase", "carry", step.what);
  co_return std::optional<OnlineDdl>{std::move(step.ddl)};
}

/// What the columns alone tell.
asio::awaitable<Result<void>> find_stage(Session* session) {
  TypeCopyView* view = &*session->copy;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> describe =
      [view](pg::Connection* connection) { return describe_again(connection, view); };
  co_return co_await session->control.repeat<void>(describe);
}

}  // namespace

Ending ending_of_ddl(const Session& session, const Error& error) {
  Outcome outcome = ending_of_error(session, error);
  if (error.sqlstate == things_changed || error.sqlstate == trigger_touched) {
    outcome.summary = fmt::format("job {}: {}, again and again; no name has changed",
                                  session.request.job.name, error.message);
    return outcome;
  }
  if (error.sqlstate != "BF006") return outcome;
  outcome.code = ExitCode::differences;
  outcome.summary = fmt::format(
      "job {}: a value that does not convert was written after the proof; no name has changed",
      session.request.job.name);
  outcome.details = {error.message};
  return outcome;
}

void choose_sweep(Session* session, std::size_t table) {
  const CopyTable& chosen = session->copy->tables.at(table);
  session->target = chosen.target;
  session->scan = chosen.scan;
  const Job job = chosen.sweep_job(session->copy->stage);
  std::vector<bool> provable = chosen.provable;
  provable.resize(job.set.size(), false);
  session->sql.emplace(job, session->target, std::move(provable));
  session->sql->keep_checksums();
}

asio::awaitable<Ending> look_again(Session* session) {
  const Job job = session->request.job;
  const std::function<asio::awaitable<Result<TypeCopyView>>(pg::Connection*)> look =
      [job](pg::Connection* connection) { return view_type_copy(connection, job, false); };
  Result<TypeCopyView> view = co_await session->control.repeat<TypeCopyView>(look);
  if (!view) co_return ending_of_ddl(*session, view.error());
  session->copy = *std::move(view);
  session->target = session->copy->own().target;
  co_return judge(*session, session->copy->findings);
}

asio::awaitable<Ending> reach(Session* session, std::vector<OnlineDdl> ddl, CopyStage stage,
                              bool by_force) {
  session->refused_by.clear();
  for (int attempt = 1;; ++attempt) {
    Result<void> done;
    if (by_force) {
      done = co_await session->ddl->run_by_force(ddl);
    } else {
      done = co_await session->ddl->run_together(ddl);
    }
    const bool doubtful = !done && (done.error().kind == ErrorClass::reconnect ||
                                    done.error().kind == ErrorClass::ambiguous);
    if (!done && (!doubtful || attempt >= doubtful_tries || session->stop_reason)) {
      session->refused_by = done.error().sqlstate;
      co_return ending_of_ddl(*session, done.error());
    }
    const Result<void> looked = co_await find_stage(session);
    if (!looked) co_return ending_of_ddl(*session, looked.error());
    if (session->copy->stage == stage) co_return std::nullopt;
    if (done) {
      co_return failed_outcome(*session, fatal_error("the catalog does not show what was done"));
    }
  }
}

asio::awaitable<Ending> add_and_wait(Session* session) {
  if (session->copy->stage == CopyStage::absent) {
    const Result<void> begun = co_await begin_phase(session, "add", 1);
    if (!begun) co_return ending_of_ddl(*session, begun.error());
    const std::string record = session->copy->record();
    std::vector<OnlineDdl> ddl = add_ddl(session->copy->facts(), session->copy->carry, record);
    const Ending ending = co_await reach(session, std::move(ddl), CopyStage::added);
    if (ending) co_return ending;
    const std::string detail = record.empty() ? std::string{"{}"} : record;
    const Result<void> ended = co_await end_phase(session, 1, detail);
    if (!ended) co_return ending_of_ddl(*session, ended.error());
  }
  co_return co_await wait_out(session);
}

asio::awaitable<Ending> wait_out(Session* session) {
  const Result<void> begun = co_await begin_phase(session, "wait", 1);
  if (!begun) co_return ending_of_ddl(*session, begun.error());
  const Instant since = pg::now();
  for (const CopyTable& table : session->copy->tables) {
    const Ending ending = co_await wait_out_table(session, &table, since);
    if (ending) co_return ending;
  }
  const Result<void> ended = co_await end_phase(session, 1, "{}");
  if (!ended) co_return ending_of_ddl(*session, ended.error());
  co_return std::nullopt;
}

asio::awaitable<Ending> copy_columns(Session* session) {
  for (std::size_t i = 0; i < session->copy->tables.size(); ++i) {
    choose_sweep(session, i);
    Ending ending = co_await guard_plans(session);
    if (ending) co_return ending;
    ending = co_await copy_rows(session, session->copy->tables[i].phase("copy"));
    if (ending) co_return ending;
  }
  co_return std::nullopt;
}

asio::awaitable<Ending> carry_one(Session* session, CarryStep step) {
  const Ending asked = stop_asked(*session);
  if (asked) co_return asked;
  const int completed = session->ddl->completed();
  const DdlRunner::Look look = [session, step, completed](pg::Connection* connection) {
    return next_of(session, connection, step, completed);
  };
  const Result<void> done = co_await session->ddl->complete(look);
  if (!done) co_return ending_of_ddl(*session, done.error());
  co_return std::nullopt;
}

asio::awaitable<Ending> carry_steps(Session* session, std::string phase) {
  Ending refused = co_await look_again(session);
  if (refused) co_return refused;
  if (session->copy->stage != CopyStage::switched) {
    refused = judge(*session, refuse_newcomers(*session->copy));
    if (refused) co_return refused;
  }
  const std::vector<CarryStep> steps = session->copy->carry.before_switch;
  if (steps.empty()) co_return std::nullopt;
  const Result<void> begun = co_await begin_phase(session, std::move(phase), 1);
  if (!begun) co_return ending_of_ddl(*session, begun.error());
  for (const CarryStep& step : steps) {
    const Ending ending = co_await carry_one(session, step);
    if (ending) co_return ending;
  }
  const Result<void> ended = co_await end_phase(session, 1, "{}");
  if (!ended) co_return ending_of_ddl(*session, ended.error());
  co_return std::nullopt;
}

}  // namespace backfill::run
