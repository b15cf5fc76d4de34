#include "cli/redact.hpp"

#include <catch2/catch.hpp>

using backfill::cli::redact;

TEST_CASE("the_password_of_a_url_is_hidden") {
  CHECK(redact("postgresql://ann:pa55@db:5432/app") == "postgresql://ann:***@db:5432/app");
  CHECK(redact("postgres://:pa55@db/app") == "postgres://:***@db/app");
  CHECK(redact("postgresql://ann@db:5432/app") == "postgresql://ann@db:5432/app");
  CHECK(redact("postgresql://db:5432/app") == "postgresql://db:5432/app");
  CHECK(redact("postgresql://a:x@h1:1,h2:2/app") == "postgresql://a:***@h1:1,h2:2/app");
}

TEST_CASE("a_password_with_characters_that_should_be_encoded_is_hidden_whole") {
  CHECK(redact("postgresql://ann:p@ss@db/app") == "postgresql://ann:***@db/app");
  CHECK(redact("postgresql://ann:p/s@db/app") == "postgresql://ann:***@db/app");
  CHECK(redact("postgresql://ann:p?s@db/app") == "postgresql://ann:***@db/app");
  CHECK(redact("postgresql://ann:p:s@db/app") == "postgresql://ann:***@db/app");
  CHECK(redact("postgresql://ann:p=s@db/app") == "postgresql://ann:***@db/app");
}

TEST_CASE("secret_parameters_of_a_url_are_hidden") {
  CHECK(redact("postgresql://db/app?user=a&password=x&sslmode=require") ==
        "postgresql://db/app?user=a&password=***&sslmode=require");
  CHECK(redact("postgresql://db/app?sslpassword=x") == "postgresql://db/app?sslpassword=***");
  CHECK(redact("postgresql://db/app?p%61ssword=x") == "postgresql://db/app?p%61ssword=***");
  CHECK(redact("postgresql://db?password=a%26b&user=c") == "postgresql://db?password=***&user=c");
}

TEST_CASE("a_url_with_a_mistyped_scheme_keeps_its_password_hidden") {
  CHECK(redact("postgress://ann:pa55@db/app") == "postgress://ann:***@db/app");
}

TEST_CASE("secret_keywords_are_hidden") {
  CHECK(redact("host=db user=ann password=pa55 dbname=app") ==
        "host=db user=ann password=*** dbname=app");
  CHECK(redact("password = 'a b' host=db") == "password = *** host=db");
  CHECK(redact(R"(password='it\'s' host=db)") == "password=*** host=db");
  CHECK(redact(R"(password=a\ b host=db)") == "password=*** host=db");
  CHECK(redact("host=db PASSWORD=x") == "host=db PASSWORD=***");
  CHECK(redact("sslpassword=x host=db") == "sslpassword=*** host=db");
}

TEST_CASE("an_unclosed_quotation_is_hidden_to_its_end") {
  CHECK(redact("password='never closed host=db") == "password=***");
  CHECK(redact("password=x\\") == "password=***");
}

TEST_CASE("what_holds_no_secret_stays_as_it_is") {
  CHECK(redact("").empty());
  CHECK(redact("host=db dbname=app") == "host=db dbname=app");
  CHECK(redact("host='/var/run/postgresql' port=5432") == "host='/var/run/postgresql' port=5432");
  CHECK(redact("app") == "app");
}
