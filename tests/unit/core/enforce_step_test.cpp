#include "core/enforce_step.hpp"

#include <catch2/catch.hpp>

namespace backfill {
namespace {

Target users() {
  Target target;
  target.table = {"public", "users"};
  for (const char* name : {"id", "email", "plan_id"}) {
    TableColumn column;
    column.name = name;
    target.columns.push_back(column);
  }
  return target;
}

}  // namespace

TEST_CASE("a_step_makes_what_postgres_itself_would_name_so_or_what_it_is_told") {
  CHECK(enforce_name(EnforceUnique{{"email"}, {}}, users()) == "users_email_key");
  CHECK(enforce_name(EnforceUnique{{"email"}, "mine"}, users()) == "mine");
  CHECK(enforce_name(EnforceNotNull{"email"}, users()) == "users_email_not_null_check");
  CHECK(enforce_name(EnforceCheck{"length(email) > 3", {}}, users()) == "users_email_check");
  CHECK(enforce_name(EnforceCheck{"plan_id > id", {}}, users()) == "users_check");
  EnforceForeignKey key;
  key.columns = {"plan_id"};
  CHECK(enforce_name(key, users()) == "users_plan_id_fkey");
  EnforceIndex index;
  index.elements = {{"plan_id", true}, {"email", true}};
  CHECK(enforce_name(index, users()) == "users_plan_id_email_idx");
  CHECK(enforce_name(EnforceDefault{"email", "''"}, users()).empty());
}

TEST_CASE("a_check_has_one_name_before_and_after_its_column_was_added") {
  Job job;
  job.add = {{"email_normalized", "text"}, {"email", "text"}};
  const Target before = with_added_columns(job, users());
  CHECK(before.columns.size() == 4);
  CHECK(enforce_name(EnforceCheck{"email_normalized <> ''", {}}, before) ==
        enforce_name(EnforceCheck{"email_normalized <> ''", {}}, with_added_columns(job, before)));
}

TEST_CASE("the_text_of_a_step_is_frozen_since_started_jobs_are_pinned_by_it") {
  CHECK(enforce_text(EnforceNotNull{"Email"}) == "not_null: \"Email\"");
  CHECK(enforce_text(EnforceUnique{{"a", "b"}, "n"}) == "unique: a, b name: n");
  EnforceForeignKey key;
  key.columns = {"plan_id"};
  key.references = {{}, "plans"};
  key.referenced = {"id"};
  key.orphans = Orphans::remove;
  key.on_delete = "cascade";
  CHECK(enforce_text(key) ==
        "foreign_key: plan_id references: plans (id) orphans: delete on_delete: cascade");
  EnforceIndex index;
  index.elements = {{"a", true}, {"lower( b )", false}};
  index.where = "a > 0";
  index.method = "btree";
  index.name = "i";
  CHECK(enforce_text(index) == "index: a, lower( b ) using: btree where: a > 0 name: i");
  CHECK(enforce_text(EnforceDefault{"a", "'x'"}) == "default: a = 'x'");
}

}  // namespace backfill
