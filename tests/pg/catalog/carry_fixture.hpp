#pragma once

#include <memory>
#include <string>
#include <vector>

#include "catalog/dependants.hpp"
#include "jobs/type_copy_carry.hpp"
#include "support/connected.hpp"

namespace backfill::test {

/// A database with a job's columns, on which a carry is played as a job plays it, without its
/// batches: one UPDATE stands for the copy.
struct CarryStage {
  std::string conninfo;
  std::unique_ptr<pg::Connection> connection;
  std::vector<CarriedColumn> columns;  ///< forward
  std::vector<CarriedColumn> back;
};

/// One column that a test changes.
struct Change {
  std::string table = "public.t";  ///< schema.table, without quotes
  std::string name = "c";
  std::string type = "bigint";
  std::string with;  ///< default: a cast
  std::string type_before = "integer";
  std::string back;  ///< default: a cast
};

/// A new database made by `before`.
asio::awaitable<CarryStage> stage(std::string before, std::vector<Change> changes);

asio::awaitable<CarryPlan> plan_of(CarryStage* stage, CarryDirection direction);

/// Messages of the plan's trials that fail, and of what it refuses, as "object: reason".
asio::awaitable<std::vector<std::string>> refusals(CarryStage* stage);

/// ADD COLUMN, the sync trigger, and the copy.
asio::awaitable<void> add_and_copy(CarryStage* stage);

/// The steps before the switch, each asked for before and after, and the switch. On the way back
/// the columns trade names again.
asio::awaitable<void> carry_through(CarryStage* stage, CarryDirection direction);

/// Drops the columns that are not in use: the parked ones after a switch, else the incoming ones.
asio::awaitable<void> drop_spare(CarryStage* stage, CarryDirection direction);

/// Forward, back and forward again on one database. After the way back its schema must be that of
/// the beginning; at the end, that of a database made by `after`. Returns the differences.
asio::awaitable<std::vector<std::string>> round_trip(std::string before, std::string after,
                                                     std::vector<Change> changes);

}  // namespace backfill::test
