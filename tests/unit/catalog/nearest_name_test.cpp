#include "catalog/nearest_name.hpp"

#include <catch2/catch.hpp>

namespace backfill {

TEST_CASE("the_name_with_the_fewest_edits_is_meant") {
  const std::vector<std::string> names{"id", "email", "email_normalized", "created_at"};
  CHECK(nearest_name("emial", names) == "email");
  CHECK(nearest_name("EMAIL_normalised", names) == "email_normalized");
  CHECK(nearest_name("create_at", names) == "created_at");
  CHECK_FALSE(nearest_name("phone", names));
  CHECK_FALSE(nearest_name("x", names));
  CHECK_FALSE(nearest_name("email", {}));
}

}  // namespace backfill
