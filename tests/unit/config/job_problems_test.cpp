#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "unit/config/read.hpp"

using namespace backfill;
using namespace backfill::test;

namespace {

using Lines = std::vector<std::string>;

/// Text behind a minimal job (from line 6 on), and all that must be said about it.
struct Case {
  std::string more;
  Lines problems;
};

void check_all(const std::vector<Case>& cases) {
  for (const Case& sample : cases) {
    CAPTURE(sample.more);
    CHECK(problems_of(minimal(sample.more)) == sample.problems);
  }
}

const std::string deep(40, '[');

}  // namespace

TEST_CASE("unknown_keys_are_reported_with_the_nearest_valid_key") {
  check_all({
      {"wehre: x\n", {"6:1: unknown key \"wehre\"; did you mean \"where\"?"}},
      {"pace:\n  conections: 2\n",
       {"7:3: unknown key \"conections\" in pace; did you mean \"connections\"?"}},
      {"pace: {batch: {max-rows: 5}}\n",
       {"6:16: unknown key \"max-rows\" in pace.batch; did you mean \"max_rows\"?"}},
      {"lock_timeout: 1s\n", {"6:1: unknown key \"lock_timeout\"; it belongs to safety"}},
      {"pace: {where: x}\n",
       {"6:8: unknown key \"where\" in pace; it belongs to the top of the file"}},
      {"pace: {foo: x}\n",
       {"6:8: unknown key \"foo\" in pace; the keys here are: connections, batch, "
        "rows_per_second, stripes"}},
      {"pace.connections: 3\n",
       {"6:1: unknown key \"pace.connections\"; the keys here are: version, kind, name, database, "
        "table, key, pace, throttle, safety, on_error, add, set, where, "
        "preserve, enforce"}},
      {"add:\n  - colum: a text\n",
       {"7:5: the key \"column\" is missing in this item of add",
        "7:5: unknown key \"colum\" in add; did you mean \"column\"?"}},
      {"add: [{column: a text, type: text}]\n",
       {"6:24: unknown key \"type\" in add; the keys here are: column"}},
  });
}

TEST_CASE("wrong_types_are_reported_at_the_value") {
  check_all({
      {"pace: 5\n",
       {"6:7: pace must be a mapping of keys (connections, batch, rows_per_second, stripes), not "
        "5"}},
      {"pace: [a]\n",
       {"6:7: pace must be a mapping of keys (connections, batch, rows_per_second, stripes), not a "
        "list"}},
      {"pace:\n  connections: four\n",
       {"7:16: pace.connections must be a whole number from 1 to 64, not four"}},
      {"pace: {connections: '4'}\n",
       {"6:21: pace.connections must be a whole number from 1 to 64, not the text \"4\""}},
      {"pace: {connections: 4.0}\n",
       {"6:21: pace.connections must be a whole number from 1 to 64, not 4.0"}},
      {"pace: {connections: on}\n",
       {"6:21: pace.connections must be a whole number from 1 to 64, not on"}},
      {"pace: {connections: [4]}\n",
       {"6:21: pace.connections must be a whole number from 1 to 64, not a list"}},
      {"pace: {batch: {max_rows: 50_000}}\n",
       {"6:26: pace.batch.max_rows must be a whole number from 1 to 10000000, not 50_000"}},
      {"pace: {batch: {fixed_rows: none}}\n",
       {"6:28: pace.batch.fixed_rows must be null or a whole number from 1 to 10000000, not "
        "none"}},
      {"throttle: {lock_wait: {a: b}}\n",
       {"6:23: throttle.lock_wait must be a duration from 1ms to 10m, not a mapping"}},
      {"throttle: {replica_lag: {standbys: [standby2]}}\n",
       {"6:37: throttle.replica_lag.standbys: a connection URL or libpq keywords are wanted"}},
      {"throttle: {slot_wal: {slow: 20GB, stop: 10GB}}\n",
       {"6:29: throttle.slot_wal.slow (20GB) must be below throttle.slot_wal.stop (10GB)"}},
      {"throttle: {query: {sql: SELECT 1, slow: 1}}\n",
       {"6:19: the key \"stop\" is missing in throttle.query: a number is wanted"}},
      {"throttle: {query: {sql: SELECT 1, slow: .nan, stop: .inf}}\n",
       {"6:41: throttle.query.slow must be a number, not .nan",
        "6:53: throttle.query.stop must be a number, not .inf"}},
      {"throttle: {query: {sql: SELECT 1, slow: '1', stop: 2}}\n",
       {"6:41: throttle.query.slow must be a number, not the text \"1\""}},
      {"safety: {user_triggers: byepass}\n",
       {"6:25: safety.user_triggers must be fire or bypass, not byepass; did you mean bypass?"}},
      {"safety: {user_triggers: true}\n",
       {"6:25: safety.user_triggers must be fire or bypass, not true"}},
      {"on_error: skip\n",
       {"6:11: on_error must be stop or a mapping such as {quarantine: 100}, not skip"}},
      {"on_error: {quarantine: 0}\n",
       {"6:24: on_error.quarantine must be a whole number from 1 to 10000, not 0"}},
      {"on_error: {quarantine: '5'}\n",
       {"6:24: on_error.quarantine must be a whole number from 1 to 10000, not the text \"5\""}},
      {"on_error: {quarantin: 5}\n",
       {"6:12: unknown key \"quarantin\" in on_error; did you mean \"quarantine\"?"}},
      {"preserve: [b, B]\n", {"6:15: preserve: this column is in preserve already"}},
      {"preserve: n\n", {"5:3: set: column n is to be preserved, so it cannot change"}},
      {"where: [a]\n", {"6:8: where must be a SQL condition, not a list"}},
      {"key: {a: b}\n", {"6:6: key must be a column's name or a list of them, not a mapping"}},
      {"key: [[a]]\n", {"6:7: key must be a column's name or a list of them, not a list"}},
      {"add: {column: a text}\n",
       {"6:6: add must be a list of items such as column: email text, not a mapping"}},
      {"add: [a text]\n",
       {"6:7: each item of add must be a mapping such as column: email text, not a text"}},
      {"add:\n  -\n",
       {"7:3: each item of add must be a mapping such as column: email text, not empty"}},
  });
}

TEST_CASE("numbers_and_durations_out_of_range_are_reported") {
  check_all({
      {"pace: {connections: 0}\n",
       {"6:21: pace.connections must be a whole number from 1 to 64, not 0"}},
      {"pace: {connections: 65}\n",
       {"6:21: pace.connections must be a whole number from 1 to 64, not 65"}},
      {"pace: {connections: -1}\n",
       {"6:21: pace.connections must be a whole number from 1 to 64, not -1"}},
      {"pace: {rows_per_second: 99999999999999999999}\n",
       {"6:25: pace.rows_per_second must be null or a whole number from 1 to 1000000000, not "
        "99999999999999999999"}},
      {"pace: {batch: {target: 2m}}\n",
       {"6:24: pace.batch.target must be auto or a duration from 1ms to 1m, not 2m"}},
      {"throttle: {lock_wait: 0s}\n",
       {"6:23: throttle.lock_wait must be a duration from 1ms to 10m, not 0s"}},
      {"safety: {retries: 1001}\n",
       {"6:19: safety.retries must be a whole number from 0 to 1000, not 1001"}},
  });
}

TEST_CASE("wrong_units_are_reported_where_the_unit_is") {
  check_all({
      {"throttle:\n  lock_wait: 250\n",
       {"7:14: throttle.lock_wait: a duration needs a unit: ms, s, m or h, such as 250ms or 1s"}},
      {"throttle:\n  lock_wait: 250sec\n",
       {"7:17: throttle.lock_wait: this unit of time is not known; the units are ms, s, m and h"}},
      {"throttle:\n  lock_wait: \"1h30x\"\n",
       {"7:19: throttle.lock_wait: this unit of time is not known; the units are ms, s, m and h"}},
      {"pace: {batch: {target: fast}}\n",
       {"6:24: pace.batch.target: a duration is made of whole numbers with units, such as 250ms, "
        "1s, 5m or 1h30m"}},
  });
}

TEST_CASE("empty_values_are_reported") {
  check_all({
      {"pace:\n",
       {"6:1: pace is empty; give it keys (connections, batch, rows_per_second, stripes) or leave "
        "it "
        "out"}},
      {"pace: {}\n",
       {"6:7: pace is empty; give it keys (connections, batch, rows_per_second, stripes) or leave "
        "it "
        "out"}},
      {"pace: {batch: null}\n",
       {"6:15: pace.batch is empty; give it keys (target, min_rows, max_rows, fixed_rows) or leave "
        "it out"}},
      {"where:\n", {"6:1: where is empty; a SQL condition is wanted"}},
      {"where: null\n", {"6:8: where is empty; a SQL condition is wanted"}},
      {"where: '  '\n", {"6:8: where is empty; a SQL condition is wanted"}},
      {"where: -- nothing\n", {"6:8: where: the SQL is empty"}},
      {"database: ''\n", {"6:11: database is empty; a connection URL or libpq keywords is wanted"}},
      {"key: []\n", {"6:6: key is empty; a column's name or a list of them is wanted"}},
      {"key: [a, ~]\n", {"6:10: key is empty; a column's name or a list of them is wanted"}},
      {"pace: {connections: ~}\n",
       {"6:21: pace.connections is empty; a whole number from 1 to 64 is wanted"}},
      {"pace:\n  batch:\n    fixed_rows:\n",
       {"8:5: pace.batch.fixed_rows is empty; null or a whole number from 1 to 10000000 is "
        "wanted"}},
      {"add: []\n", {"6:6: add is empty; a list of items such as column: email text is wanted"}},
      {"add:\n", {"6:1: add is empty; a list of items such as column: email text is wanted"}},
      {"add: [{}]\n", {"6:7: the key \"column\" is missing in this item of add"}},
  });
}

TEST_CASE("names_are_refused_inside_the_scalar") {
  check_all({
      {"name: my job\n", {"6:9: name: a job's name is made of letters, digits, _, - and ."}},
      {"name: -x\n", {"6:7: name: a job's name begins with a letter, a digit or _"}},
      {"name: " + std::string(64, 'n') + "\n",
       {"6:7: name: a job's name has at most 63 characters; this one has 64"}},
      {"key: [id, a b]\n",
       {"6:13: key: the name ends before this; other characters need double quotes"}},
      {"key: [id, ID]\n", {"6:11: key: this column is in the key already"}},
      {"key: '\"a\"\"b'\n", {"6:7: key: the quoted name has no closing \""}},
      {"add: [{column: email}]\n",
       {"6:21: add.column: the column's type is missing: write its name, then its type"}},
      {"add: [{column: email text not null}]\n",
       {"6:27: add.column: only the column's name and type are wanted here, without not"}},
      {"add: [{column: a int}, {column: A text}]\n", {"6:33: add: column a is here twice"}},
  });
}

TEST_CASE("expressions_are_refused_inside_the_scalar") {
  check_all({
      {"where: a; b\n", {"6:9: where: a ; cannot stand here"}},
      {"where: 'é''x'';'\n", {"6:15: where: a ; cannot stand here"}},
      {"where: 'é'';y'\n", {"6:10: where: the string has no closing '"}},
      {"where: \"\\u00e9 (\"\n", {"6:16: where: this ( is never closed"}},
      {"where: |\n  a = 1\n  AND (b = 2\n", {"8:7: where: this ( is never closed"}},
      {"where: >-\n  é = 1\n\n  AND b = $1\n",
       {"9:11: where: a parameter such as $1 has no value here"}},
      {"where: a = 1\n  AND 'b\n", {"7:7: where: the string has no closing '"}},
      {"throttle: {query: {sql: SELECT (1, slow: 1, stop: 2}}\n",
       {"6:32: throttle.query.sql: this ( is never closed"}},
  });
}

TEST_CASE("values_that_do_not_fit_together_are_reported_at_the_first_that_is_there") {
  check_all({
      {"pace: {batch: {min_rows: 100, max_rows: 50}}\n",
       {"6:26: pace.batch.min_rows (100) must not be above pace.batch.max_rows (50)"}},
      {"pace: {batch: {max_rows: 5}}\n",
       {"6:26: pace.batch.min_rows (10) must not be above pace.batch.max_rows (5)"}},
      {"throttle: {replica_lag: {slow: 5s}}\n",
       {"6:32: throttle.replica_lag.slow (5s) must be below throttle.replica_lag.stop (5s)"}},
      {"throttle: {replica_lag: {stop: 500ms}}\n",
       {"6:32: throttle.replica_lag.slow (1s) must be below throttle.replica_lag.stop (500ms)"}},
      {"throttle: {replica_lag: {slow: 10x, stop: 500ms}}\n",
       {"6:34: throttle.replica_lag.slow: this unit of time is not known; the units are ms, s, m "
        "and h"}},
      {"throttle: {query: {sql: SELECT 1, slow: 20, stop: 10}}\n",
       {"6:41: throttle.query.slow (20) must be below throttle.query.stop (10)"}},
      {"safety: {lock_timeout: 1m}\n",
       {"6:24: safety.lock_timeout (1m) must be below safety.statement_timeout (30s)"}},
      {"pace: {batch: {target: 40s}}\n",
       {"6:24: pace.batch.target (40s) must be below safety.statement_timeout (30s)"}},
      {"key: [id, N]\n",
       {"5:3: set: column n is part of the key that the job walks along, so it cannot change"}},
  });
}

TEST_CASE("yaml_that_hides_what_it_says_is_refused") {
  check_all({
      {"where: &x a\n",
       {"6:8: anchors (&name) are not used in job files; write the value where it belongs"}},
      {"where: *x\n",
       {"6:8: aliases (*name) are not used in job files; write the value where it belongs"}},
      {"where: !!str a\n",
       {"6:8: tags (!name) are not used in job files; a value's type follows from its key"}},
      {"where: !sql a\n",
       {"6:8: tags (!name) are not used in job files; a value's type follows from its key"}},
      {"pace: &p {connections: 2}\n",
       {"6:7: anchors (&name) are not used in job files; write the value where it belongs"}},
      {"<<: {where: a}\n",
       {"6:1: merge keys (<<) are not used in job files; write the keys themselves"}},
      {"? [a]\n: b\n", {"6:3: a key must be a word"}},
      {"'': b\n", {"6:1: a key must be a word"}},
      {"where: a\nwhere: b\n", {"7:1: the key \"where\" is here twice; the first is on line 6"}},
      {"pace: {connections: 1, 'connections': 2}\n",
       {"6:24: the key \"connections\" is here twice; the first is on line 6"}},
      {"---\nwhere: a\n",
       {"6:1: a job file holds one document; put the next job into its own file"}},
      {"where: " + deep + "\n", {"6:40: the file holds more than a job file can mean"}},
  });
}

TEST_CASE("text_that_is_not_yaml_is_refused_at_its_first_error") {
  check_all({
      {"where: \"a\n", {"6:9: not valid YAML: double-quoted scalar without closing quote"}},
      {"where: @a\n", {"6:8: not valid YAML: plain scalar cannot start with '@'"}},
      {"where: a: b\n", {"6:9: not valid YAML: invalid nested block mapping on the same line"}},
      {"\twhere: a\n", {"6:2: not valid YAML: invalid tab used as indentation"}},
      {"key: [a\n", {"7:1: not valid YAML: flow sequence without a closing bracket"}},
      {"key: [a", {"6:8: not valid YAML: flow sequence without a closing bracket"}},
      {"# \xFF\n", {"6:3: the file is not valid UTF-8 here"}},
      {"where: é\xC0\xAF\n", {"6:9: the file is not valid UTF-8 here"}},
      {"where: \xED\xA0\x80\n", {"6:8: the file is not valid UTF-8 here"}},
      {"where: a\x01\n", {"6:9: a control character cannot stand in a job file"}},
      {std::string("where: a\0\n", 10), {"6:9: a control character cannot stand in a job file"}},
  });
}

TEST_CASE("files_without_a_job_are_refused") {
  CHECK(problems_of("") == Lines{"1:1: the file is empty; a job is wanted"});
  CHECK(problems_of("# nothing\n") == Lines{"1:1: the file is empty; a job is wanted"});
  CHECK(problems_of("---\n") == Lines{"1:1: the file is empty; a job is wanted"});
  CHECK(problems_of("- a\n") == Lines{"1:1: a job is a mapping of keys, not a list"});
  CHECK(problems_of("\n just text\n") == Lines{"2:2: a job is a mapping of keys, not just text"});
}

TEST_CASE("missing_keys_are_reported_at_the_beginning_of_their_section") {
  CHECK(problems_of("\nname: a\n") ==
        Lines{"2:1: the key \"kind\" is missing: backfill or type-copy is wanted",
              "2:1: the key \"set\" is missing: a mapping of columns to SQL expressions is wanted",
              "2:1: the key \"table\" is missing: a table's name is wanted",
              "2:1: the key \"version\" is missing: 1 is wanted"});
}

TEST_CASE("another_version_or_kind_is_named") {
  CHECK(problems_of("version: 2\nkind: backfill\ntable: t\nset: {a: b}\n") ==
        Lines{"1:10: version must be 1, not 2"});
  CHECK(problems_of("version: '1'\nkind: backfill\ntable: t\nset: {a: b}\n") ==
        Lines{"1:10: version must be 1, not the text \"1\""});
  // The keys of a kind that is not available are not judged; the common ones are.
  CHECK(problems_of("version: 1\nkind: archive\ntable: t\ncolumns: {a: b}\npace: 5\n") ==
        Lines{"2:7: kind must be backfill or type-copy, not archive",
              "5:7: pace must be a mapping of keys (connections, batch, rows_per_second, stripes), "
              "not 5"});
  CHECK(problems_of("version: 1\nkind: backfil\ntable: t\n") ==
        Lines{"2:7: kind must be backfill or type-copy, not backfil; did you mean backfill?"});
}

TEST_CASE("set_columns_are_checked_one_by_one") {
  const std::string head = "version: 1\nkind: backfill\ntable: t\nset:\n";
  CHECK(
      problems_of(head + "  Email: a\n  email: b\n") ==
      Lines{"6:3: set: column email is here twice, since SQL folds unquoted names to lower case"});
  CHECK(problems_of(head + "  a b: c\n  d: (\n") ==
        Lines{"5:5: set: the name ends before this; other characters need double quotes",
              "6:6: set.d: this ( is never closed"});
  CHECK(problems_of(head + "  a:\n  b: [c]\n") ==
        Lines{"5:3: set.a is empty; an expression is wanted",
              "6:6: set.b must be an expression, not a list"});
  CHECK(problems_of(head + "  a: null\n") ==
        Lines{"5:6: set.a is empty; an expression ('NULL' in quotes sets the column to NULL) is "
              "wanted"});
  CHECK(read(head + "  a: 'NULL'\n").job->set[0].expression == "NULL");
  CHECK(problems_of("version: 1\nkind: backfill\ntable: t\nset: {}\n") ==
        Lines{"4:6: set is empty; a mapping of columns to SQL expressions is wanted"});
  CHECK(problems_of("version: 1\nkind: backfill\ntable: a.b.c\nset: [a]\n") ==
        Lines{"3:11: table: a name has at most two parts: schema and table",
              "4:6: set must be a mapping of columns to SQL expressions, not a list"});
}

TEST_CASE("all_problems_of_a_file_are_reported_in_order") {
  CHECK(problems_of("versoin: 1\nkind: backfill\ntable: users\nset:\n  a: f(\npace:\n"
                    "  connections: 0\nthrottle: {lock_wait: 5}\n") ==
        Lines{"1:1: the key \"version\" is missing: 1 is wanted",
              "1:1: unknown key \"versoin\"; did you mean \"version\"?",
              "5:7: set.a: this ( is never closed",
              "7:16: pace.connections must be a whole number from 1 to 64, not 0",
              "8:23: throttle.lock_wait: a duration needs a unit: ms, s, m or h, such as 250ms or "
              "1s"});
}

TEST_CASE("what_is_wrong_in_a_type_copy_is_named_at_its_place") {
  const std::string head = "version: 1\nkind: type-copy\ntable: t\n";
  const auto problems = [&](const std::string& rest) { return problems_of(head + rest); };
  CHECK(problems("") == Lines{"1:1: the key \"columns\" is missing: a mapping of columns to their "
                              "type, using and back is wanted"});
  CHECK(problems("columns: {a: {tipe: int}}\n") ==
        Lines{"4:14: the key \"type\" is missing in columns.a",
              "4:15: unknown key \"tipe\" in columns.a; did you mean \"type\"?"});
  CHECK(problems("columns: {a: bigint}\n") ==
        Lines{"4:14: columns.a must be a mapping such as {type: bigint}, not bigint"});
  CHECK(
      problems("columns: {a: {type: int}, A: {type: int}}\n") ==
      Lines{"4:27: columns: column a is here twice, since SQL folds unquoted names to lower case"});
  CHECK(problems("columns: {a: {type: int NOT NULL}}\n").size() == 1);
  CHECK(problems("columns: {a: {type: int, using: 'a; b'}}\n").size() == 1);
  CHECK(problems("columns: {a: {type: int}}\ndrop: after 5 days\n").size() == 1);
  CHECK(problems("columns: {a: {type: int}}\ndrop: soon\n").size() == 1);
  CHECK(problems("columns: {a: {type: int}}\nset: {a: 1}\n").size() == 1);
  CHECK(problems("columns: {a: {type: int}}\nswitch: automatic\n").size() == 1);
}
