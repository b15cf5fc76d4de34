#include <catch2/catch.hpp>

#include "config/meaning.hpp"
#include "unit/config/read.hpp"

using namespace backfill;
using namespace backfill::test;

namespace {

/// The problem of the one step that stands on line 7.
std::string problem_of(const std::string& step) {
  const auto problems = problems_of(minimal("enforce:\n  - " + step + "\n"));
  return problems.size() == 1 ? problems.front() : std::to_string(problems.size()) + " problems";
}

std::vector<EnforceStep> steps_of(const std::string& list) {
  const ReadJob got = read(minimal("enforce:\n" + list));
  INFO((got.problems.empty() ? "" : format(got.problems.front())));
  REQUIRE(got.job);
  return got.job->enforce;
}

}  // namespace

TEST_CASE("every_step_of_enforce_is_read") {
  const auto steps = steps_of(R"(
  - not_null: Email
  - unique: [tenant, '"Email"']
    name: one_email
  - check: |
      length(email) > 3
      -- long enough
  - foreign_key: plan_id
    references: billing."Plans" ( id )
    orphans: set_null
    on_delete: set null
    name: k
  - index: [tenant, lower(email)]
    using: btree
    where: email IS NOT NULL
    name: by_email
  - default: {status: "'new'"}
)");
  REQUIRE(steps.size() == 6);
  CHECK(std::get<EnforceNotNull>(steps[0]) == EnforceNotNull{"email"});
  CHECK(std::get<EnforceUnique>(steps[1]) == EnforceUnique{{"tenant", "Email"}, "one_email"});
  CHECK(std::get<EnforceCheck>(steps[2]) == EnforceCheck{"length(email) > 3", {}});
  const auto& key = std::get<EnforceForeignKey>(steps[3]);
  CHECK(key.columns == std::vector<std::string>{"plan_id"});
  CHECK(key.references == QualifiedName{"billing", "Plans"});
  CHECK(key.referenced == std::vector<std::string>{"id"});
  CHECK(key.orphans == Orphans::set_null);
  CHECK(key.on_delete == "set null");
  CHECK(key.name == "k");
  const auto& index = std::get<EnforceIndex>(steps[4]);
  REQUIRE(index.elements.size() == 2);
  CHECK(index.elements[0] == EnforceIndex::Element{"tenant", true});
  CHECK(index.elements[1] == EnforceIndex::Element{"lower(email)", false});
  CHECK(index.method == "btree");
  CHECK(index.where == "email IS NOT NULL");
  CHECK(std::get<EnforceDefault>(steps[5]) == EnforceDefault{"status", "'new'"});
}

TEST_CASE("a_step_with_defaults_refuses_orphans_and_takes_the_servers_names") {
  const auto steps = steps_of("  - foreign_key: [a, b]\n    references: t (x, y)\n");
  const auto& key = std::get<EnforceForeignKey>(steps.at(0));
  CHECK(key.orphans == Orphans::refuse);
  CHECK(key.on_delete.empty());
  CHECK_FALSE(key.name);
}

TEST_CASE("what_does_not_fit_in_enforce_is_reported_at_its_place_with_the_nearest_word") {
  CHECK(problem_of("not_nul: a") ==
        "7:5: unknown step \"not_nul\" in enforce; did you mean \"not_null\"?");
  CHECK_THAT(problem_of("grant: a"), Catch::Contains("the steps are: not_null, unique, check"));
  CHECK_THAT(problem_of("{unique: a, nam: b}"),
             Catch::Contains("unknown key \"nam\" beside unique in enforce; did you mean"));
  CHECK_THAT(problem_of("{not_null: a, unique: a}"), Catch::Contains("begin a new item"));
  CHECK_THAT(problem_of("email"), Catch::Contains("must be a mapping such as not_null: email"));
  CHECK_THAT(problem_of("not_null: [a]"), Catch::Contains("must be a column's name"));
  CHECK_THAT(problem_of("unique: []"), Catch::Contains("a column's name or a list of them"));
  CHECK_THAT(problem_of("unique: [a, A]"), Catch::Contains("column a is here twice"));
  CHECK_THAT(problem_of("check: (a > 1"), Catch::StartsWith("7:"));
  CHECK_THAT(problem_of("{foreign_key: a, references: t}"),
             Catch::Contains("a table and its columns, such as plans (id)"));
  CHECK_THAT(problem_of("foreign_key: a"), Catch::Contains("references of foreign_key"));
  CHECK_THAT(problem_of("{foreign_key: [a, b], references: t (x)}"),
             Catch::Contains("it names 1 column, and foreign_key 2"));
  CHECK_THAT(problem_of("{foreign_key: a, references: t (x), orphans: deleet}"),
             Catch::Contains("did you mean delete?"));
  CHECK_THAT(problem_of("index: lower(a)"), Catch::Contains("a name for an index"));
  CHECK_THAT(problem_of("default: a"), Catch::Contains("one column with the expression"));
  CHECK_THAT(problems_of(minimal("enforce: []\n")).at(0), Catch::Contains("enforce is empty"));
}

TEST_CASE("what_is_enforced_is_part_of_a_jobs_meaning_and_its_layout_is_not") {
  const auto meaning = [](const std::string& list) {
    return meaning_of(*read(minimal("enforce:\n" + list)).job);
  };
  const std::string one = meaning("  - unique: [a]\n  - check: b >  0 -- note\n");
  CHECK_THAT(one, Catch::EndsWith("enforce.1: unique: a\nenforce.2: check: b > 0\n"));
  CHECK(one == meaning("  - {unique: A}\n  - check: b > 0\n"));
  CHECK(one != meaning("  - check: b > 0\n  - unique: [a]\n"));
}
