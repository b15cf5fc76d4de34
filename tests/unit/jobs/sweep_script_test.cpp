#include "jobs/sweep_script.hpp"

#include <catch2/catch.hpp>

namespace backfill {

namespace {

Target people() {
  Target target;
  target.table = {"public", "people"};
  target.key.columns = {{"tenant", "integer"}, {"id", "bigint"}};
  return target;
}

}  // namespace

TEST_CASE("a_sweep_by_script_keeps_a_place_for_each_column_of_the_key") {
  const std::string script = sweep_script(people(), {"FIRST", "REST"}, 500);
  CHECK(script.starts_with("DO $sweep$\nDECLARE\n  low_1 text;\n  high_1 text;\n  low_2 text;\n"));
  CHECK(script.find("EXECUTE $batch$FIRST$batch$ USING high_1, high_2;") != std::string::npos);
  CHECK(script.find("EXECUTE $batch$REST$batch$ USING low_1, low_2, high_1, high_2;") !=
        std::string::npos);
  CHECK(script.find("INTO high_1, high_2, found\n    USING 500::bigint, 500::bigint;") !=
        std::string::npos);
  CHECK(script.find("    COMMIT;\n    low_1 := high_1;\n    low_2 := high_2;\n") !=
        std::string::npos);
  CHECK(script.ends_with("END\n$sweep$"));
}

TEST_CASE("no_text_of_the_job_ends_the_quotes_around_it") {
  const std::string script = sweep_script(people(), {"a $batch$ b", "c $sweep$ d"}, 500);
  CHECK(script.find("EXECUTE $batch_$a $batch$ b$batch_$ USING") != std::string::npos);
  CHECK(script.starts_with("DO $sweep_$"));
  CHECK(script.ends_with("$sweep_$"));
}

}  // namespace backfill
