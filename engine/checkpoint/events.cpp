#include "checkpoint/events.hpp"

#include <utility>

#include "checkpoint/run_transaction.hpp"
#include "pg/field.hpp"
#include "pg/text_array.hpp"

namespace backfill {

using pg::asio::awaitable;

awaitable<Result<void>> append_events(pg::Connection* connection, JobId job, Epoch epoch,
                                      std::vector<EventRecord> events) {
  if (events.empty()) co_return Result<void>{};
  std::vector<std::string> kinds;
  std::vector<std::string> reasons;
  std::vector<std::string> details;
  std::vector<std::int64_t> numbers;
  for (EventRecord& event : events) {
    numbers.push_back(event.no);
    kinds.push_back(std::move(event.kind));
    reasons.push_back(std::move(event.reason));
    details.push_back(event.detail.empty() ? "{}" : std::move(event.detail));
  }
  std::string sql =
      "INSERT INTO backfill.events (job_id, epoch, no, kind, reason, detail) SELECT $1::bigint, "
      "$5::bigint, nullif(e.no, 0), e.kind, e.reason, e.detail::jsonb FROM ROWS FROM "
      "(pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]), "
      "pg_catalog.unnest($4::text[]), pg_catalog.unnest($6::bigint[])) WITH ORDINALITY AS e (kind, "
      "reason, detail, no, place) ORDER BY e.place ON CONFLICT (job_id, epoch, no) DO NOTHING";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  params.emplace_back(pg::text_array(kinds));
  params.emplace_back(pg::text_array(reasons));
  params.emplace_back(pg::text_array(details));
  params.emplace_back(std::to_string(epoch.value));
  params.emplace_back(pg::integer_array(numbers));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<void>{std::move(rows.error())};
  co_return Result<void>{};
}

awaitable<Result<std::vector<EventRecord>>> recent_events(pg::Connection* connection, JobId job,
                                                          int limit) {
  std::string sql =
      "SELECT kind, reason, detail, at FROM (SELECT id, kind, reason, detail, at FROM "
      "backfill.events WHERE job_id = $1::bigint ORDER BY id DESC LIMIT $2::bigint) AS recent "
      "ORDER BY id";
  std::vector<pg::Param> params;
  params.emplace_back(std::to_string(job.value));
  params.emplace_back(std::to_string(limit));
  auto rows = co_await connection->query(std::move(sql), std::move(params), control_deadline);
  if (!rows) co_return Result<std::vector<EventRecord>>{std::move(rows.error())};
  std::vector<EventRecord> events;
  for (const pg::Row& row : rows->values) {
    EventRecord event;
    event.kind = pg::text_field(row, 0);
    event.reason = pg::text_field(row, 1);
    event.detail = pg::text_field(row, 2);
    event.at = pg::text_field(row, 3);
    events.push_back(std::move(event));
  }
  co_return Result<std::vector<EventRecord>>{std::move(events)};
}

}  // namespace backfill
