#pragma once

#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "backfill/qualified_name.hpp"
#include "backfill/result.hpp"
#include "core/time.hpp"
#include "run/control_link.hpp"

namespace backfill::run {

/// VACUUM or ANALYZE on a connection of its own, one at a time: neither may run in a transaction
/// that does anything else. It gives way to everybody: it does not wait long enough for its lock to
/// have an autovacuum cancelled for its sake, and `cancel` ends it for whoever waits for it.
class Maintenance {
 public:
  Maintenance(asio::any_io_executor executor, pg::ConnectOptions options, std::uint64_t seed);

  /// Takes as long as it takes. Errors: no lock (`retry_batch`), cancelled, or a lost connection.
  asio::awaitable<Result<void>> run(std::string sql, Duration lock_timeout);

  /// Its server process, while something runs; 0: nothing does, or it cannot be told.
  [[nodiscard]] int backend_pid() const;

  void cancel();
  /// Cancels what runs, and lets nothing more begin.
  void stop();

 private:
  asio::awaitable<Result<void>> send(pg::Connection* connection, std::string sql,
                                     Duration lock_timeout);

  ControlLink link_;
  pg::Connection* in_use_ = nullptr;
  bool stopped_ = false;
};

/// Without what would need a stronger lock at its end, and without workers beside it.
[[nodiscard]] std::string vacuum_sql(const QualifiedName& table);
[[nodiscard]] std::string vacuum_analyze_sql(const QualifiedName& table);
[[nodiscard]] std::string analyze_sql(const QualifiedName& table);

}  // namespace backfill::run
