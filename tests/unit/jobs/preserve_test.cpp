#include "jobs/preserve.hpp"

#include <catch2/catch.hpp>

#include "core/object_name.hpp"

using namespace backfill;

namespace {

Job keeping_job() {
  Job job;
  job.name = "touch's";
  job.preserve = {"updated_at", "Row \"Version\""};
  return job;
}

Target orders() {
  Target target;
  target.table = {"shop", "orders"};
  return target;
}

}  // namespace

TEST_CASE("preserved_columns_are_put_back_by_a_trigger_that_fires_for_the_job_alone") {
  const std::vector<OnlineDdl> ddl = keep_columns_ddl(keeping_job(), orders());
  REQUIRE(ddl.size() == 4);
  CHECK(ddl[0].sql ==
        "CREATE OR REPLACE FUNCTION \"backfill\".\"touch's_backfill_keep\"() RETURNS trigger "
        "LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS '\nBEGIN\n"
        "  NEW.\"updated_at\" := OLD.\"updated_at\";\n"
        "  NEW.\"Row \"\"Version\"\"\" := OLD.\"Row \"\"Version\"\"\";\n"
        "  RETURN NEW;\nEND\n'");
  CHECK(ddl[1].sql == "DROP TRIGGER IF EXISTS \"|touch's_backfill_keep\" ON \"shop\".\"orders\"");
  CHECK(ddl[2].sql ==
        "CREATE TRIGGER \"|touch's_backfill_keep\" BEFORE UPDATE ON \"shop\".\"orders\" FOR EACH "
        "ROW WHEN (pg_catalog.current_setting('backfill.job', true) = 'touch''s') EXECUTE "
        "FUNCTION \"backfill\".\"touch's_backfill_keep\"()");
  CHECK(ddl[3].sql ==
        "ALTER TABLE \"shop\".\"orders\" ENABLE ALWAYS TRIGGER \"|touch's_backfill_keep\"");
}

TEST_CASE("the_trigger_of_preserved_columns_goes_with_its_function") {
  const std::vector<OnlineDdl> ddl = let_columns_go_ddl(keeping_job(), orders());
  REQUIRE(ddl.size() == 2);
  CHECK(ddl[0].sql == "DROP TRIGGER IF EXISTS \"|touch's_backfill_keep\" ON \"shop\".\"orders\"");
  CHECK(ddl[1].sql == "DROP FUNCTION IF EXISTS \"backfill\".\"touch's_backfill_keep\"()");
}

TEST_CASE("the_longest_name_of_a_job_that_preserves_columns_names_a_trigger_whole") {
  CHECK(keep_trigger(std::string(keep_job_bytes_max, 'j')).size() == 63);
}
