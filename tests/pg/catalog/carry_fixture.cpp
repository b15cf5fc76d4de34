#include "pg/catalog/carry_fixture.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/sql_text.hpp"
#include "pg/field.hpp"
#include "support/schema_dump.hpp"

namespace backfill::test {

namespace {

CarriedColumn carried_of(const Change& change) {
  const std::size_t dot = change.table.find('.');
  CarriedColumn column;
  column.table = {change.table.substr(0, dot), change.table.substr(dot + 1)};
  column.name = change.name;
  column.type = change.type;
  column.with = change.with.empty()
                    ? fmt::format("{}::{}", quote_identifier(change.name), change.type)
                    : change.with;
  column.incoming = suffixed_name(change.name, incoming_suffix);
  column.parked = suffixed_name(change.name, parked_suffix);
  return column;
}

asio::awaitable<void> run(CarryStage* stage, std::string sql) {
  const std::string shown = sql;
  const auto done = co_await stage->connection->script(std::move(sql), limit);
  if (!done) throw std::runtime_error(shown + "\n-> " + describe(done.error()));
}

asio::awaitable<bool> holds(CarryStage* stage, std::string question) {
  const std::string shown = question;
  std::vector<pg::Param> none;
  const auto rows = co_await stage->connection->query(std::move(question), std::move(none), limit);
  if (!rows) throw std::runtime_error(shown + "\n-> " + describe(rows.error()));
  co_return pg::bool_field(rows->values.at(0), 0);
}

asio::awaitable<Dependants> dependants_of(CarryStage* stage, std::vector<CarriedColumn> columns) {
  const InspectionSettings settings;
  const auto found =
      co_await read_dependants(stage->connection.get(), std::move(columns), settings);
  if (!found) throw std::runtime_error(describe(found.error()));
  co_return *found;
}

const std::vector<CarriedColumn>& columns_of(const CarryStage& stage, CarryDirection direction) {
  return direction == CarryDirection::forward ? stage.columns : stage.back;
}

std::string rename_column(const CarriedColumn& column, const std::string& from,
                          const std::string& to) {
  return fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {};\n", quote_name(column.table),
                     quote_identifier(from), quote_identifier(to));
}

}  // namespace

asio::awaitable<CarryStage> stage(std::string before, std::vector<Change> changes) {
  CarryStage made;
  made.conninfo = TestServer::instance().with_database();
  made.connection = co_await connect_to(made.conninfo);
  for (const Change& change : changes) {
    made.columns.push_back(carried_of(change));
    made.back.push_back(
        reversed(made.columns.back(), change.type_before,
                 change.back.empty()
                     ? fmt::format("{}::{}", quote_identifier(change.name), change.type_before)
                     : change.back));
  }
  co_await run(&made, std::move(before));
  co_return made;
}

asio::awaitable<CarryPlan> plan_of(CarryStage* stage, CarryDirection direction) {
  std::vector<CarriedColumn> columns = columns_of(*stage, direction);
  const Dependants found = co_await dependants_of(stage, std::move(columns));
  co_return plan_carry(columns_of(*stage, direction), found, direction);
}

asio::awaitable<std::vector<std::string>> refusals(CarryStage* stage) {
  const CarryPlan plan = co_await plan_of(stage, CarryDirection::forward);
  std::vector<std::string> messages;
  for (const UncarriedFacts& refused : plan.refused) {
    messages.push_back(fmt::format("{}: {}", refused.object, refused.reason));
  }
  std::vector<std::string> trials;
  for (const CarryTrial& trial : plan.trials) trials.push_back(trial.sql);
  const InspectionSettings settings;
  const auto tried = co_await try_statements(stage->connection.get(), std::move(trials), settings);
  if (!tried) throw std::runtime_error(describe(tried.error()));
  for (std::size_t i = 0; i < tried->size(); ++i) {
    const std::optional<Error>& error = (*tried)[i];
    if (error) messages.push_back(fmt::format("{}: {}", plan.trials[i].object, error->message));
  }
  co_return messages;
}

asio::awaitable<void> add_and_copy(CarryStage* stage) {
  const CarryPlan plan = co_await plan_of(stage, CarryDirection::forward);
  std::string add;
  std::string copy;
  for (std::size_t i = 0; i < stage->columns.size(); ++i) {
    const CarriedColumn& column = stage->columns[i];
    const std::string table = quote_name(column.table);
    const std::string incoming = quote_identifier(column.incoming);
    add += fmt::format("ALTER TABLE {} ADD COLUMN {} {}{};\n", table, incoming, column.type,
                       plan.add_clauses[i]);
    copy += fmt::format(
        "CREATE FUNCTION public.sync__backfill_{0}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN "
        "RETURN NEW; END $f$;\n"
        "CREATE TRIGGER zz__backfill_sync_{0} BEFORE INSERT OR UPDATE OF {1}, {2} ON {3} FOR EACH "
        "ROW EXECUTE FUNCTION public.sync__backfill_{0}();\n"
        "UPDATE {3} SET {2} = {4};\n",
        i, quote_identifier(column.name), incoming, table, column.with);
  }
  for (const std::string& statement : plan.with_column) add += statement + ";\n";
  co_await run(stage, "BEGIN;\n" + add + "COMMIT");
  co_await run(stage, std::move(copy));
}

asio::awaitable<void> carry_through(CarryStage* stage, CarryDirection direction) {
  const CarryPlan plan = co_await plan_of(stage, direction);
  if (!plan.refused.empty()) {
    throw std::runtime_error("refused: " + plan.refused.front().object + ": " +
                             plan.refused.front().reason);
  }
  for (const CarryStep& step : plan.before_switch) {
    const bool done = co_await holds(stage, step.done_when);
    if (done) continue;
    co_await run(stage, step.ddl.sql);
    const bool now = co_await holds(stage, step.done_when);
    if (!now) throw std::runtime_error(step.what + " is not done after " + step.ddl.sql);
  }
  std::string sql = "BEGIN;\n";
  const auto append = [&](const std::vector<std::string>& statements) {
    for (const std::string& statement : statements) sql += statement + ";\n";
  };
  append(plan.in_switch.view_locks);
  for (const QualifiedName& table : plan.in_switch.locks) {
    sql += fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE;\n", quote_name(table));
  }
  append({plan.in_switch.unchanged});
  append(plan.in_switch.views);
  append(plan.in_switch.before_rename);
  for (const CarriedColumn& column : columns_of(*stage, direction)) {
    sql += rename_column(column, column.name, column.parked);
    sql += rename_column(column, column.incoming, column.name);
  }
  append(plan.in_switch.after_rename);
  co_await run(stage, sql + "COMMIT");
}

asio::awaitable<void> drop_spare(CarryStage* stage, CarryDirection direction) {
  std::string sql;
  const std::vector<CarriedColumn>& columns = columns_of(*stage, direction);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string table = quote_name(columns[i].table);
    sql += fmt::format("DROP FUNCTION public.sync__backfill_{} CASCADE;\n", i);
    sql +=
        fmt::format("ALTER TABLE {} DROP COLUMN {};\n", table, quote_identifier(columns[i].parked));
  }
  co_await run(stage, std::move(sql));
}

asio::awaitable<std::vector<std::string>> round_trip(std::string before, std::string after,
                                                     std::vector<Change> changes) {
  const std::string wanted_conninfo = TestServer::instance().with_database();
  const auto wanted = co_await connect_to(wanted_conninfo);
  const auto made = co_await wanted->script(std::move(after), limit);
  if (!made) throw std::runtime_error(describe(made.error()));

  CarryStage stage = co_await test::stage(std::move(before), std::move(changes));
  const std::vector<std::string> beginning = schema_dump(stage.conninfo);
  std::vector<std::string> differences = co_await refusals(&stage);
  co_await add_and_copy(&stage);
  co_await carry_through(&stage, CarryDirection::forward);
  co_await carry_through(&stage, CarryDirection::back);
  co_await drop_spare(&stage, CarryDirection::back);
  for (std::string& line : schema_difference(beginning, schema_dump(stage.conninfo))) {
    differences.push_back("after the way back " + std::move(line));
  }
  co_await add_and_copy(&stage);
  co_await carry_through(&stage, CarryDirection::forward);
  co_await drop_spare(&stage, CarryDirection::forward);
  for (std::string& line :
       schema_difference(schema_dump(wanted_conninfo), schema_dump(stage.conninfo))) {
    differences.push_back("at the end " + std::move(line));
  }
  co_return differences;
}

}  // namespace backfill::test
