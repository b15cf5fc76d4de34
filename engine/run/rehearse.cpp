#include "run/rehearse.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "catalog/estimate_facts.hpp"
#include "catalog/scan_facts.hpp"
#include "catalog/table_size.hpp"
#include "core/pace_limit.hpp"
#include "core/sql_text.hpp"
#include "pg/connection.hpp"
#include "run/children.hpp"
#include "run/rehearse_batches.hpp"
#include "run/rehearse_examine.hpp"
#include "run/rehearse_watch.hpp"
#include "run/table_estimates.hpp"

namespace backfill::run {

namespace {

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
  if (!job.writes) rehearsal->estimate->seconds_basis += "; --add-columns measures";
  limit_time(job.job.pace, &*rehearsal->estimate);
}

/// The batches of one table, and what the whole of it would take.
asio::awaitable<Result<void>> rehearse_table(asio::any_io_executor executor,
                                             pg::Connection* connection, ExaminedTable* table,
                                             pg::ConnectOptions options, Duration budget,
                                             Rehearsal* rehearsal) {
  RehearsedJob& job = table->job;
  rehearsal->table = quote_name(job.target.table);
  rehearsal->wrote = job.writes;
  rehearsal->unwritten = table->unwritten;
  // The facts come first: dead rows of our own would make the table look larger.
  const Job sweep = job.job;
  const Target target = table->as_it_is;
  const ScanChoice scan = table->scan;
  const Result<ScanFacts> scan_basis = co_await scan_facts(connection, sweep, target);
  if (!scan_basis) co_return scan_basis.error();
  const ScanFacts basis = *scan_basis;
  Result<EstimateFacts> facts = co_await estimate_facts(connection, sweep, target, scan, basis);
  if (!facts) co_return facts.error();
  if (table->new_indexes) facts->new_indexes = *table->new_indexes;
  const Result<std::optional<std::int64_t>> bytes = co_await table_size(connection, target.oid);
  if (!bytes) co_return bytes.error();

  Children children(executor);
  RehearseWatch watch(executor, std::move(options), connection->backend_pid());
  children.spawn(watch.watch());
  RehearseBatches batches(connection, &job, rehearsal, budget, bytes->value_or(0));
  const Result<void> done = co_await batches.go();
  watch.stop();
  co_await children.ended();
  if (!done) co_return done.error();
  batches.sum_up(facts->heap_bytes, facts->rows);
  const int timeouts = rehearsal->locks.timeouts;
  rehearsal->locks = watch.figures();
  rehearsal->locks.timeouts = timeouts;
  if (!watch.looked()) {
    rehearsal->notes.emplace_back("lock waits were not watched: no second connection could be had");
  }
  if (!target.estimated_rows) {
    rehearsal->notes.emplace_back(
        "the table was never analysed: how many rows it has is what the server has counted since, "
        "or guesses by its size");
  }
  estimate(job, *facts, rehearsal);
  co_return Result<void>{};
}

bool came_to_nothing(const Rehearsal& rehearsal) {
  return rehearsal.batches == 0 && (rehearsal.locks.timeouts > 0 || !rehearsal.troubles.empty());
}

/// How it has ended, over all tables.
void conclude(const RehearseRequest& request, Rehearsal* rehearsal) {
  bool nothing = came_to_nothing(*rehearsal);
  bool failing = !rehearsal->failing.empty();
  for (const Rehearsal& followed : rehearsal->followed) {
    nothing = nothing || came_to_nothing(followed);
    failing = failing || !followed.failing.empty();
    if (rehearsal->estimate && followed.estimate) add_to(*followed.estimate, &*rehearsal->estimate);
  }
  if (!rehearsal->followed.empty()) {
    rehearsal->notes.push_back(fmt::format(
        "the figures of the whole job are the sums over {} tables, each as it was rehearsed; what "
        "stands behind them is that of the first",
        rehearsal->followed.size() + 1));
  }
  const std::string again = "backfill rehearse " + request.job.file;
  if (nothing) {
    rehearsal->code = ExitCode::failed;
    rehearsal->next = again + "   (no batch came to its end)";
  }
  if (failing) {
    rehearsal->code = ExitCode::failed;
    rehearsal->next = again + "   (after mending those rows)";
  }
}

asio::awaitable<Result<Rehearsal>> rehearse(asio::any_io_executor executor,
                                            pg::Connection* connection, RehearseRequest request,
                                            pg::ConnectOptions options) {
  Rehearsal rehearsal;
  rehearsal.next = "backfill run " + request.job.file;
  Result<std::vector<ExaminedTable>> tables = co_await examine(connection, request, &rehearsal);
  if (!tables) co_return tables.error();
  if (tables->empty()) {
    rehearsal.next = "backfill plan " + request.job.file + "   (after mending the above)";
    co_return rehearsal;
  }
  const Duration budget = request.budget / static_cast<Duration::rep>(tables->size());
  rehearsal.followed.resize(tables->size() - 1);
  for (std::size_t i = 0; i < tables->size(); ++i) {
    Rehearsal* one = i == 0 ? &rehearsal : &rehearsal.followed[i - 1];
    ExaminedTable* table = &(*tables)[i];
    const Result<void> done =
        co_await rehearse_table(executor, connection, table, options, budget, one);
    if (!done) co_return done.error();
  }
  conclude(request, &rehearsal);
  if (request.mask) mask(&rehearsal);
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
