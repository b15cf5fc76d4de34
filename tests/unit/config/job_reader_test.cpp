#include "config/job_reader.hpp"

#include <fstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/random.hpp"
#include "unit/config/read.hpp"

using namespace backfill;
using namespace backfill::test;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("a_minimal_job_has_every_default_of_job_alone") {
  const ReadJob got = read_job("jobs/20240131_1200_count.yaml", minimal(), environment_of({}));
  REQUIRE(got.job);
  Job wanted;
  wanted.name = "20240131_1200_count";
  wanted.file = "jobs/20240131_1200_count.yaml";
  wanted.table = {std::nullopt, "users"};
  wanted.set = {{"n", "n + 1"}};
  CHECK(*got.job == wanted);
}

TEST_CASE("every_key_of_a_job_is_read") {
  const ReadJob got = read(R"(
version: 1
kind: backfill
name: my-job_1.2
database: postgresql://localhost/shop
table: "\"My Schema\".Users"
key: [Tenant, '"Id"']
add:
  - column: a text
  - {column: 'b numeric(10, 2)'}
set:
  a: lower(x)
  B: 5
  c: true
  d: 010
  "\"E\"": "'it''s'"
where: |
  a IS NULL
  -- rows that need it
pace:
  connections: 8
  batch: {target: 20ms, min_rows: 1, max_rows: 500, fixed_rows: 100}
  rows_per_second: 1000
throttle:
  replica_lag: {slow: 2s, stop: 1m30s, ignore: [delayed, 'other one'],
    standbys: ['postgresql://watcher@standby2:5433/app', host=standby3 port=5432]}
  lock_wait: 100ms
  query: {sql: "SELECT a, 1 FROM t -- load", slow: .5, stop: 1e3}
  slot_wal: {slow: 10GB, stop: 20GB}
  wraparound_vacuum: stop
safety: {lock_timeout: 2s, statement_timeout: 1h, retries: 0, user_triggers: bypass}
on_error: {quarantine: 7}
preserve: [updated_at, "\"V\""]
)");
  INFO((got.problems.empty() ? "" : format(got.problems.front())));
  REQUIRE(got.job);
  Job wanted;
  wanted.name = "my-job_1.2";
  wanted.file = "job.yaml";
  wanted.database = "postgresql://localhost/shop";
  wanted.table = {"My Schema", "users"};
  wanted.key = {"tenant", "Id"};
  wanted.add = {{"a", "text"}, {"b", "numeric(10, 2)"}};
  wanted.set = {{"a", "lower(x)"}, {"b", "5"}, {"c", "true"}, {"d", "010"}, {"E", "'it''s'"}};
  wanted.where = "a IS NULL";
  wanted.preserve = {"updated_at", "V"};
  wanted.on_error.quarantine = 7;
  wanted.pace.connections = 8;
  wanted.pace.batch = {milliseconds(20), RowCount(1), RowCount(500), RowCount(100)};
  wanted.pace.rows_per_second = RowCount(1000);
  wanted.throttle.replica_lag = {
      seconds(2),
      seconds(90),
      {"delayed", "other one"},
      {"postgresql://watcher@standby2:5433/app", "host=standby3 port=5432"}};
  wanted.throttle.lock_wait = milliseconds(100);
  wanted.throttle.query = {"SELECT a, 1 FROM t", 0.5, 1000};
  wanted.throttle.slot_wal = {ByteCount{10LL << 30}, ByteCount{20LL << 30}};
  wanted.throttle.wraparound_vacuum = WraparoundVacuum::stop;
  wanted.safety = {seconds(2), hours(1), 0, UserTriggers::bypass};
  CHECK(*got.job == wanted);
}

TEST_CASE("values_that_say_default_are_the_default") {
  const ReadJob got =
      read(minimal("pace: {batch: {target: auto, fixed_rows: null}, "
                   "rows_per_second: ~}\nsafety: {user_triggers: fire}\n"));
  REQUIRE(got.job);
  CHECK(got.job->pace == PaceSettings{});
  CHECK(got.job->safety == SafetySettings{});
}

TEST_CASE("one_name_does_for_a_list_of_one") {
  const ReadJob got = read(minimal("key: id\nthrottle: {replica_lag: {ignore: slow_one}}\n"));
  REQUIRE(got.job);
  CHECK(got.job->key == std::vector<std::string>{"id"});
  CHECK(got.job->throttle.replica_lag.ignore == std::vector<std::string>{"slow_one"});
}

TEST_CASE("plain_numbers_follow_yaml_1_2") {
  const std::vector<std::pair<std::string, int>> samples{{"010", 10}, {"0x10", 16}, {"0o10", 8},
                                                         {"+5", 5},   {"64", 64},   {"1", 1}};
  for (const auto& [text, number] : samples) {
    CAPTURE(text);
    const ReadJob got = read(minimal("pace:\n  connections: " + text + "\n"));
    REQUIRE(got.job);
    CHECK(got.job->pace.connections == number);
  }
}

TEST_CASE("windows_line_ends_and_a_byte_order_mark_change_nothing") {
  std::string text = "\xEF\xBB\xBF";
  for (const char c : minimal("where: |\n  a\n  IS NULL\n")) {
    if (c == '\n') text += '\r';
    text += c;
  }
  const ReadJob got = read(text);
  REQUIRE(got.job);
  CHECK(got.job->where == "a\nIS NULL");
  CHECK(problems_of("\xEF\xBB\xBF"
                    "é: 1") != problems_of(""));
  CHECK(problems_of("\xEF\xBB\xBFtabel: 1")[0].starts_with("1:1: "));
}

TEST_CASE("every_key_of_a_type_copy_is_read") {
  const ReadJob got = read(R"(
version: 1
kind: type-copy
table: public.signals
columns:
  confidence: {type: double precision, using: confidence::float8 -- exact, back: 'round(x, 4)'}
  Note: {type: text}
  '"Code"': {type: varchar(5)}
  Upper: {type: VarChar(5)}
  catalogued: {type: pg_catalog.bpchar(5)}
  unlimited: {type: pg_catalog.varchar}
include_references: true
switch: manual
drop: after 24h
on_cast_error: fail
transaction_wait: 5m
)");
  INFO((got.problems.empty() ? "" : format(got.problems.front())));
  REQUIRE(got.job);
  CHECK(got.job->kind == JobKind::type_copy);
  CHECK(got.job->set.empty());
  TypeCopySettings wanted;
  // A cast to a length would cut silently; the assignment of the bare column refuses to.
  wanted.columns = {
      {"confidence", "double precision", "confidence::float8", "round(x, 4)"},
      {"note", "text", "\"note\"::text", std::nullopt},
      {"Code", "varchar(5)", "\"Code\"", std::nullopt},
      {"upper", "VarChar(5)", "\"upper\"", std::nullopt},
      {"catalogued", "pg_catalog.bpchar(5)", "\"catalogued\"", std::nullopt},
      {"unlimited", "pg_catalog.varchar", "\"unlimited\"::pg_catalog.varchar", std::nullopt}};
  wanted.include_references = true;
  wanted.switch_mode = SwitchMode::manual;
  wanted.drop_after = hours(24);
  wanted.on_cast_error = CastErrors::fail;
  wanted.transaction_wait = minutes(5);
  CHECK(got.job->type_copy == wanted);
}

TEST_CASE("a_type_copy_has_its_defaults_in_job_alone") {
  const ReadJob got =
      read("version: 1\nkind: type-copy\ntable: t\ncolumns: {a: {type: bigint}}\ndrop: manual\n");
  REQUIRE(got.job);
  TypeCopySettings wanted;
  wanted.columns = {{"a", "bigint", "\"a\"::bigint", std::nullopt}};
  CHECK(got.job->type_copy == wanted);
}

TEST_CASE("the_examples_are_valid_jobs") {
  const std::string directory = std::string(BACKFILL_SOURCE_DIR) + "/jobs/examples/";
  const Environment none = environment_of({});
  for (const std::string name :
       {"20260301_0900_normalize_user_emails", "20260302_0900_bump_item_revisions",
        "20260303_0900_rescale_prices", "20260304_0900_confidence_to_double",
        "20260305_0900_order_keys_to_bigint"}) {
    CAPTURE(name);
    const ReadJob got = read_job_file(directory + name + ".yaml", none);
    INFO((got.problems.empty() ? "" : format(got.problems.front())));
    REQUIRE(got.job);
    CHECK(got.job->name == name.substr(name.find('_', 9) + 1));
  }
  const ReadJob emails =
      read_job_file(directory + "20260301_0900_normalize_user_emails.yaml", none);
  CHECK(emails.job->table == QualifiedName{"public", "users"});
  CHECK(emails.job->add == std::vector<AddColumn>{{"email_normalized", "text"}});
  CHECK(emails.job->set == std::vector<SetColumn>{{"email_normalized", "lower(trim(email))"}});
  CHECK(emails.job->where == "email_normalized IS NULL");
  const ReadJob prices = read_job_file(directory + "20260303_0900_rescale_prices.yaml", none);
  CHECK(prices.job->set[0].expression == "round(price_usd * 0.92, 2)");
}

TEST_CASE("a_file_that_cannot_be_read_is_a_problem_without_a_line") {
  const std::string directory = BACKFILL_SOURCE_DIR;
  const ReadJob missing = read_job_file(directory + "/no_such.yaml", environment_of({}));
  REQUIRE(missing.problems.size() == 1);
  CHECK(format(missing.problems[0]) ==
        directory + "/no_such.yaml: the job file cannot be read: No such file or directory");
  const ReadJob folder = read_job_file(directory, environment_of({}));
  REQUIRE(folder.problems.size() == 1);
  CHECK(folder.problems[0].message == "the job file cannot be read: Is a directory");
}

TEST_CASE("a_file_above_the_limit_is_refused_and_one_below_is_read") {
  const std::string job = minimal();
  const std::string comment = "# " + std::string(job_file_bytes_max - job.size() - 3, 'x') + "\n";
  CHECK(read(job + comment).job);
  const ReadJob large = read(job + comment + "\n");
  REQUIRE(large.problems.size() == 1);
  CHECK(format(large.problems[0]) == "job.yaml: the file is larger than 10000000 bytes");
}

TEST_CASE("the_file_name_must_do_as_a_name_when_none_is_given") {
  const ReadJob got = read_job("jobs/my job.yaml", minimal(), environment_of({}));
  REQUIRE(got.problems.size() == 1);
  CHECK(format(got.problems[0]) ==
        "jobs/my job.yaml:1:1: the file's name cannot be the job's name (a job's name is made of "
        "letters, digits, _, - and .); give the job one with name:");
  CHECK(read_job("my job.yaml", minimal("name: fine\n"), environment_of({})).job);
}

TEST_CASE("no_text_crashes_the_reader_and_each_has_a_job_or_a_problem") {
  const std::string whole = minimal(
      "where: 'a'\nkey: [a, \"b\"]\nadd:\n  - column: x text\npace: {connections: 3}\n"
      "throttle:\n  query: {sql: |-\n  lock_wait: ${X:-1s}\n");
  constexpr std::string_view alphabet = ":-{}[]'\"|>&*!%@`#,? \n\ta1~$\xC3\xA9\xFF\\";
  Random random(99);
  for (int round = 0; round < 5'000; ++round) {
    std::string text = whole;
    const std::uint64_t edits = 1 + random.below(6);
    for (std::uint64_t i = 0; i < edits; ++i) {
      const std::size_t at = random.below(text.size());
      const char c = alphabet[random.below(alphabet.size())];
      switch (random.below(3)) {
        case 0: text[at] = c; break;
        case 1: text.insert(at, 1, c); break;
        default: text.erase(at, 1 + random.below(4)); break;
      }
    }
    CAPTURE(text);
    const ReadJob got = read(text);
    REQUIRE(got.job.has_value() == got.problems.empty());
    for (const Problem& problem : got.problems) {
      REQUIRE(problem.line >= 1);
      REQUIRE(problem.column >= 1);
      REQUIRE_FALSE(problem.message.empty());
    }
  }
}
