#include <catch2/catch.hpp>

#include "pg/catalog/preflight_fixture.hpp"

namespace backfill::test {

using Catch::Contains;
using Catch::StartsWith;

namespace {

/// Roles belong to the whole server, so each test has its own.
std::string role_sql(const std::string& role) {
  return "DROP ROLE IF EXISTS " + role + "; CREATE ROLE " + role + " LOGIN;";
}

}  // namespace

TEST_CASE("a_role_without_rights_is_told_each_grant_it_needs") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto owner = co_await database_with(table_t_sql + role_sql("pf_nobody"));
    Job job = job_setting("t", "out", "email");
    job.set.push_back({"fresh", "email"});
    job.add.push_back({"fresh", "text"});
    job.safety.user_triggers = UserTriggers::bypass;
    const auto nobody = co_await connect_as(owner.get(), "pf_nobody");
    const auto lines = co_await findings_of(nobody.get(), job);
    REQUIRE(lines.size() == 5);
    CHECK_THAT(lines[0], StartsWith("privileges: refused: \"pf_nobody\" may not read public.t. "
                                    "GRANT SELECT ON \"public\".\"t\" TO \"pf_nobody\""));
    CHECK_THAT(lines[1], Contains("GRANT UPDATE (\"out\") ON \"public\".\"t\""));
    CHECK_THAT(lines[2], Contains("`add` needs the owner of public.t, which is \"postgres\""));
    CHECK_THAT(lines[3], Contains("may not create schema `backfill`"));
    CHECK_THAT(lines[4], StartsWith("triggers: refused: `user_triggers: bypass`"));
  }());
}

TEST_CASE("grants_on_columns_are_enough") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto owner =
        co_await database_with(table_t_sql + role_sql("pf_worker") +
                               "GRANT SELECT (id, email, out), UPDATE (out) ON t TO pf_worker;"
                               "CREATE SCHEMA backfill; CREATE TABLE backfill.jobs (id int);"
                               "GRANT USAGE ON SCHEMA backfill TO pf_worker;");
    Job job = job_setting("t", "out", "lower(email)");
    const auto worker = co_await connect_as(owner.get(), "pf_worker");
    const auto closed = co_await findings_of(worker.get(), job);
    REQUIRE(closed.size() == 1);
    CHECK_THAT(closed[0], Contains("all tables of schema backfill (jobs)"));
    co_await run_sql(owner.get(),
                     "GRANT SELECT, INSERT, UPDATE, DELETE ON backfill.jobs TO pf_worker");
    const auto none = co_await findings_of(worker.get(), job);
    CHECK(none == std::vector<std::string>{});
    job.set[0].expression = "n::text";
    const auto hidden = co_await findings_of(worker.get(), job);
    REQUIRE(hidden.size() == 1);
    CHECK_THAT(hidden[0], StartsWith("expressions: refused: the server rejects the expression of "
                                     "set.out on public.t: permission denied for table t"));
  }());
}

TEST_CASE("row_security_that_hides_rows_is_refused") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto owner = co_await database_with(
        table_t_sql + role_sql("pf_tenant") +
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON t USING (n < 3);"
        "GRANT SELECT, UPDATE ON t TO pf_tenant; CREATE SCHEMA backfill AUTHORIZATION pf_tenant;");
    Job job = job_setting("t", "out", "email");
    const auto tenant = co_await connect_as(owner.get(), "pf_tenant");
    const auto lines = co_await findings_of(tenant.get(), job);
    REQUIRE(lines.size() == 1);
    CHECK_THAT(lines[0], StartsWith("row_security: refused: row-level security of public.t "
                                    "applies to pf_tenant"));
    const auto superuser = co_await findings_of(owner.get(), job);
    CHECK(superuser == std::vector<std::string>{});
  }());
}

TEST_CASE("a_member_of_the_owner_may_add_columns") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto owner =
        co_await database_with(table_t_sql + role_sql("pf_member") + role_sql("pf_owner") +
                               "ALTER TABLE t OWNER TO pf_owner; GRANT pf_owner TO pf_member;"
                               "CREATE SCHEMA backfill AUTHORIZATION pf_owner;");
    Job job = job_setting("t", "fresh", "email");
    job.add.push_back({"fresh", "text"});
    const auto member = co_await connect_as(owner.get(), "pf_member");
    const auto lines = co_await findings_of(member.get(), job);
    CHECK(lines == std::vector<std::string>{});
  }());
}

TEST_CASE("a_locked_table_is_neither_a_finding_nor_a_hang") {
  run_coroutine([]() -> asio::awaitable<void> {
    const auto connection = co_await database_with(table_t_sql);
    const auto other = co_await connect_as(connection.get(), "postgres");
    co_await run_sql(other.get(), "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    const Target target = co_await target_of(connection.get(), "t");
    const Job job = job_setting("t", "out", "email");
    PreflightSettings settings;
    settings.inspection.lock_timeout = std::chrono::milliseconds{50};
    const auto findings = co_await preflight(connection.get(), job, target, settings);
    REQUIRE_FALSE(findings.has_value());
    CHECK(findings.error().sqlstate == "55P03");
    CHECK_THAT(findings.error().message, Contains("a lock on public.t"));
    CHECK_THAT(findings.error().detail, Contains("holds AccessExclusiveLock"));
  }());
}

}  // namespace backfill::test
