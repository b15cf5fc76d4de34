#pragma once

#include "cli/progress_view.hpp"

/// One moment in the middle of a job with every figure known, for golden texts.
inline backfill::cli::ProgressView sample_view() {
  using namespace backfill;
  Progress progress;
  progress.phase = "copy";
  progress.keys_done = RowCount{842'000};
  progress.keys_total = RowCount{2'000'000};
  progress.fraction_rows = 0.421;
  progress.fraction_key = 0.403;
  progress.rows_changed = RowCount{841'113};
  progress.rows_per_second = 118'300;
  progress.eta = EtaRange{std::chrono::seconds{200}, std::chrono::seconds{290}};
  progress.batch_rows = 5'000;
  progress.batch_ms = 12.2;
  progress.workers_busy = 2;
  progress.workers_limit = 4;
  progress.limited_by = "lag of standby2 3.1 s of 5 s";
  progress.batches = 168;
  progress.retries = 3;
  return {"emails", progress, std::chrono::seconds{62}};
}
