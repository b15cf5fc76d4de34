#include <catch2/catch.hpp>

#include "config/lint/rule_checks.hpp"
#include "config/meaning.hpp"
#include "unit/config/lint/lint.hpp"

namespace backfill::test {

namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

/// "file rule" of what shows only together.
Lines together(const Files& files) {
  std::vector<std::unique_ptr<lint::Subject>> subjects;
  for (const auto& [name, text] : files) {
    subjects.push_back(lint::lint_text(name, text, environment_of({})).subject);
    REQUIRE(subjects.back());
    subjects.back()->problems().clear();
  }
  lint::check_together(subjects);
  Lines lines;
  for (const auto& subject : subjects) {
    for (const lint::LintProblem& problem : subject->problems()) {
      lines.push_back(problem.file + " " + std::string(problem.rule->name));
    }
  }
  return lines;
}

const std::string fills = backfill_of("set:\n  e: lower(email)\nwhere: e IS NULL\n");
const std::string enforces =
    backfill_of("set:\n  o: lower(x)\nwhere: o IS NULL\nenforce:\n  - not_null: e\n");

}  // namespace

TEST_CASE("not_null_in_a_file_before_the_one_that_fills_is_found") {
  CHECK(together({{"20260101_001_enforce.yaml", enforces}, {"20260102_001_fill.yaml", fills}}) ==
        Lines{"20260101_001_enforce.yaml not-null-before-backfill"});
  CHECK(together({{"20260103_001_enforce.yaml", enforces}, {"20260102_001_fill.yaml", fills}}) ==
        Lines{});
  CHECK(together({{"20260101_001_enforce.yaml", enforces},
                  {"20260102_001_fill.yaml", fills},
                  {"20250102_001_fill.yaml", fills}}) == Lines{});
  CHECK(together({{"20260101_001_enforce.yaml", enforces}, {"fill.yaml", fills}}) == Lines{});
}

TEST_CASE("two_files_of_one_job_or_one_moment_are_found") {
  CHECK(together({{"a/20260101_001_fill.yaml", fills}, {"b/20260101_001_fill.yaml", fills}}) ==
        Lines{"b/20260101_001_fill.yaml duplicate-job"});
  CHECK(together({{"a/20260101_001_fill.yaml", fills}, {"a/20260101_001_too.yaml", fills}}) ==
        Lines{"a/20260101_001_too.yaml same-moment"});
}

TEST_CASE("a_job_that_means_something_else_is_placed_where_it_differs") {
  const auto place = [](std::string_view before, std::string_view now) {
    const lint::LintedFile earlier = lint::lint_text(good_name, before, environment_of({}));
    const lint::LintedFile later = lint::lint_text(good_name, now, environment_of({}));
    REQUIRE((earlier.subject && later.subject));
    later.subject->problems().clear();
    lint::check_meaning(*later.subject, "changed-after-commit",
                        {meaning_of(earlier.subject->job()), "then", "Restore it."});
    Lines lines;
    for (const lint::LintProblem& problem : later.subject->problems()) {
      lines.push_back(fmt::format("{}:{} {}", problem.line, problem.column, problem.message));
    }
    return lines;
  };
  const std::string set = "set:\n  e: lower(email)\n";
  CHECK(place(backfill_of(set), backfill_of(set + "pace: {connections: 2}\n")) == Lines{});
  CHECK(place(backfill_of(set), backfill_of("set:\n  e: upper(email)\n")) ==
        Lines{"5:6 the job means something else than then (- set.e: lower(email); + set.e: "
              "upper(email)). Restore it."});
  CHECK(place(backfill_of(set), backfill_of(set + "where: e IS NULL\n")) ==
        Lines{"6:8 the job means something else than then (+ where: e IS NULL). Restore it."});
  // What has gone has no place of its own any more.
  CHECK(place(backfill_of(set + "where: e IS NULL\n"), backfill_of(set)) ==
        Lines{"0:0 the job means something else than then (- where: e IS NULL). Restore it."});
  CHECK(place(type_copy_of("columns:\n  n: {type: bigint}\n"),
              type_copy_of("columns:\n  n: {type: numeric}\n"))
            .at(0)
            .starts_with("5:13 "));
}

}  // namespace backfill::test
