#include "run/look_at_table.hpp"

#include <memory>
#include <utility>

#include "catalog/describe_table.hpp"
#include "catalog/table_size.hpp"
#include "pg/connection.hpp"

namespace backfill::run {

boost::asio::awaitable<Result<TableLook>> look_at_table(boost::asio::any_io_executor executor,
                                                        std::string conninfo, QualifiedName table) {
  pg::ConnectOptions options;
  options.conninfo = std::move(conninfo);
  options.application_name = "backfill: new";
  options.read_write = false;
  Result<std::unique_ptr<pg::Connection>> connected =
      co_await pg::Connection::connect(executor, std::move(options));
  if (!connected) co_return connected.error();
  const std::unique_ptr<pg::Connection> connection = *std::move(connected);
  Job job;
  job.table = std::move(table);
  Result<Target> described = co_await describe_table(connection.get(), std::move(job));
  if (!described) co_return described.error();
  TableLook look;
  look.target = *std::move(described);
  const Result<std::optional<std::int64_t>> bytes =
      co_await table_size(connection.get(), look.target.oid);
  if (!bytes) co_return bytes.error();
  look.bytes = *bytes;
  co_return look;
}

}  // namespace backfill::run
