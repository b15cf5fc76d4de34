#include "config/live_setting.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace backfill;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Job applied(std::string_view key, std::string_view value, Job job = {}) {
  const auto problem = apply_setting(job, key, value);
  INFO(key << "=" << value);
  if (problem) FAIL(problem->message);
  return job;
}

struct Refusal {
  std::string key;
  std::string value;
  std::string message;
};

}  // namespace

TEST_CASE("settings_of_pace_and_throttle_change_live") {
  CHECK(applied("pace.connections", "2").pace.connections == 2);
  CHECK(applied("pace.batch.target", "20ms").pace.batch.target == milliseconds(20));
  CHECK(applied("pace.rows_per_second", "500").pace.rows_per_second == RowCount(500));
  CHECK(applied("pace.batch.fixed_rows", "7").pace.batch.fixed_rows == RowCount(7));
  CHECK(applied("throttle.replica_lag.stop", " 10s ").throttle.replica_lag.stop == seconds(10));
  CHECK(applied("throttle.lock_wait", "1s").throttle.lock_wait == seconds(1));
  CHECK(applied("throttle.replica_lag.ignore", "a, b").throttle.replica_lag.ignore ==
        std::vector<std::string>{"a", "b"});
}

TEST_CASE("limits_can_be_taken_back") {
  Job job;
  job.pace.rows_per_second = RowCount(5);
  job.pace.batch.target = milliseconds(20);
  CHECK_FALSE(applied("pace.rows_per_second", "null", job).pace.rows_per_second);
  CHECK_FALSE(applied("pace.batch.target", "auto", job).pace.batch.target);
}

TEST_CASE("the_query_of_a_job_that_has_one_can_change") {
  Job job;
  job.throttle.query = QueryThrottle{"SELECT 1", 10, 20};
  CHECK(applied("throttle.query.slow", "15.5", job).throttle.query->slow == 15.5);
  CHECK(applied("throttle.query.sql", "SELECT 2", job).throttle.query->sql == "SELECT 2");
}

TEST_CASE("settings_that_do_not_fit_are_refused_and_change_nothing") {
  const std::vector<Refusal> refusals{
      {"pace.connections", "", "pace.connections needs a value: a whole number from 1 to 64"},
      {"pace.connections", "  ", "pace.connections needs a value: a whole number from 1 to 64"},
      {"pace.connections", "0", "pace.connections must be a whole number from 1 to 64, not 0"},
      {"pace.connections", "null",
       "pace.connections is empty; a whole number from 1 to 64 is wanted"},
      {"pace.connections", "2\nx",
       "pace.connections must be a whole number from 1 to 64, not 2\nx"},
      {"pace.connections", "\xFF", "pace.connections: the value is not readable text"},
      {"pace.conections", "2",
       "unknown setting \"pace.conections\"; did you mean pace.connections?"},
      {"connections", "2", "unknown setting \"connections\"; did you mean pace.connections?"},
      {"safety.retries", "2",
       "safety.retries cannot change while a job runs; only pace and throttle settings can"},
      {"where", "a", "where cannot change while a job runs; only pace and throttle settings can"},
      {"throttle.replica_lag.stop", "10",
       "throttle.replica_lag.stop: a duration needs a unit: ms, s, m or h, such as 250ms or 1s"},
      {"throttle.replica_lag.stop", "1s",
       "throttle.replica_lag.slow (1s) must be below throttle.replica_lag.stop (1s)"},
      {"throttle.replica_lag.ignore", "a,,b",
       "throttle.replica_lag.ignore is empty; a standby's application_name or a list of them is "
       "wanted"},
      {"throttle.query.slow", "5",
       "throttle.query.slow cannot be set alone: this job has no throttle.query"},
      {"pace.batch.max_rows", "5",
       "pace.batch.min_rows (10) must not be above pace.batch.max_rows (5)"},
      {"", "5", ""},
      {"pace", "5", ""},
      {"nonsense", "5", ""},
  };
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.key, refusal.value);
    Job job;
    const auto problem = apply_setting(job, refusal.key, refusal.value);
    REQUIRE(problem);
    CHECK(job == Job{});
    if (!refusal.message.empty()) CHECK(problem->message == refusal.message);
    CHECK(format(*problem) == problem->message);
  }
}
