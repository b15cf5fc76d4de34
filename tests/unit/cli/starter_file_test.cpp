#include "cli/starter_file.hpp"

#include <catch2/catch.hpp>

#include "config/job_reader.hpp"

namespace backfill::cli {

namespace {

Starter starter_of_users(JobKind kind) {
  run::TableLook look;
  look.target.table = {"public", "users"};
  look.target.columns = {{"id", "bigint", true}, {"email", "text"}, {"Größe", "numeric(10,4)"}};
  look.target.key.columns = {{"id", "bigint"}};
  look.target.estimated_rows = 2'000'000;
  look.bytes = 512 * 1024 * 1024;
  Starter starter;
  starter.kind = kind;
  starter.name = "emails";
  starter.file = "20260131_0930_emails.yaml";
  starter.table = look.target.table;
  starter.look = std::move(look);
  return starter;
}

Job read_back(const Starter& starter) {
  const ReadJob read = read_job(starter.file, starter_text(starter), Environment{});
  CAPTURE(starter_text(starter));
  for (const Problem& problem : read.problems) UNSCOPED_INFO(format(problem));
  REQUIRE(read.job);
  return *read.job;
}

}  // namespace

TEST_CASE("a_starter_file_is_a_job_file_whatever_is_known") {
  for (const JobKind kind : {JobKind::backfill, JobKind::type_copy}) {
    Starter starter;
    starter.kind = kind;
    starter.name = "emails";
    starter.file = "emails.yaml";
    const Job job = read_back(starter);
    CHECK(job.kind == kind);
    CHECK(job.name == "emails");
    CHECK(job.table == QualifiedName{"public", "replace_me"});
  }
}

TEST_CASE("a_starter_adds_the_column_that_the_table_does_not_have") {
  Starter starter = starter_of_users(JobKind::backfill);
  starter.columns = {{"email_normalized", "text"}};
  const Job job = read_back(starter);
  REQUIRE(job.add.size() == 1);
  CHECK(job.add.front() == AddColumn{"email_normalized", "text"});
  REQUIRE(job.set.size() == 1);
  CHECK(job.set.front() == SetColumn{"email_normalized", "replace_me(email)"});
  CHECK(job.where == "email_normalized IS NULL");
  const std::string text = starter_text(starter);
  CHECK(text.find("about 2,000,000 rows in 512 MiB") != std::string::npos);
  CHECK(text.find("id bigint, email text") != std::string::npos);
}

TEST_CASE("a_new_value_comes_from_the_column_it_is_named_after_or_from_one_that_is_no_key") {
  Starter starter = starter_of_users(JobKind::backfill);
  starter.columns = {{"slug", "text"}};
  CHECK(read_back(starter).set.front().expression == "replace_me(email)");
  starter.columns = {{"id_text", "text"}};
  CHECK(read_back(starter).set.front().expression == "replace_me(id)");
}

TEST_CASE("a_starter_over_a_column_that_is_there_adds_none") {
  Starter starter = starter_of_users(JobKind::backfill);
  starter.columns = {{"email", std::nullopt}, {"Größe", std::nullopt}};
  CHECK(problem_of_starter(starter).empty());
  const Job job = read_back(starter);
  CHECK(job.add.empty());
  REQUIRE(job.set.size() == 2);
  CHECK(job.set.back().column == "Größe");
  CHECK(job.where ==
        "email IS DISTINCT FROM replace_me(email) OR \"Größe\" IS DISTINCT FROM "
        "replace_me(\"Größe\")");
}

TEST_CASE("a_starter_of_a_type_copy_knows_the_way_back") {
  Starter starter = starter_of_users(JobKind::type_copy);
  starter.columns = {{"Größe", "double precision"}};
  CHECK(problem_of_starter(starter).empty());
  const Job job = read_back(starter);
  REQUIRE(job.type_copy.columns.size() == 1);
  const ChangeColumn& column = job.type_copy.columns.front();
  CHECK(column.column == "Größe");
  CHECK(column.type == "double precision");
  CHECK(column.with == "\"Größe\"::double precision");
  CHECK(column.back == "\"Größe\"::numeric(10,4)");
}

TEST_CASE("what_a_starter_cannot_know_is_asked_for") {
  Starter starter = starter_of_users(JobKind::backfill);
  starter.columns = {{"emial", std::nullopt}};
  CHECK(problem_of_starter(starter) ==
        "public.users has no column emial; did you mean email? For a new one give its type: "
        "--column 'emial TYPE'");
  starter.columns = {{"email", "integer"}};
  CHECK(problem_of_starter(starter).find("is there already, as text") != std::string::npos);
  starter.kind = JobKind::type_copy;
  starter.columns = {{"email", std::nullopt}};
  CHECK(problem_of_starter(starter).find("--column 'email TYPE'") != std::string::npos);
  starter.columns = {{"emial", "citext"}};
  CHECK(problem_of_starter(starter) == "public.users has no column emial; did you mean email?");
}

TEST_CASE("a_name_with_a_line_break_stays_inside_its_comment") {
  Starter starter = starter_of_users(JobKind::backfill);
  starter.look->target.columns.push_back({"a\nversion: 2", "text"});
  starter.columns = {{"a\nversion: 2", std::nullopt}};
  const std::string text = starter_text(starter);
  CHECK(text.find("\nversion: 2") == text.rfind("\nversion: 2"));
  for (std::size_t at = text.find("version: 2"); at != std::string::npos;
       at = text.find("version: 2", at + 1)) {
    const std::size_t line = text.rfind('\n', at) + 1;
    CHECK(text.compare(line, 10, "version: 2") != 0);
  }
  CHECK(read_back(starter).set.front().column == "a\nversion: 2");
}

TEST_CASE("starter_columns_are_read_as_sql_reads_them") {
  CHECK(*parse_starter_column("Email") == StarterColumn{"email", std::nullopt});
  CHECK(*parse_starter_column("\"Email\" varchar(20)") == StarterColumn{"Email", "varchar(20)"});
  CHECK_FALSE(parse_starter_column("email text NOT NULL"));
  CHECK_FALSE(parse_starter_column(""));
}

TEST_CASE("the_prefix_is_the_minute_in_utc") {
  const auto minute = std::chrono::system_clock::time_point(std::chrono::seconds(1'769'851'859));
  CHECK(starter_prefix(minute) == "20260131_0930_");
}

}  // namespace backfill::cli
