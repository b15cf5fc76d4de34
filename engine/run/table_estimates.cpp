#include "run/table_estimates.hpp"

#include <algorithm>

#include "core/sql_text.hpp"

namespace backfill::run {

namespace {

Span sum(Span a, Span b) {
  return {a.low + b.low, a.high + b.high};
}

}  // namespace

void add_to(const JobEstimate& other, JobEstimate* total) {
  total->rows += other.rows;
  total->seconds = sum(total->seconds, other.seconds);
  total->wal_bytes = sum(total->wal_bytes, other.wal_bytes);
  total->heap_growth = sum(total->heap_growth, other.heap_growth);
  total->index_growth = sum(total->index_growth, other.index_growth);
  total->peak_disk = sum(total->peak_disk, other.peak_disk);
  if (total->replication_bytes && other.replication_bytes) {
    total->replication_bytes = sum(*total->replication_bytes, *other.replication_bytes);
  }
}

int built_indexes(const TypeCopyView& view, const CopyTable& table) {
  return static_cast<int>(
      std::ranges::count_if(view.carry.before_switch, [&table](const CarryStep& step) {
        return step.ddl.shape == DdlShape::concurrent &&
               step.ddl.sql.find(quote_name(table.target.table)) != std::string::npos;
      }));
}

}  // namespace backfill::run
