#include <catch2/catch.hpp>
#include <fmt/core.h>

#include "checkpoint/status_query.hpp"
#include "pg/checkpoint/control_database.hpp"

namespace backfill::test {

namespace {

/// The job's row, its lease and its ranges as SQL makes them, and what the function then says.
struct Case {
  const char* made;
  const char* message;  ///< absent: it passes
  const char* hint;
};

constexpr const char* copied =
    "INSERT INTO backfill.ranges (job_id, phase, pass, no, epoch, keys, closed) VALUES "
    "(1, 'copy', 1, 1, 1, 10, true), (1, 'copy', 1, 2, 1, 10, true);";

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"UPDATE backfill.jobs SET state = 'done', phase = 'done'", nullptr, nullptr},
      {"UPDATE backfill.jobs SET state = 'done', phase = 'switched'", nullptr, nullptr},
      {"UPDATE backfill.jobs SET state = 'running'", "\"job\" is still running, in phase copy",
       "gate job --wait"},
      {"UPDATE backfill.jobs SET state = 'running'; UPDATE backfill.leases SET released_at = now()",
       "\"job\" has lost its runner in phase copy", "backfill run"},
      {"UPDATE backfill.jobs SET state = 'running'; UPDATE backfill.leases SET heartbeat_at = "
       "now() - interval '1 hour'",
       "\"job\" has lost its runner in phase copy", "backfill run"},
      {"UPDATE backfill.jobs SET state = 'running'; INSERT INTO backfill.controls (job_id, "
       "paused_at) VALUES (1, now())",
       "\"job\" is paused in phase copy", "backfill resume job"},
      {"UPDATE backfill.jobs SET state = 'failed', last_error = 'the secret row'",
       "\"job\" has failed in phase copy", "backfill status job"},
      {"UPDATE backfill.jobs SET state = 'stopped'", "\"job\" is stopped in phase copy",
       "backfill run"},
      {"UPDATE backfill.jobs SET state = 'stopped', phase = 'ready'",
       "\"job\" is ready to switch, and has not switched", "backfill switch"},
      {"UPDATE backfill.jobs SET state = 'stopped', phase = 'rolled_back'",
       "\"job\" has been rolled back", "begins it again"},
      {"UPDATE backfill.jobs SET state = 'done'; UPDATE backfill.ranges SET closed = false WHERE "
       "no = 2",
       "is not proven: its copy has not reached the end of the key", "backfill verify"},
      {"UPDATE backfill.jobs SET state = 'done'; INSERT INTO backfill.ranges (job_id, phase, pass, "
       "no, epoch, keys, rows_differing) VALUES (1, 'verify', 1, 1, 1, 9, 2), (1, 'verify', 1, 2, "
       "1, 9, 3)",
       "is not proven: 5 rows differ", "backfill verify"},
      {"UPDATE backfill.jobs SET state = 'done'; INSERT INTO backfill.ranges (job_id, phase, pass, "
       "no, epoch, keys, rows_differing) VALUES (1, 'verify', 1, 1, 1, 9, 2), (1, 'verify', 2, 1, "
       "1, 9, 0)",
       nullptr, nullptr},
      {"UPDATE backfill.jobs SET state = 'done'; INSERT INTO backfill.ranges (job_id, phase, pass, "
       "no, epoch, keys, rows_differing) VALUES (1, 'verify', 2, 1, 1, 9, 0), (1, 'verify t', 1, "
       "1, 1, 9, 1)",
       "is not proven: 1 row differs", "backfill verify"},
  };
  return all;
}

asio::awaitable<Result<pg::Rows>> ask(pg::Connection* connection, std::string sql) {
  std::vector<pg::Param> none;
  co_return co_await connection->query(std::move(sql), std::move(none), limit);
}

}  // namespace

TEST_CASE("assert_done_passes_for_done_and_proven_jobs_and_says_of_all_others_what_to_do") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    const auto held = co_await make_held_job(connection.get());
    CHECK(held.job.value == 1);
    co_await execute(connection.get(), copied);
    for (const Case& each : cases()) {
      INFO(each.made);
      std::string script = std::string("BEGIN; ") + each.made;
      co_await execute(connection.get(), std::move(script));
      const auto status = co_await read_status(connection.get(), "job");
      const JobStatus& seen = value_of(status).front();
      const bool open = seen.state == JobState::done && !seen.lack_of_proof;
      CHECK(open == (each.message == nullptr));
      const auto said = co_await ask(connection.get(), "SELECT backfill.assert_done('job')");
      if (each.message == nullptr) {
        CHECK(value_of(said).values.at(0).at(0) == "t");
      } else {
        const Error& error = error_of(said);
        CHECK(error.sqlstate == "BF003");
        CHECK_THAT(error.message, Catch::Contains(each.message));
        CHECK_THAT(error.hint, Catch::Contains(each.hint));
        CHECK_THAT(error.message + error.hint + error.detail, !Catch::Contains("secret"));
      }
      co_await execute(connection.get(), "ROLLBACK");
    }
  }());
}

TEST_CASE("assert_done_does_not_know_a_job_that_never_ran") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    co_await make_job(connection.get());
    for (const char* name : {"'jobs'", "'job.yaml'", "''", "NULL"}) {
      std::string sql = fmt::format("SELECT backfill.assert_done({})", name);
      const auto said = co_await ask(connection.get(), std::move(sql));
      CHECK(error_of(said).sqlstate == "BF003");
      CHECK_THAT(error_of(said).message, Catch::Contains("has ever run in this database"));
      CHECK_THAT(error_of(said).hint, Catch::Contains("backfill run JOB.yaml"));
    }
  }());
}

TEST_CASE("assert_done_needs_usage_alone_and_trusts_nothing_of_its_caller") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await connect_to(TestServer::instance().with_database());
    co_await make_job(connection.get());
    co_await execute(connection.get(),
                     "DROP ROLE IF EXISTS mere_migrator; CREATE ROLE mere_migrator; "
                     "GRANT USAGE ON SCHEMA backfill TO mere_migrator; CREATE SCHEMA evil "
                     "AUTHORIZATION mere_migrator; SET ROLE mere_migrator");
    const auto hidden = co_await ask(connection.get(), "SELECT FROM backfill.jobs");
    CHECK(error_of(hidden).sqlstate == "42501");
    // Whatever the caller puts in the way of the names that the function uses.
    co_await execute(
        connection.get(),
        "CREATE FUNCTION evil.split_part(text, text, integer) RETURNS text LANGUAGE sql AS "
        "'SELECT ''nothing'''; CREATE TEMP TABLE pg_class (a int); CREATE TEMP TABLE jobs (a int); "
        "CREATE FUNCTION evil.same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'; "
        "CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.same); "
        "SET search_path = evil, pg_catalog, pg_temp");
    const auto refused =
        co_await ask(connection.get(), "SELECT backfill.assert_done('no such job')");
    CHECK(error_of(refused).sqlstate == "BF003");
    co_await execute(connection.get(),
                     "RESET ROLE; RESET search_path; UPDATE backfill.jobs SET state = 'done'; "
                     "SET ROLE mere_migrator; SET search_path = evil, pg_catalog, pg_temp");
    const auto passed =
        co_await scalar(connection.get(), "SELECT backfill.assert_done('job'::pg_catalog.text)");
    CHECK(passed == "t");
    co_await execute(connection.get(),
                     "RESET search_path; RESET ROLE; DROP OWNED BY mere_migrator; DROP ROLE "
                     "mere_migrator");
  }());
}

}  // namespace backfill::test
