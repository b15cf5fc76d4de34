#include "catalog/finding.hpp"

#include <catch2/catch.hpp>

namespace backfill {

TEST_CASE("a_finding_reads_as_a_verdict_and_the_next_step") {
  const Finding refused{Finding::Severity::refuse, "rules", "the table has a rule", "Drop it"};
  CHECK(format(refused) == "refused: the table has a rule. Drop it");
  const Finding note{Finding::Severity::note, "rules", "nothing to do", ""};
  CHECK(format(note) == "note: nothing to do");
}

TEST_CASE("only_a_refusal_refuses") {
  const Finding warning{Finding::Severity::warn, "a", "b", "c"};
  const Finding refusal{Finding::Severity::refuse, "a", "b", "c"};
  CHECK_FALSE(refuses({}));
  CHECK_FALSE(refuses({warning}));
  CHECK(refuses({warning, refusal}));
}

}  // namespace backfill
