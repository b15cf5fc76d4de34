#include "core/object_name.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace backfill {

TEST_CASE("names_are_those_that_the_server_would_choose") {
  CHECK(object_name("users", {"email"}, "key") == "users_email_key");
  CHECK(object_name("users", {"tenant", "email"}, "idx") == "users_tenant_email_idx");
  CHECK(object_name("users", {}, "check") == "users_check");
}

TEST_CASE("a_name_that_is_too_long_is_cut_where_it_is_longest_and_never_within_a_character") {
  const std::string table(60, 't');
  const std::string name = object_name(table, {"email"}, "key");
  CHECK(name == std::string(53, 't') + "_email_key");
  CHECK(name.size() == 63);
  // Both parts are cut to the same length, as the server does it.
  CHECK(object_name(table, {std::string(60, 'c')}, "key") ==
        std::string(29, 't') + "_" + std::string(29, 'c') + "_key");
  std::string umlauts;
  for (int i = 0; i < 40; ++i) umlauts += "ä";
  CHECK(object_name("t", {umlauts}, "key") == "t_" + umlauts.substr(0, 56) + "_key");
}

}  // namespace backfill
