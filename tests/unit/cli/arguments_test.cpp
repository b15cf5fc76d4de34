#include "cli/arguments.hpp"

#include <sstream>

#include <catch2/catch.hpp>

#include "cli/help.hpp"

using namespace backfill;
using namespace backfill::cli;

namespace {

std::vector<std::string> split(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Invocation parsed(const std::string& line) {
  CAPTURE(line);
  auto result = parse_arguments(split(line));
  if (const auto* wrong = std::get_if<UsageError>(&result)) FAIL(wrong->message);
  return std::get<Invocation>(std::move(result));
}

template <class T>
T command(const std::string& line) {
  Invocation invocation = parsed(line);
  REQUIRE(std::holds_alternative<T>(invocation.command));
  return std::get<T>(std::move(invocation.command));
}

UsageError refused(const std::string& line) {
  CAPTURE(line);
  auto result = parse_arguments(split(line));
  REQUIRE(std::holds_alternative<UsageError>(result));
  return std::get<UsageError>(std::move(result));
}

}  // namespace

TEST_CASE("a_rollback_asks_unless_it_is_told_not_to_and_keeps_columns_unless_it_is_told") {
  const auto asked = command<RunArguments>("rollback job.yaml");
  CHECK(asked.mode == run::JobRun::Mode::rollback);
  CHECK_FALSE(asked.yes);
  CHECK_FALSE(asked.drop_columns);
  const auto told = command<RunArguments>("rollback --yes job.yaml --drop-columns");
  CHECK(told.yes);
  CHECK(told.drop_columns);
  CHECK_THAT(refused("run job.yaml --yes").message, Catch::Contains("unknown option --yes"));
  CHECK_THAT(refused("rollback job.yaml --drop-column").message,
             Catch::Contains("did you mean --drop-columns?"));
}

TEST_CASE("nobody_is_terminated_unless_that_is_asked_for_where_names_may_be_traded") {
  for (const char* line : {"run a.yaml", "switch a.yaml"}) {
    CHECK_FALSE(command<RunArguments>(line).force);
    CHECK(command<RunArguments>(std::string(line) + " --force").force);
  }
  CHECK_THAT(refused("rollback a.yaml --force").message, Catch::Contains("unknown option --force"));
  CHECK_THAT(refused("drop a.yaml --force").message, Catch::Contains("unknown option --force"));
  CHECK_THAT(refused("verify a.yaml --force").message, Catch::Contains("unknown option --force"));
}

TEST_CASE("each_command_is_read_with_its_options") {
  CHECK(command<RunArguments>("run a.yaml").job_file == "a.yaml");
  CHECK(command<RunArguments>("run a.yaml").mode == run::JobRun::Mode::run);
  CHECK(command<RunArguments>("verify a.yaml").mode == run::JobRun::Mode::verify_only);
  CHECK(command<RunArguments>("switch a.yaml").mode == run::JobRun::Mode::switch_names);
  CHECK(command<RunArguments>("drop a.yaml").mode == run::JobRun::Mode::drop);
  CHECK(command<RunArguments>("rollback a.yaml").mode == run::JobRun::Mode::rollback);
  CHECK(command<RunArguments>("retry a.yaml").mode == run::JobRun::Mode::retry);
  CHECK_FALSE(command<RunArguments>("rollback a.yaml").yes);
  CHECK(command<RunArguments>("rollback a.yaml --yes").yes);
  CHECK(command<PlanArguments>("plan a.yaml").form == PlanForm::text);
  CHECK(command<PlanArguments>("plan --sql a.yaml").form == PlanForm::sql);
  CHECK(command<PlanArguments>("plan a.yaml --json").form == PlanForm::json);
  CHECK(command<RehearseArguments>("rehearse a.yaml").budget == std::chrono::seconds{10});
  CHECK(command<RehearseArguments>("rehearse a.yaml --for 2m --mask").mask);
  CHECK(command<RehearseArguments>("rehearse a.yaml --for 2m").budget == std::chrono::minutes{2});
  CHECK(command<RehearseArguments>("rehearse --json a.yaml").json);
  CHECK_FALSE(command<RehearseArguments>("rehearse a.yaml").add_columns);
  CHECK(command<RehearseArguments>("rehearse a.yaml --add-columns").add_columns);
  CHECK_FALSE(command<StatusArguments>("status").job.has_value());
  CHECK(command<StatusArguments>("status emails --json --watch").job == "emails");
  CHECK(command<StatusArguments>("status --watch").watch);
  CHECK(command<GateArguments>("gate a b c").jobs == std::vector<std::string>{"a", "b", "c"});
  CHECK(command<GateArguments>("gate a --wait 10m").wait == std::chrono::minutes{10});
  CHECK(command<LintArguments>("lint a.yaml b.yaml").files.size() == 2);
  CHECK(command<LintArguments>("lint a.yaml").form == LintForm::text);
  CHECK(command<LintArguments>("lint --format sarif a.yaml --strict").form == LintForm::sarif);
  CHECK(command<LintArguments>("lint --format sarif a.yaml --strict").strict);
  CHECK(command<LintArguments>("lint a.yaml --since origin/main").since == "origin/main");
  CHECK(command<LintArguments>("lint --rules").rules);
}

TEST_CASE("commands_to_a_running_job_are_read") {
  using Kind = run::ControlRequest::Kind;
  CHECK(command<ControlArguments>("pause emails").kind == Kind::pause);
  CHECK(command<ControlArguments>("resume emails").kind == Kind::resume);
  CHECK(command<ControlArguments>("stop emails").kind == Kind::stop);
  CHECK_FALSE(command<ControlArguments>("stop emails").cancel);
  CHECK(command<ControlArguments>("stop emails --cancel").cancel);
  CHECK(command<ControlArguments>("pause a.yaml").job == "a.yaml");
  CHECK_FALSE(command<RunArguments>("run a.yaml --no-wait").wait);
  CHECK(command<RunArguments>("run a.yaml").wait);

  const auto set = command<ControlArguments>("set emails pace.connections=2 a=b=c d=");
  CHECK(set.job == "emails");
  using Settings = std::vector<std::pair<std::string, std::string>>;
  CHECK(set.settings == Settings{{"pace.connections", "2"}, {"a", "b=c"}, {"d", ""}});
  CHECK_FALSE(set.reset_all);
  CHECK(command<ControlArguments>("set emails --reset").reset_all);
  const auto some = command<ControlArguments>("set emails --reset pace.connections a=1");
  CHECK_FALSE(some.reset_all);
  CHECK(some.reset == std::vector<std::string>{"pace.connections"});
  CHECK(some.settings == Settings{{"a", "1"}});
}

TEST_CASE("commands_to_a_running_job_that_lack_something_say_what") {
  CHECK(refused("pause").message == "pause needs a job's name or file");
  CHECK(refused("resume a b").message == "unexpected argument b");
  CHECK(refused("stop a --reset").message.starts_with("unknown option --reset"));
  CHECK(refused("set a").message == "set needs key=value, such as pace.connections=2, or --reset");
  CHECK(refused("set a pace.connections").message ==
        "pace.connections has no value: pace.connections=VALUE is wanted");
  CHECK(refused("set a =2").message == "=2 has no key: key=value is wanted");
  CHECK(refused("pasue a").message == "unknown command pasue: did you mean pause?");
}

TEST_CASE("global_options_stand_anywhere") {
  for (const char* line :
       {"--database postgresql://db/app run a.yaml", "run --database postgresql://db/app a.yaml",
        "run a.yaml --database=postgresql://db/app"}) {
    const Invocation invocation = parsed(line);
    CHECK(invocation.global.database == "postgresql://db/app");
    CHECK(std::get<RunArguments>(invocation.command).job_file == "a.yaml");
  }
  const Invocation all = parsed("run --log-format json a.yaml --no-progress --log-level warning");
  CHECK(all.global.log_format == LogFormat::json);
  CHECK(all.global.log_level == run::Level::warning);
  CHECK(all.global.no_progress);
}

TEST_CASE("a_job_may_be_named_like_a_command") {
  CHECK(command<StatusArguments>("status run").job == "run");
  CHECK(command<GateArguments>("gate plan status").jobs ==
        std::vector<std::string>{"plan", "status"});
}

TEST_CASE("an_option_after_gates_jobs_is_not_a_job") {
  const Invocation invocation = parsed("gate a b --database x --wait 1s");
  CHECK(std::get<GateArguments>(invocation.command).jobs.size() == 2);
  CHECK(invocation.global.database == "x");
}

TEST_CASE("a_mistyped_word_is_answered_with_the_nearest_valid_one") {
  CHECK(refused("rum a.yaml").message == "unknown command rum: did you mean run?");
  CHECK(refused("statsu").message == "unknown command statsu: did you mean status?");
  CHECK(refused("frobnicate").message == "unknown command frobnicate");
  CHECK(refused("run a.yaml --databse x").message ==
        "unknown option --databse: did you mean --database?");
  CHECK(refused("plan a.yaml --sqll").message == "unknown option --sqll: did you mean --sql?");
  CHECK(refused("--no-progres run a").message ==
        "unknown option --no-progres: did you mean --no-progress?");
  CHECK(refused("run a.yaml --databse=secret").message.find("secret") == std::string::npos);
  CHECK(refused("run a.yaml --log-level warn").message ==
        "--log-level is debug, info, warning, error: did you mean warning?");
  CHECK(refused("run a.yaml --log-format jsn").message ==
        "--log-format is text, json: did you mean json?");
}

TEST_CASE("an_option_of_another_command_is_unknown") {
  CHECK(refused("run a.yaml --sql").message.starts_with("unknown option --sql"));
  CHECK(refused("gate a --watch").message.starts_with("unknown option --watch"));
  CHECK(refused("drop a.yaml --yes").message.starts_with("unknown option --yes"));
  CHECK(refused("status --wait 1s").message.starts_with("unknown option --wait"));
}

TEST_CASE("commands_that_do_not_work_yet_are_unknown") {
  for (const char* name : {"skip", "archive"}) {
    CHECK(refused(std::string(name) + " x").message.starts_with("unknown command "));
    CHECK(general_help().find("\n  " + std::string(name) + " ") == std::string_view::npos);
  }
}

TEST_CASE("a_new_file_takes_a_kind_a_name_and_what_it_is_for") {
  const Invocation bare = parsed("new type-copy price_type");
  CHECK(std::get<NewArguments>(bare.command).kind == JobKind::type_copy);
  CHECK(std::get<NewArguments>(bare.command).name == "price_type");
  CHECK_FALSE(std::get<NewArguments>(bare.command).table);
  const Invocation whole =
      parsed("new backfill emails --table shop.Users --column a --column B --dir jobs");
  const auto& arguments = std::get<NewArguments>(whole.command);
  CHECK(arguments.table == QualifiedName{"shop", "users"});
  REQUIRE(arguments.columns.size() == 2);
  CHECK(arguments.columns[1].name == "b");
  CHECK(arguments.folder == "jobs");
  CHECK(refused("new backfill").message.starts_with("new needs a kind and a name"));
  CHECK(refused("new bakfill x").message.ends_with("did you mean backfill?"));
  CHECK(refused("new backfill ../x").message.find("name") != std::string::npos);
  CHECK(refused("new backfill a b").message == "unexpected argument b");
  CHECK(refused("new backfill x --table a.b.c.d").message.starts_with("--table: "));
  CHECK(refused("new backfill x --tabel a").message.ends_with("did you mean --table?"));
}

TEST_CASE("what_is_missing_or_too_much_is_named_with_the_help_to_read") {
  CHECK(refused("").message == "a command is missing");
  CHECK(refused("").next == "backfill --help");
  CHECK(refused("run").message == "run needs a job file");
  CHECK(refused("run").next == "backfill run --help");
  CHECK(refused("plan").message == "plan needs a job file");
  CHECK(refused("rehearse").message == "rehearse needs a job file");
  CHECK(refused("rehearse a --for 10").message.starts_with("--for: "));
  CHECK(refused("rehearse a --for 2h").message == "--for is from 1s to 1h");
  CHECK(refused("verify").message == "verify needs a job file");
  CHECK(refused("gate").message == "gate needs a job's name or file");
  CHECK(refused("lint").message == "lint needs a job file");
  CHECK(refused("lint a --format sraif").message ==
        "--format is text, json, github, sarif: did you mean sarif?");
  CHECK(refused("lint a --since=").message == "--since needs a value");
  CHECK(refused("run a b").message == "unexpected argument b");
  CHECK(refused("status a b").message == "unexpected argument b");
  CHECK(refused("plan a --sql --json").message == "--sql and --json exclude each other");
  CHECK(refused("gate a --wait 10").message.starts_with("--wait: "));
  CHECK(refused("run a --database=").message == "--database needs a value");
  CHECK(refused("run a --database").message == "--database needs a value");
  CHECK(refused("gate a --wait").message == "--wait needs a value");
}

TEST_CASE("of_an_option_given_twice_the_last_counts") {
  CHECK(parsed("run a --log-level debug --log-level error").global.log_level == run::Level::error);
}

TEST_CASE("an_empty_word_is_refused") {
  const auto empty_job = parse_arguments({"run", ""});
  REQUIRE(std::holds_alternative<UsageError>(empty_job));
  const auto empty_database = parse_arguments({"run", "a.yaml", "--database", ""});
  REQUIRE(std::holds_alternative<UsageError>(empty_database));
  CHECK(std::get<UsageError>(empty_database).message == "--database is empty");
}

TEST_CASE("help_and_version_are_answered_whatever_else_is_missing") {
  CHECK(command<ShowText>("--help").text == general_help());
  CHECK(command<ShowText>("-h").text == general_help());
  CHECK(command<ShowText>("run --help").text == help_of("run"));
  CHECK(command<ShowText>("gate -h").text == help_of("gate"));
  CHECK(command<ShowText>("--version").text == version_text());
  CHECK(command<ShowText>("run --version").text == version_text());
}

TEST_CASE("every_command_has_a_help_text_that_shows_its_usage") {
  for (const std::string name : {"run", "plan", "rehearse", "status", "pause", "resume", "stop",
                                 "set", "verify", "gate", "lint", "rollback"}) {
    CHECK(help_of(name).starts_with("usage: backfill " + name));
    CHECK(general_help().find("\n  " + name + " ") != std::string_view::npos);
  }
}

TEST_CASE("the_history_has_a_limit_and_may_be_of_one_job") {
  CHECK(command<HistoryArguments>("history").limit == 20);
  CHECK_FALSE(command<HistoryArguments>("history").job.has_value());
  const auto asked = command<HistoryArguments>("history emails --limit 5 --json");
  CHECK(asked.limit == 5);
  CHECK(asked.json);
  CHECK(asked.job == "emails");
  for (const char* limit : {"0", "-1", "10001", "5x", "x", "1.5", "99999999999999999999"}) {
    CHECK_THAT(refused(std::string("history --limit=") + limit).message,
               Catch::Contains("from 1 to 10000"));
  }
  CHECK_THAT(refused("history a b").message, Catch::Contains("unexpected argument b"));
}

TEST_CASE("a_report_is_of_one_job_and_goes_where_it_is_told") {
  CHECK_FALSE(command<ReportArguments>("report emails").output.has_value());
  CHECK(command<ReportArguments>("report emails --output a.html").output == "a.html");
  CHECK(command<ReportArguments>("report emails -o a.html").output == "a.html");
  CHECK_THAT(refused("report").message, Catch::Contains("needs a job's name or file"));
  CHECK_THAT(refused("report a b").message, Catch::Contains("unexpected argument b"));
  CHECK_THAT(refused("report a --outptu x").message, Catch::Contains("did you mean --output?"));
}
