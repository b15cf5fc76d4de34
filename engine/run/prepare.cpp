#include "run/prepare.hpp"

#include <utility>

#include <fmt/format.h>

#include "catalog/describe_table.hpp"
#include "catalog/expression_facts.hpp"
#include "catalog/expression_scope.hpp"
#include "catalog/ground.hpp"
#include "catalog/lock_holders.hpp"
#include "catalog/preflight.hpp"
#include "catalog/scan_facts.hpp"
#include "catalog/table_size.hpp"
#include "checkpoint/control_schema.hpp"
#include "config/meaning.hpp"
#include "core/sql_text.hpp"
#include "run/earlier_run.hpp"
#include "run/guard_phase.hpp"
#include "run/placed.hpp"
#include "run/standbys.hpp"

namespace backfill::run {

void add_lines(const std::string& text, std::vector<std::string>* lines) {
  std::string line;
  for (const char character : text) {
    if (character != '\n') {
      line += character;
    } else {
      lines->push_back(std::exchange(line, {}));
    }
  }
  if (!line.empty()) lines->push_back(line);
}

Outcome refused(const Session& session, std::string summary) {
  Outcome outcome;
  outcome.code = ExitCode::refused;
  outcome.summary = std::move(summary);
  outcome.next = "backfill plan " + session.request.job.file + "   (after mending this)";
  return outcome;
}

Outcome not_prepared(Session* session, const Error& error) {
  if (kept_by_a_lock(error)) session->kept_by = error;
  if (session->stop_reason && is_transient(error)) {
    return stopped_outcome(*session, *session->stop_reason);
  }
  Outcome outcome = failed_outcome(*session, error);
  outcome.code = untouched_exit_code(session->request.conninfo, error);
  outcome.summary = error.message;
  outcome.next = run_command(*session) + "   (nothing was touched)";
  return outcome;
}

Ending judge(const Session& session, const std::vector<Finding>& findings) {
  Outcome outcome = refused(
      session,
      fmt::format("job {} cannot run as it stands; nothing was touched", session.request.job.name));
  bool refuse = false;
  for (const Finding& finding : findings) {
    if (finding.severity == Finding::Severity::refuse) {
      refuse = true;
      outcome.details.push_back(format(finding));
    } else {
      session.observer->message(
          finding.severity == Finding::Severity::warn ? Level::warning : Level::debug, "preflight",
          format(finding));
    }
  }
  if (!refuse) return std::nullopt;
  return outcome;
}

namespace {

constexpr std::string_view too_many_connections = "53300";

Outcome already_done(const Session& session) {
  Outcome outcome;
  outcome.code = ExitCode::done;
  outcome.summary =
      fmt::format("job {} is done already (finished {}); nothing to do", session.request.job.name,
                  session.record.finished_at.value_or("earlier"));
  return outcome;
}

Outcome meaning_changed(const Session& session, const std::string& now) {
  Outcome outcome = refused(
      session, fmt::format("job {} has been started with another meaning, and a job that has run "
                           "is never edited",
                           session.request.job.name));
  add_lines(meaning_diff(session.record.meaning, now), &outcome.details);
  outcome.next = "restore the file, or give the changed job a `name` of its own";
  return outcome;
}

Outcome ground_changed(const Session& session) {
  Outcome outcome = refused(
      session, fmt::format("job {} stands on another table or key than it was started on; its "
                           "checkpoints mean nothing there, and nothing was touched",
                           session.request.job.name));
  add_lines(meaning_diff(*session.record.ground, session.ground), &outcome.details);
  outcome.next =
      "bring the table and its key back to what they were, or give the job a `name` of its own: it "
      "then begins anew";
  return outcome;
}

Outcome owned(const Session& session, const LeaseOwner& owner) {
  Outcome outcome;
  outcome.code = ExitCode::owned;
  outcome.summary =
      fmt::format("job {} is being run by {} (pid {}) since {}; it showed itself {:.1f} s ago",
                  session.request.job.name, owner.identity.host, owner.identity.pid, owner.since,
                  owner.heartbeat_age_s);
  outcome.details.push_back(
      fmt::format("if that runner is gone for good, its lease ends {:.0f} s after its last sign of "
                  "life; then the same command takes over",
                  owner.ttl_s));
  outcome.next = "backfill status " + session.request.job.name + " --watch";
  return outcome;
}

asio::awaitable<Ending> take_lease(Session* session) {
  const JobId job = session->record.id;
  const RunnerIdentity self = identify_runner();
  const std::function<asio::awaitable<Result<AcquireOutcome>>(pg::Connection*)> take =
      [job, self](pg::Connection* connection) {
        return acquire_lease(connection, job, self, LeaseSettings{});
      };
  Result<AcquireOutcome> taken = co_await session->control.repeat<AcquireOutcome>(take);
  if (!taken) co_return ending_of_error(*session, taken.error());
  if (const auto* owner = std::get_if<LeaseOwner>(&*taken)) co_return owned(*session, *owner);
  session->lease = std::get<Lease>(*std::move(taken));
  co_return std::nullopt;
}

std::string_view verb_of(JobRun::Mode mode) {
  switch (mode) {
    case JobRun::Mode::run: return "run";
    case JobRun::Mode::verify_only: return "verify";
    case JobRun::Mode::switch_names: return "switch";
    case JobRun::Mode::drop: return "drop";
    case JobRun::Mode::rollback: return "undo";
    case JobRun::Mode::retry: return "retry";
  }
  return {};
}

NewJob job_to_pin(const Session& session, std::string meaning) {
  NewJob job;
  job.name = session.request.job.name;
  job.kind = kind_word(session.request.job.kind);
  job.table = quote_name(session.target.table);
  job.meaning = std::move(meaning);
  job.ground = session.ground;
  job.phase = "add";
  job.rows_estimated =
      session.target.estimated_rows ? session.target.estimated_rows : session.record.rows_estimated;
  for (const KeyColumn& column : session.target.key.columns) {
    job.key_columns.push_back(column.name);
  }
  return job;
}

/// A job that was refused after it had been entered, by the look at its plans for instance, has
/// changed no row and has no checkpoint: its file may still be mended.
bool may_be_edited(const Session& session) {
  return session.mode == JobRun::Mode::run && session.request.job.kind == JobKind::backfill &&
         !session.record.begun && session.record.state != JobState::done;
}

asio::awaitable<Ending> pin_mended(Session* session, std::string meaning) {
  const JobId id = session->record.id;
  const Epoch epoch = session->lease.epoch;
  const NewJob job = job_to_pin(*session, meaning);
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> pin =
      [id, epoch, job](pg::Connection* connection) {
        return pin_again(connection, id, epoch, job);
      };
  const Result<void> pinned = co_await session->control.repeat<void>(pin);
  if (!pinned) co_return ending_of_error(*session, pinned.error());
  session->record.meaning = std::move(meaning);
  session->record.table = job.table;
  session->record.key_columns = job.key_columns;
  session->record.ground = job.ground;
  session->record.rows_estimated = job.rows_estimated;
  session->observer->message(
      Level::info, "job_mended",
      "the job means something else than when it was entered; no row had been "
      "changed, so that it counts as it is now");
  co_return std::nullopt;
}

/// Creates the control schema and the job in it: the first thing that a run writes.
asio::awaitable<Ending> pin_job(Session* session, std::string meaning) {
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> install =
      [](pg::Connection* connection) { return install_control_schema(connection); };
  const Result<void> installed = co_await session->control.repeat<void>(install);
  if (!installed) co_return not_prepared(session, installed.error());

  const NewJob job = job_to_pin(*session, std::move(meaning));
  const std::function<asio::awaitable<Result<JobRecord>>(pg::Connection*)> create =
      [job](pg::Connection* connection) { return find_or_create_job(connection, job); };
  Result<JobRecord> created = co_await session->control.repeat<JobRecord>(create);
  if (!created) co_return not_prepared(session, created.error());
  session->record = *std::move(created);
  co_return std::nullopt;
}

/// What an earlier run left: finished, or pinned to a meaning.
asio::awaitable<Ending> compare_with_record(Session* session, pg::Connection* connection,
                                            std::string meaning) {
  const Result<std::optional<int>> version = co_await read_control_schema_version(connection);
  if (!version && lacks_privilege(version.error())) co_return std::nullopt;
  if (!version) co_return not_prepared(session, version.error());
  if (!*version) co_return std::nullopt;
  if (**version > control_schema_version()) {
    co_return refused(*session, fmt::format("the control schema has version {}, this backfill "
                                            "knows {}: use the newer backfill",
                                            **version, control_schema_version()));
  }
  const std::string name = session->request.job.name;
  Result<std::optional<JobRecord>> found = co_await find_job(connection, name);
  if (!found && lacks_privilege(found.error())) co_return std::nullopt;
  if (!found) co_return not_prepared(session, found.error());
  if (!*found) co_return std::nullopt;
  session->record = **std::move(found);
  if (session->record.meaning != meaning && !may_be_edited(*session)) {
    co_return meaning_changed(*session, meaning);
  }
  // A type-copy that has switched is done, and goes on when its old column may be dropped.
  const bool done = session->record.state == JobState::done && session->record.phase != "switched";
  if (done && session->mode == JobRun::Mode::run) co_return already_done(*session);
  co_return std::nullopt;
}

/// Where the file names no key, the job walks on along the one that it began with, whatever better
/// one has come since.
void keep_key(Session* session) {
  Job& job = session->request.job;
  if (job.key.empty() && session->record.begun) job.key = session->record.key_columns;
}

/// Whether the checkpoints of an earlier run still mean what they meant.
asio::awaitable<Ending> compare_ground(Session* session, pg::Connection* connection) {
  const bool copies = session->copy && !session->copy->tables.empty();
  std::vector<std::string> retyped =
      retyped_columns(copies ? session->copy->own().job : session->request.job);
  const Target target = session->target;
  Result<std::string> ground = co_await ground_of(connection, target, std::move(retyped));
  if (!ground) co_return not_prepared(session, ground.error());
  session->ground = *std::move(ground);
  const auto& before = session->record.ground;
  if (before && *before != session->ground && !may_be_edited(*session)) {
    co_return ground_changed(*session);
  }
  co_return std::nullopt;
}

asio::awaitable<Ending> check_against_database(Session* session, pg::Connection* connection) {
  const Job job = session->request.job;
  if (job.kind == JobKind::type_copy) co_return co_await prepare_type_copy(session, connection);
  Result<Target> target = co_await describe_table(connection, job);
  if (!target) co_return not_prepared(session, placed_at_table(job, target.error()));
  session->target = *std::move(target);
  // What would keep the job from running does not keep it from being taken back.
  if (session->mode == JobRun::Mode::rollback) co_return std::nullopt;
  const Target described = session->target;
  Result<std::vector<Finding>> findings = co_await preflight(connection, job, described);
  if (!findings) co_return not_prepared(session, findings.error());
  place_findings(job, &*findings);
  Ending ending = judge(*session, *findings);
  if (ending) co_return ending;
  Result<std::vector<bool>> facts = co_await deterministic_expressions(connection, job, described);
  if (!facts) co_return not_prepared(session, facts.error());
  session->sql.emplace(job, described, *std::move(facts));
  if (session->mode == JobRun::Mode::run && missing_columns(job, described).empty()) {
    const BackfillSql* sql = &*session->sql;
    Result<std::optional<GuardVerdict>> bad = co_await find_bad_plan(connection, described, sql);
    if (!bad) co_return not_prepared(session, bad.error());
    if (*bad) co_return refused_plan(*session, **bad);
  }
  const Result<ScanFacts> scan = co_await scan_facts(connection, job, described);
  if (!scan) co_return not_prepared(session, scan.error());
  session->scan = choose_scan(*scan);
  co_return std::nullopt;
}

/// A server that has no connection left knows us, and may have one in a moment: that is waited for,
/// within the limits of the link. Whatever else keeps us out is told at once.
asio::awaitable<Result<pg::Connection*>> first_connection(Session* session) {
  Result<pg::Connection*> connected = co_await session->control.connect();
  if (connected || connected.error().sqlstate != too_many_connections) co_return connected;
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> nothing =
      [](pg::Connection*) -> asio::awaitable<Result<void>> { co_return Result<void>{}; };
  const Result<void> free = co_await session->control.repeat<void>(nothing);
  if (!free) co_return free.error();
  co_return co_await session->control.connect();
}

/// Reads only. The ending is wrapped, since an operation of the link gives a Result. A lock that
/// kept the server from answering is an error: the look is repeated.
asio::awaitable<Result<Ending>> inspect(Session* session, pg::Connection* connection,
                                        std::string meaning) {
  Ending ending = co_await compare_with_record(session, connection, std::move(meaning));
  if (ending) co_return Result<Ending>{std::move(ending)};
  keep_key(session);
  session->kept_by.reset();
  ending = co_await check_against_database(session, connection);
  if (!ending) ending = co_await compare_ground(session, connection);
  if (!ending && !session->target.estimated_rows && !session->record.rows_estimated) {
    const Result<std::optional<std::int64_t>> counted =
        co_await counted_rows(connection, session->target.oid);
    // Without it progress knows no share of a table that was never analysed.
    if (counted) session->record.rows_estimated = *counted;
  }
  if (session->kept_by) co_return *session->kept_by;
  co_return Result<Ending>{std::move(ending)};
}

}  // namespace

asio::awaitable<Ending> prepare(Session* session) {
  const Result<std::vector<AskedStandby>> standbys = standbys_of(session->request.job);
  if (!standbys) {
    Outcome outcome = not_prepared(session, standbys.error());
    outcome.code = ExitCode::usage;
    co_return outcome;
  }
  const Result<pg::Connection*> connected = co_await first_connection(session);
  Ending ending = stop_asked(*session);
  if (ending) co_return ending;
  if (!connected) {
    Outcome outcome = not_prepared(session, connected.error());
    outcome.summary = "no connection: " + connected.error().message;
    co_return outcome;
  }
  session->observer->message(Level::debug, "connected", "connected to " + (*connected)->where());
  const std::string meaning = meaning_of(session->request.job);
  const std::function<asio::awaitable<Result<Ending>>(pg::Connection*)> look =
      [session, meaning](pg::Connection* connection) {
        return inspect(session, connection, meaning);
      };
  Result<Ending> inspected = co_await session->control.repeat<Ending>(look);
  // What a cancelled check found wrong is not what is wrong.
  ending = stop_asked(*session);
  if (ending) co_return ending;
  if (!inspected) co_return not_prepared(session, inspected.error());
  ending = *std::move(inspected);
  if (ending) co_return ending;
  if (session->mode != JobRun::Mode::run && session->record.id == JobId{}) {
    co_return refused(*session, fmt::format("job {} has not run in this database: there is nothing "
                                            "to {}",
                                            session->request.job.name, verb_of(session->mode)));
  }
  if (session->mode == JobRun::Mode::run) {
    ending = co_await pin_job(session, meaning);
    if (ending) co_return ending;
    if (session->record.meaning != meaning && !may_be_edited(*session)) {
      co_return meaning_changed(*session, meaning);
    }
  }
  ending = co_await take_lease(session);
  if (ending || session->mode != JobRun::Mode::run) co_return ending;
  const bool same = session->record.meaning == meaning &&
                    session->record.ground.value_or(session->ground) == session->ground;
  if (same) co_return std::nullopt;
  co_return co_await pin_mended(session, meaning);
}

}  // namespace backfill::run
