#include "core/job_estimate.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace backfill {

namespace {

/// Without a measurement: rows changed a second over all connections. The lower end is a table with
/// triggers and wide rows on slow disks, the upper one a narrow table in memory.
constexpr Span assumed_rows_per_second{5'000, 100'000};
/// Beyond the statements of the batches: COMMIT, the probe, rests for others.
constexpr double overhead_most = 1.5;
/// Of a record of the log for one changed row, beside the row itself.
constexpr double wal_header_bytes = 80;
constexpr double wal_index_entry_bytes = 80;
constexpr double index_entry_bytes = 40;
constexpr double new_column_bytes = 16;
/// How much of what an update replaces is free again, by vacuum or pruning, before the job needs
/// it: at least nothing, at most about this share.
constexpr double reclaimed_most = 0.5;

Span scaled(Span span, double factor) {
  return {span.low * factor, span.high * factor};
}

Span sum(Span a, Span b) {
  return {a.low + b.low, a.high + b.high};
}

bool may_stay_on_page(const EstimateFacts& facts) {
  return !facts.set_column_indexed;
}

double row_bytes(const EstimateFacts& facts) {
  return facts.rows > 0 ? facts.heap_bytes / facts.rows : 0;
}

void estimate_time(const EstimateFacts& facts, const std::optional<Measurement>& measured,
                   JobEstimate* estimate) {
  if (measured && measured->keys_per_second > 0) {
    const double one = facts.rows * facts.stripes / measured->keys_per_second;
    estimate->seconds = {one / std::max(1, facts.connections), one * overhead_most};
    estimate->seconds_basis = fmt::format(
        "measured: {:.0f} rows a second passed by one connection ({}); from {} connections that "
        "gain in full to one alone, without throttles",
        measured->keys_per_second, measured->basis, facts.connections);
    return;
  }
  estimate->seconds = {estimate->rows / assumed_rows_per_second.high,
                       estimate->rows / assumed_rows_per_second.low};
  estimate->seconds_basis =
      fmt::format("assumed: {:.0f} to {:.0f} rows a second, without throttles",
                  assumed_rows_per_second.low, assumed_rows_per_second.high);
}

void estimate_wal(const EstimateFacts& facts, const std::optional<Measurement>& measured,
                  JobEstimate* estimate) {
  if (measured && measured->wal_per_row) {
    estimate->wal_bytes = scaled(*measured->wal_per_row, estimate->rows);
    estimate->wal_basis =
        fmt::format("measured: {:.0f} bytes a row without full images of pages, {:.0f} with ({})",
                    measured->wal_per_row->low, measured->wal_per_row->high, measured->basis);
    return;
  }
  const double row = row_bytes(facts) + facts.added_columns * new_column_bytes + wal_header_bytes;
  const double entries = facts.indexes * wal_index_entry_bytes;
  const double images = (facts.heap_bytes + facts.index_bytes) * facts.changing;
  estimate->wal_bytes = {estimate->rows * (may_stay_on_page(facts) ? row : row + entries),
                         estimate->rows * (row + entries) + images};
  estimate->wal_basis =
      "from the width of a row and the number of indexes; at most with an image of every page once";
}

void estimate_growth(const EstimateFacts& facts, const std::optional<Measurement>& measured,
                     JobEstimate* estimate) {
  const double wider = estimate->rows * facts.added_columns * new_column_bytes;
  const double heap = facts.heap_bytes * facts.changing + wider;
  const double entries = facts.index_bytes * facts.changing;
  const bool striped = facts.stripes > 1 && may_stay_on_page(facts);
  const double least = striped ? 1.0 / facts.stripes : reclaimed_most;
  estimate->heap_growth = {heap * least, heap};
  estimate->index_growth = {striped ? 0 : entries * reclaimed_most, entries};
  estimate->growth_basis =
      striped ? "from the sizes of the table: one stripe's versions at least, all of them where "
                "nothing is pruned in time"
              : "from the sizes of the table: half of the replaced versions to all of them, by how "
                "soon vacuum frees them";
  if (measured && measured->hot_share && !striped) {
    estimate->index_growth = scaled(estimate->index_growth, 1 - *measured->hot_share);
    estimate->growth_basis += fmt::format(
        "; {:.0f} % of the updates stayed on their page when "
        "measured",
        *measured->hot_share * 100);
  }
}

}  // namespace

JobEstimate estimate_job(const EstimateFacts& facts, const std::optional<Measurement>& measured) {
  JobEstimate estimate;
  estimate.rows = facts.rows * std::clamp(facts.changing, 0.0, 1.0);
  estimate.rows_basis = facts.changing_basis;
  estimate_time(facts, measured, &estimate);
  estimate_wal(facts, measured, &estimate);
  estimate_growth(facts, measured, &estimate);
  const double built = facts.new_indexes * facts.rows * index_entry_bytes;
  const Span kept{std::min(estimate.wal_bytes.low, facts.max_wal_bytes),
                  std::min(estimate.wal_bytes.high, facts.max_wal_bytes)};
  const Span growth = sum(estimate.heap_growth, estimate.index_growth);
  estimate.peak_disk = sum(sum(growth, kept), {built, built});
  estimate.peak_basis =
      "growth, indexes that the job builds, and the log up to max_wal_size; more where a standby, "
      "a "
      "slot or the archive falls behind";
  if (facts.receivers > 0) estimate.replication_bytes = scaled(estimate.wal_bytes, facts.receivers);
  return estimate;
}

}  // namespace backfill
