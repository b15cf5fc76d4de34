#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "checkpoint/status_query.hpp"
#include "core/sql_text.hpp"
#include "run/send_transaction.hpp"
#include "run/session.hpp"

namespace backfill::run {

namespace {

std::string sql_of(const BackfillSql& sql, Purpose purpose, BoundShape shape) {
  switch (purpose) {
    case Purpose::copy: return sql.copy(shape);
    case Purpose::verify: return sql.verify(shape);
    case Purpose::repair: return sql.repair(shape);
  }
  return {};
}

SweepPlan plan_of(const Session& session, Fence fence, Purpose purpose) {
  SweepPlan plan;
  plan.fence = std::move(fence);
  plan.settings = session.settings();
  plan.safety = session.request.job.safety;
  plan.target = session.target;
  plan.purpose = purpose;
  if (session.sweep_sql) {
    plan.sql = *session.sweep_sql;
    return plan;
  }
  plan.sql.from_start = sql_of(*session.sql, purpose, {.after = false, .through = true});
  plan.sql.after_key = sql_of(*session.sql, purpose, {.after = true, .through = true});
  if (purpose == Purpose::copy && hashable(session.target.key)) {
    plan.sql.striped_from_start = session.sql->copy_stripe({.after = false, .through = true});
    plan.sql.striped_after_key = session.sql->copy_stripe({.after = true, .through = true});
  }
  return plan;
}

SweepSettings settings_of(const Session& session, Purpose purpose) {
  SweepSettings settings;
  settings.purpose = purpose;
  settings.pace = session.request.job.pace;
  settings.safety = session.request.job.safety;
  if (session.target.estimated_rows) {
    settings.estimated_rows = RowCount{*session.target.estimated_rows};
  }
  settings.seed = session.seed;
  settings.whole_table = purpose != Purpose::repair;
  if (session.quarantines()) settings.on_error = session.request.job.on_error;
  if (purpose == Purpose::copy && !session.sweep_sql) {
    settings.stripes = session.scan.stripes;
    settings.stripes_forced = session.request.job.pace.stripes.has_value();
    settings.filtered = session.request.job.where.has_value();
  }
  return settings;
}

Level level_of(Note::Kind kind) {
  return kind == Note::Kind::retry || kind == Note::Kind::error ? Level::warning : Level::info;
}

std::string kind_of(Note::Kind kind) {
  switch (kind) {
    case Note::Kind::retry: return "retry";
    case Note::Kind::throttle: return "throttle";
    case Note::Kind::setting: return "setting";
    case Note::Kind::error: return "error";
    case Note::Kind::information: break;
  }
  return "information";
}

/// Writes the counts that no batch was left to carry. Tried once: a count that does not arrive is
/// found again from the rows themselves (`count_uncounted`), one written twice would be wrong.
asio::awaitable<void> record_last_counts(Session* session, Fence fence, Purpose purpose,
                                         std::vector<RowsToRecord> record) {
  if (record.empty() || purpose == Purpose::verify) co_return;
  const std::vector<pg::Statement> statements =
      record_statements(fence, session->settings(), record, purpose);
  const std::function<asio::awaitable<Result<void>>(pg::Connection*)> write =
      [statements](pg::Connection* connection) { return send_transaction(connection, statements); };
  const Result<void> ignored = co_await session->control.attempt<void>(write);
  static_cast<void>(ignored);
}

/// By the whole job, as far as its checkpoints tell.
asio::awaitable<RowCount> rows_changed_so_far(Session* session) {
  const std::string name = session->record.name;
  const std::function<asio::awaitable<Result<std::vector<backfill::JobStatus>>>(pg::Connection*)>
      read = [name](pg::Connection* connection) { return backfill::read_status(connection, name); };
  const Result<std::vector<backfill::JobStatus>> status =
      co_await session->control.repeat<std::vector<backfill::JobStatus>>(read);
  if (!status || status->empty()) co_return session->rows_before;
  co_return RowCount{status->front().rows_changed};
}

Monitor::Audience audience_of(Session* session) {
  Sweep* sweep = session->sweep.get();
  Monitor::Audience audience;
  audience.tell = [sweep](Event event) { sweep->tell(std::move(event)); };
  audience.our_backends = [sweep] { return sweep->backends(); };
  audience.slot_of_backend = [sweep](int pid, Instant looked_at) {
    return sweep->slot_of_backend(pid, looked_at);
  };
  audience.watermark = [sweep] { return sweep->state().watermark; };
  audience.at_position = [session](double fraction) {
    session->fraction_key = std::max(session->fraction_key.value_or(0), fraction);
  };
  audience.target = session->target;
  return audience;
}

}  // namespace

asio::awaitable<Result<std::vector<StoredRange>>> read_ranges(Session* session, std::string phase,
                                                              int pass, Purpose purpose) {
  const Fence fence = session->fence(std::move(phase), pass);
  const Target target = session->target;
  const std::function<asio::awaitable<Result<std::vector<StoredRange>>>(pg::Connection*)> load =
      [fence](pg::Connection* connection) { return load_ranges(connection, fence.sweep); };
  Result<std::vector<StoredRange>> stored =
      co_await session->control.repeat<std::vector<StoredRange>>(load);
  if (!stored || purpose == Purpose::verify) co_return stored;
  const std::vector<StoredRange> ranges = *std::move(stored);
  const std::function<asio::awaitable<Result<std::vector<StoredRange>>>(pg::Connection*)> count =
      [fence, target, ranges](pg::Connection* connection) {
        return count_uncounted(connection, fence, target, ranges);
      };
  co_return co_await session->control.repeat<std::vector<StoredRange>>(count);
}

namespace {

/// Of the table that is swept now.
asio::awaitable<Result<std::vector<KeyValue>>> quarantined_keys(Session* session) {
  const Result<std::vector<QuarantinedRow>> rows = co_await quarantine_of(session);
  if (!rows) co_return rows.error();
  const std::string table = quote_name(session->target.table);
  std::vector<KeyValue> keys;
  for (const QuarantinedRow& row : *rows) {
    if (row.table == table) keys.push_back(row.key);
  }
  co_return keys;
}

}  // namespace

asio::awaitable<Result<SweepResult>> run_sweep(Session* session, std::string phase, int pass,
                                               Purpose purpose) {
  const Fence fence = session->fence(phase, pass);
  Result<std::vector<StoredRange>> stored = co_await read_ranges(session, phase, pass, purpose);
  if (!stored) co_return stored.error();
  std::vector<KnownRange> known;
  session->rows_before = co_await rows_changed_so_far(session);
  const RowCount rows_at_start = session->rows_before;
  const std::int64_t changed_before = session->ended_sweeps.rows_changed;
  for (StoredRange& range : *stored) {
    known.push_back(std::move(range.known));
  }
  SweepSettings settings = settings_of(*session, purpose);
  if (settings.on_error.quarantine) {
    Result<std::vector<KeyValue>> keys = co_await quarantined_keys(session);
    if (!keys) co_return keys.error();
    settings.quarantined = *std::move(keys);
  }
  Engine engine(std::move(settings), std::move(known), session->pool->size());
  session->sweep = std::make_unique<Sweep>(
      session->executor, session->pool.get(), plan_of(*session, fence, purpose), std::move(engine),
      [session](const Note& note) {
        session->tell(level_of(note.kind), kind_of(note.kind), note.reason, note.text);
      });
  session->keys_at_start = session->sweep->state().keys_done;
  session->meter = std::make_unique<ProgressMeter>();
  session->measure();
  if (session->stop_reason) {
    session->sweep->tell(StopRequested{session->stop_cancel, *session->stop_reason});
  }
  session->monitor->listen(audience_of(session));
  SweepResult result;
  result.finish = co_await session->sweep->run();
  session->monitor->listen({});
  session->measure();
  Progress last = session->progress();
  session->observer->progress(last);
  result.batches = session->sweep->state().batches;
  session->ended_sweeps = session->totals();
  for (const auto& [reason, lost] : session->sweep->state().time_lost) {
    session->waits_ended[reason] += lost;
  }
  session->sweep.reset();
  session->meter.reset();

  co_await record_last_counts(session, fence, purpose, result.finish.record);
  session->rows_before = co_await rows_changed_so_far(session);
  // What the checkpoints say counts: a crash of the server may have taken batches back that we have
  // seen commit, and that were done again.
  last.rows_changed = session->rows_before;
  session->ended_sweeps.rows_changed =
      changed_before + (session->rows_before - rows_at_start).value;
  session->observer->progress(last);
  co_return result;
}

}  // namespace backfill::run
