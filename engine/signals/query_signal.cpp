#include "signals/query_signal.hpp"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "pg/clock.hpp"
#include "pg/field.hpp"
#include "pg/roll_back.hpp"

namespace backfill {

namespace {

constexpr Duration read_deadline = std::chrono::seconds{3};
constexpr const char* timeouts_sql =
    "SELECT pg_catalog.set_config('statement_timeout', '2s', true), "
    "pg_catalog.set_config('lock_timeout', '500ms', true)";

std::vector<pg::Statement> statements(const std::string& query) {
  std::vector<pg::Statement> made(4);
  made[0].sql = "BEGIN READ ONLY";
  made[1].sql = timeouts_sql;
  made[2].sql = query;
  made[3].sql = "COMMIT";
  return made;
}

std::optional<double> number_of(const pg::Rows& rows) {
  if (rows.values.size() != 1 || rows.values.front().empty() || !rows.values.front().front()) {
    return std::nullopt;
  }
  const std::string& text = *rows.values.front().front();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  // Infinity is beyond every limit; less than any number means nothing.
  const bool makes_sense = std::isfinite(value) || value > 0;
  if (end == text.c_str() || *end != '\0' || !makes_sense) return std::nullopt;
  return value;
}

}  // namespace

pg::asio::awaitable<Result<Reading>> QuerySignal::read(pg::Connection* connection) {
  // It may be set anew while the answer is on its way.
  const QueryThrottle settings = settings_.value();
  std::vector<pg::Statement> sent = statements(settings.sql);
  const pg::PipelineResult result = co_await connection->pipeline(std::move(sent), read_deadline);
  if (result.error) {
    co_await pg::roll_back(connection);
    co_return *result.error;
  }
  const std::optional<double> value = number_of(result.results[2].rows);
  if (!value) {
    co_return fatal_error("throttle.query gave no number",
                          "it must give one row whose first column is a number");
  }
  Signal signal;
  signal.name = name();
  signal.value = *value;
  signal.slow = settings.slow;
  signal.stop = settings.stop;
  signal.taken_at = pg::now();
  signal.text = fmt::format("query gives {:g} of {:g}", *value, settings.stop);
  Reading reading;
  reading.signals.push_back(std::move(signal));
  co_return reading;
}

}  // namespace backfill
