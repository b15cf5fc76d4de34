#include "catalog/references.hpp"

#include <catch2/catch.hpp>

#include "checkpoint/control_schema.hpp"
#include "checkpoint/followed_record.hpp"
#include "pg/catalog/table_fixture.hpp"

namespace backfill {
namespace {

using namespace backfill::test;

constexpr const char* shop_sql =
    "CREATE SCHEMA shop;"
    "CREATE TABLE shop.orders (id integer PRIMARY KEY, tenant integer, up integer,"
    "  UNIQUE (tenant, id), CONSTRAINT up FOREIGN KEY (up) REFERENCES shop.orders (id));"
    "CREATE TABLE shop.\"Lines\" (\"Order\" integer PRIMARY KEY,"
    "  CONSTRAINT one FOREIGN KEY (\"Order\") REFERENCES shop.orders (id));"
    "CREATE TABLE shop.marks (line integer, tenant integer, ordered integer,"
    "  CONSTRAINT far FOREIGN KEY (line) REFERENCES shop.\"Lines\" (\"Order\"),"
    "  CONSTRAINT two FOREIGN KEY (tenant, ordered) REFERENCES shop.orders (tenant, id));"
    "CREATE TABLE shop.other (tenant integer);"
    "ALTER TABLE shop.orders ADD CONSTRAINT circle FOREIGN KEY (id) REFERENCES shop.\"Lines\""
    "  DEFERRABLE";

const QualifiedName orders{"shop", "orders"};
const QualifiedName lines{"shop", "Lines"};
const QualifiedName marks{"shop", "marks"};

}  // namespace

TEST_CASE("foreign_keys_are_found_through_others_and_in_circles_each_of_their_columns_alone") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(shop_sql);
    const std::vector<std::string> columns{"id"};
    const auto found = co_await read_references(connection.get(), orders, columns);
    CHECK(value_of(found) == std::vector<Reference>{
                                 {"one", lines, "Order", orders, "id"},
                                 {"two", marks, "ordered", orders, "id"},
                                 {"up", orders, "up", orders, "id"},
                                 {"far", marks, "line", lines, "Order"},
                                 {"circle", orders, "id", lines, "Order"},
                             });
    const std::vector<std::string> none{"up"};
    const auto nothing = co_await read_references(connection.get(), orders, none);
    CHECK(value_of(nothing).empty());
  }());
}

TEST_CASE("what_was_followed_is_read_back_as_far_as_its_columns_are_there") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(shop_sql);
    const auto before = co_await read_followed(connection.get(), "keys");
    CHECK(value_of(before).references.empty());
    const auto installed = co_await install_control_schema(connection.get());
    value_of(installed);
    const Reference kept{"one", lines, "Order", orders, "id"};
    const Reference dropped{"far", marks, "line", lines, "Order"};
    Followed followed;
    followed.references = {dropped, kept};
    followed.tables = {{lines, {"Order", "no"}, "table: shop.lines (oid 7)\nkey: \"Order\"\n"},
                       {marks, {"id"}, "table: shop.marks (oid 8)\nkey: id bigint\n"}};
    const std::string record = followed_record(followed);
    co_await run_sql(
        connection.get(),
        "INSERT INTO backfill.jobs (name, kind, table_name, meaning, search_path, key_columns, "
        "phase, state) VALUES ('keys', 'type-copy', 't', '', '', '{id}', 'add', 'running');"
        "INSERT INTO backfill.phases (job_id, phase, pass, detail) SELECT id, 'add', 1, '" +
            record + "' FROM backfill.jobs");
    const auto all = co_await read_followed(connection.get(), "keys");
    CHECK(value_of(all).references == followed.references);
    CHECK(value_of(all).tables == followed.tables);
    co_await run_sql(connection.get(), "ALTER TABLE shop.marks DROP COLUMN line");
    const auto left = co_await read_followed(connection.get(), "keys");
    CHECK(value_of(left).references == std::vector<Reference>{kept});
    CHECK(value_of(left).tables == followed.tables);
    const auto other = co_await read_followed(connection.get(), "another");
    CHECK(value_of(other).references.empty());
    CHECK(value_of(other).tables.empty());
  }());
}

}  // namespace backfill
