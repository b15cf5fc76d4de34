#include "run/rehearse.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/describe_table.hpp"
#include "catalog/estimate_facts.hpp"
#include "catalog/expression_facts.hpp"
#include "catalog/expression_scope.hpp"
#include "catalog/preflight.hpp"
#include "catalog/scan_facts.hpp"
#include "catalog/table_size.hpp"
#include "core/sql_name.hpp"
#include "core/sql_text.hpp"
#include "pg/connection.hpp"
#include "run/children.hpp"
#include "run/earlier_run.hpp"
#include "run/guard_phase.hpp"
#include "run/placed.hpp"
#include "run/rehearse_batches.hpp"
#include "run/rehearse_watch.hpp"
#include "run/type_copy_view.hpp"

namespace backfill::run {

namespace {

/// A job as it is rehearsed, and what its estimate starts from.
struct Examined {
  std::optional<RehearsedJob> job;  ///< absent when the job is refused
  ScanChoice scan;
  ScanFacts scan_basis;
  std::int64_t bytes = 0;
};

void refuse(Rehearsal* rehearsal, std::string why) {
  rehearsal->findings.push_back("refused: " + std::move(why));
  rehearsal->code = ExitCode::refused;
}

void take_findings(const std::vector<Finding>& findings, Rehearsal* rehearsal) {
  for (const Finding& finding : findings) {
    if (finding.severity == Finding::Severity::note) continue;
    rehearsal->findings.push_back(format(finding));
    if (finding.severity == Finding::Severity::refuse) rehearsal->code = ExitCode::refused;
  }
}

TransactionSettings settings_of(const Job& job, const std::optional<JobRecord>& earlier) {
  TransactionSettings settings;
  settings.lock_timeout = job.safety.lock_timeout;
  settings.statement_timeout = job.safety.statement_timeout;
  settings.bypass_triggers = job.safety.user_triggers == UserTriggers::bypass;
  if (earlier) settings.search_path = earlier->search_path;
  if (job.kind == JobKind::type_copy) settings.quiet_job = job.name;
  return settings;
}

/// Why the batches cannot be written, or nothing.
std::string why_not_written(const Job& sweep, const Target& target) {
  const std::vector<AddColumn> missing = missing_columns(sweep, target);
  if (missing.empty()) return {};
  std::vector<std::string> names;
  for (const AddColumn& column : missing) names.push_back(name_text(column.column));
  return fmt::format(
      "{} {} not there yet, and a rehearsal adds no column: that takes a lock on the table and "
      "stays. The new values were computed and thrown away, so time, WAL and the share of HOT "
      "updates are not measured",
      fmt::join(names, ", "), names.size() == 1 ? "is" : "are");
}

asio::awaitable<Result<void>> examine_backfill(pg::Connection* connection, Job job, Target target,
                                               std::optional<JobRecord> earlier,
                                               Rehearsal* rehearsal, Examined* examined) {
  Result<std::vector<Finding>> findings = co_await preflight(connection, job, target);
  if (!findings) co_return findings.error();
  place_findings(job, &*findings);
  take_findings(*findings, rehearsal);
  if (rehearsal->code == ExitCode::refused) co_return Result<void>{};
  Result<std::vector<bool>> provable = co_await deterministic_expressions(connection, job, target);
  if (!provable) co_return provable.error();
  BackfillSql sql(job, target, *std::move(provable));
  rehearsal->unwritten = why_not_written(job, target);
  const bool writes = rehearsal->unwritten.empty();
  if (writes) {
    const Result<std::optional<GuardVerdict>> bad =
        co_await find_bad_plan(connection, target, &sql);
    if (!bad) co_return bad.error();
    if (*bad) {
      refuse(rehearsal,
             fmt::format("the server would not use the key's index for the batches: {}. {}",
                         (*bad)->reason, (*bad)->hint));
      co_return Result<void>{};
    }
  }
  RehearsalSql looks(job, target);
  const TransactionSettings settings = settings_of(job, earlier);
  examined->job.emplace(RehearsedJob{std::move(job), std::move(target), std::move(sql),
                                     std::move(looks), examined->scan.stripes, writes, settings});
  co_return Result<void>{};
}

asio::awaitable<Result<void>> examine_type_copy(pg::Connection* connection, Job job,
                                                std::optional<JobRecord> earlier,
                                                Rehearsal* rehearsal, Examined* examined) {
  Result<TypeCopyView> viewed = co_await view_type_copy(connection, job, false);
  if (!viewed) co_return viewed.error();
  TypeCopyView view = *std::move(viewed);
  take_findings(view.findings, rehearsal);
  if (view.stage == CopyStage::switched) {
    refuse(rehearsal, "the columns have traded names already: there is no copy left to rehearse");
  }
  if (rehearsal->code == ExitCode::refused) co_return Result<void>{};
  const Result<void> chosen = co_await choose_scans(connection, &view);
  if (!chosen) co_return chosen.error();
  if (view.tables.size() > 1) {
    rehearsal->notes.push_back(fmt::format(
        "the copies of {} other tables that follow are not rehearsed", view.tables.size() - 1));
  }
  CopyTable& own = view.own();
  Job sweep = forward_job(own.job);
  rehearsal->unwritten = why_not_written(sweep, own.target);
  examined->scan = own.scan;
  BackfillSql sql(sweep, own.target, own.provable);
  RehearsalSql looks(sweep, own.target);
  const TransactionSettings settings = settings_of(job, earlier);
  examined->job.emplace(RehearsedJob{std::move(sweep), own.target, std::move(sql), std::move(looks),
                                     own.scan.stripes, rehearsal->unwritten.empty(), settings});
  co_return Result<void>{};
}

asio::awaitable<Result<Examined>> examine(pg::Connection* connection, Job job,
                                          Rehearsal* rehearsal) {
  const std::string name = job.name;
  Result<std::optional<JobRecord>> found = co_await find_earlier_run(connection, name);
  if (!found) co_return found.error();
  std::optional<JobRecord> earlier = *std::move(found);
  if (earlier && job.key.empty()) job.key = earlier->key_columns;
  Result<Target> described = co_await describe_table(connection, job);
  if (!described) co_return placed_at_table(job, described.error());
  Target target = *std::move(described);
  rehearsal->table = quote_name(target.table);
  Examined examined;
  const Result<std::optional<std::int64_t>> bytes = co_await table_size(connection, target.oid);
  if (!bytes) co_return bytes.error();
  examined.bytes = bytes->value_or(0);
  const Result<ScanFacts> basis = co_await scan_facts(connection, job, target);
  if (!basis) co_return basis.error();
  examined.scan_basis = *basis;
  examined.scan = choose_scan(*basis);
  Result<void> done;
  if (job.kind == JobKind::type_copy) {
    done = co_await examine_type_copy(connection, std::move(job), std::move(earlier), rehearsal,
                                      &examined);
  } else {
    done = co_await examine_backfill(connection, std::move(job), std::move(target),
                                     std::move(earlier), rehearsal, &examined);
  }
  if (!done) co_return done.error();
  co_return examined;
}

void estimate(const RehearsedJob& job, EstimateFacts facts, Rehearsal* rehearsal) {
  std::optional<Measurement> measured;
  if (rehearsal->keys > 0) {
    const double visits = job.writes ? job.stripes : 1;
    facts.changing = std::min(
        1.0, static_cast<double>(rehearsal->rows) * visits / static_cast<double>(rehearsal->keys));
    facts.changing_basis = fmt::format("measured: {:.1f} % of the rows in {} places of the table",
                                       100 * facts.changing, rehearsal->positions);
  }
  if (job.writes && rehearsal->keys_per_second) {
    measured.emplace();
    measured->keys_per_second = *rehearsal->keys_per_second;
    measured->hot_share = rehearsal->hot_share;
    measured->basis =
        fmt::format("{} batches, {} rows changed", rehearsal->batches, rehearsal->rows);
    if (rehearsal->wal_per_row) {
      constexpr double page_bytes = 8192;
      const double with = *rehearsal->wal_per_row;
      const double without = with - rehearsal->wal_images.value_or(0) * page_bytes;
      // An image is seldom a whole page; what is left of the row itself is never less than this.
      constexpr double least = 60;
      measured->wal_per_row = Span{std::min(with, std::max(without, least)), with};
    }
  }
  rehearsal->estimate = estimate_job(facts, measured);
}

asio::awaitable<Result<Rehearsal>> rehearse(asio::any_io_executor executor,
                                            pg::Connection* connection, RehearseRequest request,
                                            pg::ConnectOptions options) {
  Rehearsal rehearsal;
  rehearsal.next = "backfill plan " + request.job.file;
  Result<Examined> examined = co_await examine(connection, request.job, &rehearsal);
  if (!examined) co_return examined.error();
  if (!examined->job) {
    rehearsal.next += "   (after mending the above)";
    co_return rehearsal;
  }
  RehearsedJob& job = *examined->job;
  rehearsal.wrote = job.writes;
  // The facts come first: dead rows of our own would make the table look larger.
  const Job sweep = job.job;
  const Target target = job.target;
  const ScanChoice scan = examined->scan;
  const ScanFacts basis = examined->scan_basis;
  const Result<EstimateFacts> facts =
      co_await estimate_facts(connection, sweep, target, scan, basis);
  if (!facts) co_return facts.error();

  Children children(executor);
  RehearseWatch watch(executor, std::move(options), connection->backend_pid());
  children.spawn(watch.watch());
  RehearseBatches batches(connection, &job, &rehearsal, request.budget, examined->bytes);
  const Result<void> done = co_await batches.go();
  watch.stop();
  co_await children.ended();
  if (!done) co_return done.error();
  batches.sum_up(facts->heap_bytes, facts->rows);
  const int timeouts = rehearsal.locks.timeouts;
  rehearsal.locks = watch.figures();
  rehearsal.locks.timeouts = timeouts;
  if (!watch.looked()) {
    rehearsal.notes.emplace_back("lock waits were not watched: no second connection could be had");
  }
  estimate(job, *facts, &rehearsal);
  if (request.mask) mask(&rehearsal);
  if (rehearsal.batches == 0 && (timeouts > 0 || !rehearsal.troubles.empty())) {
    rehearsal.code = ExitCode::failed;
    rehearsal.next = "backfill rehearse " + request.job.file + "   (no batch came to its end)";
  }
  if (!rehearsal.failing.empty()) {
    rehearsal.code = ExitCode::failed;
    rehearsal.next = "backfill rehearse " + request.job.file + "   (after mending those rows)";
  }
  co_return rehearsal;
}

}  // namespace

asio::awaitable<Result<Rehearsal>> rehearse_job(asio::any_io_executor executor,
                                                RehearseRequest request) {
  pg::ConnectOptions options;
  options.conninfo = request.conninfo;
  options.application_name = "backfill: rehearse";
  const pg::ConnectOptions again = options;
  Result<std::unique_ptr<pg::Connection>> connected =
      co_await pg::Connection::connect(executor, std::move(options));
  if (!connected) co_return connected.error();
  const std::unique_ptr<pg::Connection> connection = *std::move(connected);
  co_return co_await rehearse(executor, connection.get(), std::move(request), again);
}

}  // namespace backfill::run
