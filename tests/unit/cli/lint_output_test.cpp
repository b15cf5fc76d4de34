#include "cli/lint_output.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/git_history.hpp"

namespace backfill::cli {

namespace {

LintReport sample() {
  LintReport report;
  report.files = {"jobs/a.yaml", "jobs/ä b.yaml", "../c.yaml"};
  report.allowed = 2;
  report.problems = {
      {"jobs/a.yaml", 5, 6, lint::find_rule("not-idempotent"), "100%: a,\nb", 5},
      {"jobs/ä b.yaml", 0, 0, lint::find_rule("file-name"), "no date", 0},
      {"../c.yaml", 1, 1, lint::find_rule("schema"), "empty", 1},
  };
  return report;
}

}  // namespace

TEST_CASE("lint_text_names_place_severity_and_rule") {
  LintReport report = sample();
  report.files.emplace_back("good.yaml");
  CHECK(lint_text(report) ==
        "jobs/a.yaml:5:6: error: 100%: a, b [not-idempotent]\n"
        "jobs/ä b.yaml: warning: no date [file-name]\n"
        "../c.yaml:1:1: error: empty [schema]\n"
        "good.yaml: no problems\n");
}

TEST_CASE("lint_json_counts_and_has_null_for_no_line") {
  const auto json = nlohmann::json::parse(lint_json(sample()));
  CHECK(json["errors"] == 2);
  CHECK(json["warnings"] == 1);
  CHECK(json["allowed"] == 2);
  CHECK(json["problems"][0]["line"] == 5);
  CHECK(json["problems"][0]["message"] == "100%: a,\nb");
  CHECK(json["problems"][1]["line"].is_null());
}

TEST_CASE("workflow_commands_escape_what_would_end_them") {
  CHECK(lint_github(sample()) ==
        "::error file=jobs/a.yaml,line=5,col=6,title=not-idempotent::100%25: a,%0Ab\n"
        "::warning file=jobs/ä b.yaml,title=file-name::no date\n"
        "::error file=../c.yaml,line=1,col=1,title=schema::empty\n");
  LintReport odd;
  odd.problems = {{"a:b,c%.yaml", 1, 1, lint::find_rule("schema"), "x", 1}};
  CHECK(lint_github(odd) == "::error file=a%3Ab%2Cc%25.yaml,line=1,col=1,title=schema::x\n");
}

TEST_CASE("sarif_names_rules_places_and_uris") {
  const auto json = nlohmann::json::parse(lint_sarif(sample(), "/repository/here"));
  CHECK(json["version"] == "2.1.0");
  const auto& run = json["runs"][0];
  CHECK(run["tool"]["driver"]["rules"].size() == lint::rules().size());
  const auto& first = run["results"][0];
  const std::size_t index = first["ruleIndex"];
  CHECK(run["tool"]["driver"]["rules"][index]["id"] == first["ruleId"]);
  CHECK(first["level"] == "error");
  const auto place = [&run](std::size_t i) {
    return run["results"][i]["locations"][0]["physicalLocation"];
  };
  CHECK(place(0)["artifactLocation"]["uri"] == "jobs/a.yaml");
  CHECK(place(0)["region"]["startColumn"] == 6);
  CHECK(place(1)["artifactLocation"]["uri"] == "jobs/%C3%A4%20b.yaml");
  CHECK_FALSE(place(1).contains("region"));
  CHECK(place(2)["artifactLocation"]["uri"] == "file:///repository/c.yaml");
  CHECK_FALSE(place(2)["artifactLocation"].contains("uriBaseId"));
}

TEST_CASE("the_log_of_git_is_read_through_renames_the_oldest_first") {
  using namespace std::string_literals;
  const std::string log =
      "\x01"
      "ccc\x02"
      "2026-03-01\0\nM\0jobs/new\nname.yaml\0"s +
      "\x01"
      "bbb\x02"
      "2026-02-01\0\nR090\0jobs/ä b.yaml\0jobs/new\nname.yaml\0"s +
      "\x01"
      "aaa\x02"
      "2026-01-01\0\nA\0jobs/ä b.yaml\0"s;
  CHECK(read_log(log) == std::vector<FileCommit>{{"aaa", "2026-01-01", "jobs/ä b.yaml"},
                                                 {"bbb", "2026-02-01", "jobs/new\nname.yaml"},
                                                 {"ccc", "2026-03-01", "jobs/new\nname.yaml"}});
  CHECK(read_log("").empty());
}

TEST_CASE("a_copy_of_another_file_is_a_beginning") {
  using namespace std::string_literals;
  const std::string log =
      "\x01"
      "bbb\x02"
      "2026-02-01\0\nC075\0jobs/old.yaml\0jobs/new.yaml\0"s +
      "\x01"
      "aaa\x02"
      "2026-01-01\0\nA\0jobs/old.yaml\0"s;
  CHECK(read_log(log) == std::vector<FileCommit>{{"bbb", "2026-02-01", "jobs/new.yaml"}});
}

TEST_CASE("git_that_refuses_says_why_and_no_repository_is_no_trouble") {
  const auto answering = [](int code, const std::string& err) {
    return [code, err](const std::vector<std::string>&) -> std::optional<ChildOutput> {
      return ChildOutput{code, "", err};
    };
  };
  std::string trouble;
  Git none(answering(128, "fatal: not a git repository (or any of the parent directories): .git\n"),
           "HEAD");
  CHECK_FALSE(none.history("a.yaml", &trouble));
  CHECK(trouble.empty());
  Git owned(answering(128, "fatal: detected dubious ownership in repository at '/x'\n"), "HEAD");
  CHECK_FALSE(owned.history("a.yaml", &trouble));
  CHECK(trouble == "fatal: detected dubious ownership in repository at '/x'");
  Git absent([](const std::vector<std::string>&) { return std::optional<ChildOutput>{}; }, "HEAD");
  CHECK_FALSE(absent.history("a.yaml", &trouble));
  CHECK(trouble == "git cannot be started");
}

TEST_CASE("a_child_is_run_without_a_shell_and_both_of_its_voices_are_heard") {
  const auto said =
      run_child({"sh", "-c", "echo \"$1\"; echo bad >&2; exit 3", "sh", "a $(b) 'c'"});
  REQUIRE(said);
  CHECK(said->code == 3);
  CHECK(said->out == "a $(b) 'c'\n");
  CHECK(said->err == "bad\n");
  CHECK_FALSE(run_child({"no-such-program-anywhere"}));
  const auto much =
      run_child({"sh", "-c", "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero"});
  REQUIRE(much);
  CHECK(much->out.size() == 300'000);
  CHECK(much->err.size() == 300'000);
  const auto killed = run_child({"sh", "-c", "kill -9 $$"});
  REQUIRE(killed);
  CHECK(killed->code == 137);
}

}  // namespace backfill::cli
