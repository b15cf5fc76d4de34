#include "cli/job_source.hpp"

#include <catch2/catch.hpp>

using namespace backfill::cli;

TEST_CASE("a_word_that_ends_like_yaml_or_exists_is_a_file") {
  CHECK(is_job_file("missing/emails.yaml"));
  CHECK(is_job_file("emails.yml"));
  CHECK(is_job_file(BACKFILL_SOURCE_DIR "/CMakeLists.txt"));
  CHECK_FALSE(is_job_file("emails"));
  CHECK_FALSE(is_job_file("emails.yaml.bak"));
}

TEST_CASE("a_folder_named_like_a_job_is_no_job_file") {
  CHECK_FALSE(is_job_file(BACKFILL_SOURCE_DIR "/tests"));
}

TEST_CASE("the_database_comes_from_the_line_then_the_job_then_the_variable") {
  CHECK(choose_conninfo("line", "job", "variable") == "line");
  CHECK(choose_conninfo(std::nullopt, "job", "variable") == "job");
  CHECK(choose_conninfo(std::nullopt, std::nullopt, "variable") == "variable");
  CHECK(choose_conninfo(std::nullopt, std::nullopt, std::nullopt).empty());
  CHECK(choose_conninfo(std::nullopt, "", "variable") == "variable");
  CHECK(choose_conninfo(std::nullopt, std::nullopt, "").empty());
}
