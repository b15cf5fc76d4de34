#include "pg/catalog/table_fixture.hpp"

#include <utility>

#include "pg/field.hpp"

namespace backfill::test {
namespace {

constexpr const char* columns_sql =
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
    "a.attgenerated <> '', a.attidentity = 'a' FROM pg_attribute AS a "
    "WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

constexpr const char* key_sql =
    "SELECT a.attname, format_type(a.atttypid, a.atttypmod), i.indexrelid::regclass "
    "FROM pg_index AS i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place) "
    "JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number "
    "WHERE i.indrelid = $1::oid AND i.indisprimary ORDER BY k.place";

}  // namespace

asio::awaitable<std::unique_ptr<pg::Connection>> database_with(std::string sql) {
  auto connection = co_await connect_to(TestServer::instance().with_database());
  co_await run_sql(connection.get(), std::move(sql));
  co_return connection;
}

asio::awaitable<std::unique_ptr<pg::Connection>> connect_as(pg::Connection* other,
                                                            std::string role) {
  const std::string database = co_await value_from(other, "SELECT current_database()");
  std::string conninfo = TestServer::instance().conninfo(database);
  conninfo.replace(conninfo.find("postgres@"), 8, role);
  auto connection = co_await connect_to(std::move(conninfo));
  co_return connection;
}

asio::awaitable<Target> target_of(pg::Connection* connection, std::string table,
                                  std::string schema) {
  const std::vector<pg::Param> name{schema, table};
  const auto found = co_await connection->query(
      "SELECT c.oid, c.relkind = 'p' FROM pg_class AS c JOIN pg_namespace AS n "
      "ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
      name, limit);
  const pg::Rows& relation = value_of(found);
  Target target;
  target.table.schema = schema;
  target.table.name = table;
  target.oid = static_cast<std::uint32_t>(pg::integer_field(relation.values.at(0), 0));
  target.partitioned = pg::bool_field(relation.values.at(0), 1);
  target.server_version = connection->server_version();
  const std::vector<pg::Param> oid{std::to_string(target.oid)};
  const auto columns = co_await connection->query(columns_sql, oid, limit);
  for (const pg::Row& row : value_of(columns).values) {
    target.columns.push_back({pg::text_field(row, 0), pg::text_field(row, 1),
                              pg::bool_field(row, 2), pg::bool_field(row, 3),
                              pg::bool_field(row, 4)});
  }
  const auto key = co_await connection->query(key_sql, oid, limit);
  for (const pg::Row& row : value_of(key).values) {
    target.key.columns.push_back({pg::text_field(row, 0), pg::text_field(row, 1)});
    target.key.index = pg::text_field(row, 2);
  }
  co_return target;
}

asio::awaitable<void> run_sql(pg::Connection* connection, std::string sql) {
  const auto done = co_await connection->script(std::move(sql), limit);
  value_of(done);
}

asio::awaitable<std::string> value_from(pg::Connection* connection, std::string sql) {
  const std::vector<pg::Param> none;
  const auto rows = co_await connection->query(std::move(sql), none, limit);
  co_return pg::text_field(value_of(rows).values.at(0), 0);
}

Job job_setting(const std::string& table, const std::string& column,
                const std::string& expression) {
  Job job;
  job.name = "test";
  job.table.schema = "public";
  job.table.name = table;
  job.set.push_back({column, expression});
  return job;
}

}  // namespace backfill::test
