#include "config/live_setting.hpp"

#include <algorithm>
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

TEST_CASE("limits_of_a_query_of_a_job_that_has_one_can_change") {
  Job job;
  job.throttle.query = QueryThrottle{"SELECT 1", 10, 20};
  CHECK(applied("throttle.query.slow", "15.5", job).throttle.query->slow == 15.5);
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
      {"on_error", "stop",
       "on_error cannot change while a job runs; settings of pace and throttle can, and the limits "
       "of safety"},
      {"safety.user_triggers", "bypass",
       "safety.user_triggers cannot change while a job runs; settings of pace and throttle can, "
       "and the limits of safety"},
      {"pace.stripes", "2",
       "pace.stripes cannot change while a job runs; settings of pace and throttle can, and the "
       "limits of safety"},
      {"where", "a",
       "where cannot change while a job runs; settings of pace and throttle can, and the limits of "
       "safety"},
      {"throttle.query.sql", "SELECT 2",
       "throttle.query.sql is read from the job file alone: change it there, and run the job "
       "again"},
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
      {"throttle.flag_file", "/etc/passwd",
       "throttle.flag_file is read from the job file alone: change it there, and run the job "
       "again"},
      {"throttle.window", "22:00-06:00",
       "throttle.window: the window's time zone is wanted, such as Europe/London or UTC"},
      {"throttle.wal_rate.slow", "50MB/s",
       "throttle.wal_rate.stop is wanted beside throttle.wal_rate.slow"},
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

TEST_CASE("limits_of_safety_change_live") {
  CHECK(applied("safety.retries", "2").safety.retries == 2);
  CHECK(applied("safety.lock_timeout", "200ms").safety.lock_timeout == milliseconds(200));
  CHECK(applied("safety.statement_timeout", "1m").safety.statement_timeout == seconds(60));
}

TEST_CASE("settings_given_together_fit_together_whatever_their_order") {
  const std::vector<Setting> settings{{"throttle.replica_lag.slow", "8s"},
                                      {"throttle.replica_lag.stop", "20s"}};
  Job job;
  CHECK_FALSE(apply_settings(job, settings));
  CHECK(job.throttle.replica_lag.slow == seconds(8));
  CHECK(job.throttle.replica_lag.stop == seconds(20));
}

TEST_CASE("a_section_that_the_job_does_not_have_can_be_given_to_it_whole") {
  Job job;
  CHECK_FALSE(
      apply_settings(job, {{"throttle.xmin_age.stop", "20"}, {"throttle.xmin_age.slow", "10"}}));
  CHECK(job.throttle.xmin_age == CountThrottle{10, 20});
  CHECK_FALSE(apply_setting(job, "throttle.xmin_age.slow", "15"));
  const auto conflict = apply_setting(job, "throttle.xmin_age.slow", "20");
  REQUIRE(conflict);
  CHECK(conflict->message ==
        "throttle.xmin_age.slow (20) must be below throttle.xmin_age.stop (20)");
  CHECK(job.throttle.xmin_age == CountThrottle{15, 20});
}

TEST_CASE("standbys_are_read_from_the_file_alone_and_no_text_shows_them") {
  Job job;
  job.throttle.replica_lag.standbys = {"postgresql://watcher:secret@standby2/app"};
  const auto problem =
      apply_setting(job, "throttle.replica_lag.standbys", "postgresql://x:other@elsewhere/app");
  REQUIRE(problem);
  CHECK(problem->message ==
        "throttle.replica_lag.standbys is read from the job file alone: change it there, and run "
        "the job again");
  for (const Setting& setting : live_settings(job)) {
    CHECK(setting.value.find("secret") == std::string::npos);
  }
}

TEST_CASE("what_a_vacuum_to_prevent_wraparound_means_is_set_by_a_word") {
  Job job;
  CHECK(job.throttle.wraparound_vacuum == WraparoundVacuum::slow);
  CHECK_FALSE(apply_setting(job, "throttle.wraparound_vacuum", "stop"));
  CHECK(job.throttle.wraparound_vacuum == WraparoundVacuum::stop);
  CHECK_FALSE(apply_setting(job, "throttle.wraparound_vacuum", "ignore"));
  CHECK(job.throttle.wraparound_vacuum == WraparoundVacuum::ignore);
  CHECK(apply_setting(job, "throttle.wraparound_vacuum", "pause"));
}

TEST_CASE("a_window_is_set_and_lifted") {
  Job job;
  CHECK_FALSE(apply_setting(job, "throttle.window", "22:00-06:00 Europe/London"));
  CHECK(job.throttle.window == TimeWindow{1320, 360, "Europe/London"});
  CHECK_FALSE(apply_setting(job, "throttle.window", "always"));
  CHECK_FALSE(job.throttle.window);
}

TEST_CASE("of_settings_given_together_one_that_is_bad_spoils_all") {
  Job job;
  const auto unknown = apply_settings(job, {{"pace.connections", "2"}, {"pace.nonsense", "1"}});
  REQUIRE(unknown);
  CHECK(job == Job{});
  const auto twice = apply_settings(job, {{"pace.connections", "2"}, {"pace.connections", "3"}});
  REQUIRE(twice);
  CHECK(twice->message == "pace.connections is given twice");
  CHECK(job == Job{});
}

TEST_CASE("settings_that_fit_count_beside_one_that_does_not") {
  Job job;
  const auto problems = apply_settings_that_fit(
      job, {{"pace.batch.fixed_rows", "1; DROP TABLE t"}, {"pace.connections", "3"}});
  REQUIRE(problems.size() == 1);
  CHECK(problems.front().message.find("pace.batch.fixed_rows") != std::string::npos);
  CHECK(job.pace.connections == 3);
  CHECK_FALSE(job.pace.batch.fixed_rows);
}

TEST_CASE("a_setting_waits_for_the_one_that_it_needs") {
  Job job;
  const auto problems = apply_settings_that_fit(job, {{"throttle.replica_lag.slow", "10s"},
                                                      {"pace.nonsense", "1"},
                                                      {"throttle.replica_lag.stop", "20s"}});
  CHECK(problems.size() == 1);
  CHECK(job.throttle.replica_lag.slow == seconds(10));
  CHECK(job.throttle.replica_lag.stop == seconds(20));
}

TEST_CASE("a_section_set_whole_is_taken_over_beside_a_bad_setting") {
  Job job;
  const auto problems = apply_settings_that_fit(job, {{"throttle.xmin_age.stop", "5000"},
                                                      {"pace.connections", "0"},
                                                      {"throttle.archive_backlog.slow", "10"},
                                                      {"throttle.xmin_age.slow", "1000"}});
  CHECK(problems.size() == 2);
  CHECK(job.throttle.xmin_age == CountThrottle{1000, 5000});
  CHECK_FALSE(job.throttle.archive_backlog);
  CHECK(job.pace == Job{}.pace);
}

namespace {

/// A job that has every section and no default.
Job full_job() {
  Job job;
  job.pace.connections = 7;
  job.pace.batch = {milliseconds(20), RowCount(5), RowCount(500), RowCount(50)};
  job.pace.rows_per_second = RowCount(1234);
  job.throttle.replica_lag = {milliseconds(1500), seconds(9), {"a", "b"}, {}};
  job.throttle.lock_wait = milliseconds(300);
  job.throttle.query = QueryThrottle{"SELECT 0", 1.5, 2.25};
  job.throttle.window = TimeWindow{22 * 60, 6 * 60, "Europe/London"};
  job.throttle.wal_rate =
      ByteRateThrottle{ByteCount(50 * 1024 * 1024), ByteCount(1024 * 1024 * 1024)};
  job.throttle.archive_backlog = CountThrottle{10, 100};
  job.throttle.xmin_age = CountThrottle{1000, 5000};
  job.throttle.slot_wal =
      ByteThrottle{ByteCount(512 * 1024 * 1024), ByteCount(20LL * 1024 * 1024 * 1024)};
  job.throttle.wraparound_vacuum = WraparoundVacuum::stop;
  job.safety.lock_timeout = milliseconds(750);
  job.safety.statement_timeout = seconds(90);
  job.safety.retries = 3;
  return job;
}

}  // namespace

TEST_CASE("every_live_setting_has_a_text_that_reads_back") {
  const Job job = full_job();
  const std::vector<Setting> settings = live_settings(job);
  const Job read = job_with_settings(settings);
  CHECK(read.pace == job.pace);
  CHECK(read.throttle == job.throttle);
  CHECK(read.safety == job.safety);
  for (const Setting& setting : settings) {
    CAPTURE(setting.key);
    CHECK_FALSE(problem_of_key(setting.key));
  }
  // The refusal of an unknown key lists every key that there is.
  Job any;
  const auto all = apply_setting(any, "zzzzzzzzzzzzzzzzzzzz", "1");
  REQUIRE(all);
  for (const Setting& setting : settings) {
    CHECK(all->message.find(setting.key) != std::string::npos);
  }
  const auto commas = std::count(all->message.begin(), all->message.end(), ',');
  CHECK(static_cast<std::size_t>(commas) + 1 == settings.size());
}

TEST_CASE("a_job_without_a_section_has_no_settings_of_it") {
  for (const Setting& setting : live_settings(Job{})) {
    CHECK(setting.key.find("query") == std::string::npos);
    CHECK(setting.key.find("ignore") == std::string::npos);
  }
}
