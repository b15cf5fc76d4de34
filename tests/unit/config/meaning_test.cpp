#include "config/meaning.hpp"

#include <catch2/catch.hpp>

#include "unit/config/read.hpp"

using namespace backfill;
using namespace backfill::test;

namespace {

Job job_of(std::string_view text) {
  const ReadJob got = read(text);
  INFO((got.problems.empty() ? "" : format(got.problems.front())));
  REQUIRE(got.job);
  return *got.job;
}

}  // namespace

TEST_CASE("the_meaning_of_a_job_is_one_line_for_each_pinned_path") {
  CHECK(meaning_of(job_of("version: 1\nkind: backfill\ntable: public.\"Users\"\nkey: [a, '\"B\"']\n"
                          "add: [{column: e text}]\nset: {z: '1', e: lower(x)}\n"
                          "where: |\n  e IS NULL -- left\n  AND f = 'a\n  b'\n")) ==
        "kind: backfill\n"
        "table: public.\"Users\"\n"
        "key: a, \"B\"\n"
        "add.e: text\n"
        "set.e: lower(x)\n"
        "set.z: 1\n"
        "where: e IS NULL AND f = 'a\\nb'\n");
}

TEST_CASE("how_a_job_works_is_not_pinned") {
  const std::string plain = meaning_of(job_of(minimal()));
  CHECK(plain == "kind: backfill\ntable: users\nset.n: n + 1\n");
  CHECK(plain == meaning_of(job_of(minimal("name: other\ndatabase: x\npace: {connections: 9}\n"
                                           "throttle: {lock_wait: 1s}\nsafety: {retries: 1}\n"))));
}

TEST_CASE("layout_comments_and_the_order_of_columns_are_not_pinned") {
  const std::string head = "version: 1\nkind: backfill\ntable: Users\nset:\n";
  CHECK(meaning_of(job_of(head + "  a: f(x)   +  1\n  B: 2\n")) ==
        meaning_of(job_of(head + "  b: 2\n  a: |\n    f(x) /* why */\n    + 1 -- so\n")));
}

TEST_CASE("what_a_job_does_is_pinned") {
  const std::string plain = meaning_of(job_of(minimal()));
  for (const char* more : {"key: id\n", "where: a\n", "add: [{column: a text}]\n"}) {
    CHECK(meaning_of(job_of(minimal(more))) != plain);
  }
  CHECK(meaning_of(job_of(minimal("where: a = 'x y'\n"))) !=
        meaning_of(job_of(minimal("where: a = 'x  y'\n"))));
  CHECK(meaning_of(job_of(minimal("key: [a, b]\n"))) !=
        meaning_of(job_of(minimal("key: [b, a]\n"))));
}

TEST_CASE("the_diff_shows_the_lines_that_differ") {
  CHECK(meaning_diff("a: 1\nb: 2\n", "a: 1\nb: 2\n").empty());
  CHECK(meaning_diff("a: 1\nb: 2\nc: 3\n", "a: 1\nb: 5\nc: 3\nd: 4\n") ==
        "- b: 2\n+ b: 5\n+ d: 4\n");
  CHECK(meaning_diff("", "a: 1\n") == "+ a: 1\n");
  CHECK(meaning_diff("a: 1\n", "") == "- a: 1\n");
  CHECK(meaning_diff("a: 1\nb: 2\n", "b: 2\na: 1\n") == "- a: 1\n+ a: 1\n");
}

TEST_CASE("a_type_copy_is_pinned_to_its_types_and_using_but_not_to_the_way_back") {
  const std::string head = "version: 1\nkind: type-copy\ntable: t\n";
  const std::string meaning = meaning_of(
      job_of(head + "columns: {b: {type: text}, a: {type: bigint, using: a + 1, back: a - 1}}\n"));
  CHECK(meaning ==
        "kind: type-copy\n"
        "table: t\n"
        "columns.a.type: bigint\n"
        "columns.a.using: a + 1\n"
        "columns.b.type: text\n"
        "columns.b.using: \"b\"::text\n");
  CHECK(meaning ==
        meaning_of(job_of(head + "columns: {a: {type: bigint, using: a + 1}, b: {type: text}}\n"
                                 "switch: manual\ndrop: after 1h\non_cast_error: fail\n")));
  CHECK(meaning_of(job_of(head + "columns: {a: {type: bigint}}\ninclude_references: true\n")) ==
        meaning_of(job_of(head + "columns: {a: {type: bigint}}\ninclude_references: false\n")) +
            "include_references: true\n");
}
