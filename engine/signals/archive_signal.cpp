#include "signals/archive_signal.hpp"

#include <utility>

#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/field.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};
constexpr std::string_view insufficient_privilege = "42501";

constexpr const char* waiting_sql =
    "SELECT count(*) FROM pg_catalog.pg_ls_archive_statusdir() AS f WHERE f.name LIKE '%.ready'";

}  // namespace

pg::asio::awaitable<Result<Reading>> ArchiveSignal::read(pg::Connection* connection) {
  std::vector<pg::Param> none;
  const Result<pg::Rows> rows =
      co_await connection->query(waiting_sql, std::move(none), read_deadline);
  if (!rows) {
    Error error = rows.error();
    if (error.sqlstate == insufficient_privilege) {
      error.hint = "GRANT pg_monitor to the role that runs the job";
    }
    co_return error;
  }
  Reading reading;
  if (!limits_) co_return reading;
  Signal signal;
  signal.name = name();
  signal.value = static_cast<double>(pg::integer_field(rows->values.front(), 0));
  signal.slow = static_cast<double>(limits_->slow);
  signal.stop = static_cast<double>(limits_->stop);
  signal.taken_at = pg::now();
  signal.text = fmt::format("{:.0f} segments of the log wait for the archive, of {:.0f}",
                            signal.value, signal.stop);
  reading.signals.push_back(std::move(signal));
  co_return reading;
}

}  // namespace backfill
