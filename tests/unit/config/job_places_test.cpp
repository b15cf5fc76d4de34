#include "config/job_places.hpp"

#include <catch2/catch.hpp>

namespace backfill {

namespace {

constexpr std::string_view file = R"(version: 1
kind: backfill
table: public.users
key: [id]
add:
  - column: email_normalized text
  - column: '"Größe" integer'
set:
  email_normalized: lower(trim(email))
  '"Größe"': >-
    length(email)
    + lenght(name)
where: ${CONDITION}
)";

std::optional<FilePlace> place(std::string_view path, std::size_t offset = 0) {
  return find_place(file, path, offset,
                    [](std::string_view) { return std::optional<std::string>("email IS NULL"); });
}

}  // namespace

TEST_CASE("what_a_job_file_says_has_a_place") {
  CHECK(place("table") == FilePlace{3, 8});
  CHECK(place("key") == FilePlace{4, 6});
  CHECK(place("add.email_normalized") == FilePlace{6, 13});
  CHECK(place("add.Größe") == FilePlace{7, 13});
  CHECK(place("set.email_normalized") == FilePlace{9, 21});
  CHECK(place("set.email_normalized", 6) == FilePlace{9, 27});
  CHECK(place("where") == FilePlace{13, 8});
  // What a variable brought in stands where the variable does.
  CHECK(place("where", 6) == FilePlace{13, 8});
}

TEST_CASE("a_place_in_a_folded_text_is_the_line_that_one_sees") {
  CHECK(place("set.Größe", 16) == FilePlace{12, 7});
}

TEST_CASE("what_a_job_file_does_not_say_has_no_place") {
  CHECK_FALSE(place("set.nonesuch"));
  CHECK_FALSE(place("columns.email"));
  CHECK_FALSE(find_place("a: [", "a", 0, Environment{}));
  CHECK(place_in_file("/nonexistent/job.yaml", "table", 0).empty());
}

}  // namespace backfill
