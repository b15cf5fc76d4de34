#include "pg/errors.hpp"

#include <catch2/catch.hpp>

#include "pg/scrub.hpp"

namespace backfill::pg {

TEST_CASE("the_sqlstate_of_a_refused_connection_is_read_in_any_language") {
  struct Case {
    const char* text;
    const char* sqlstate;
    ErrorClass kind;
  };
  const std::vector<Case> cases{
      {"connection to server at \"h\" (10.0.0.1), port 5432 failed: FATAL:  28P01: password "
       "authentication failed for user \"u\"\nLOCATION:  auth_failed, auth.c:334\n",
       "28P01", ErrorClass::fatal},
      {"connection to server at \"h\", port 1 failed: FATAL:  57P03: the database system is "
       "starting up\nLOCATION:  x\n",
       "57P03", ErrorClass::reconnect},
      {"connection to server at \"h\", port 1 failed: VERHÄNGNISVOLL:  3D000: Datenbank »d« "
       "existiert nicht\n",
       "3D000", ErrorClass::fatal},
      {"connection to server at \"h\", port 1 failed: FATAL:  53300: sorry, too many clients "
       "already\n",
       "53300", ErrorClass::reconnect},
      {"connection to server at \"h\", port 1 failed: FATAL:  08P01: query_wait_timeout\n", "08P01",
       ErrorClass::reconnect},
      {"connection to server at \"h\", port 1 failed: FATAL:  08P01: unsupported startup "
       "parameter: options\n",
       "08P01", ErrorClass::fatal},
      {"connection to server at \"h\", port 1 failed: Connection refused\n\tIs the server running "
       "on that host and accepting TCP/IP connections?\n",
       "", ErrorClass::reconnect},
      {"connection to server at \"h\", port 1 failed: fe_sendauth: no password supplied\n", "",
       ErrorClass::fatal},
      {"connection to server at \"h\", port 1 failed: server closed the connection unexpectedly\n"
       "\tThis probably means the server terminated abnormally\n",
       "", ErrorClass::reconnect},
      {"connection to server at \"h\", port 1 failed: server does not support SSL, but SSL was "
       "required\n",
       "", ErrorClass::fatal},
      {"something nobody has seen before", "", ErrorClass::fatal},
  };
  for (const Case& one : cases) {
    const Error error = connect_error(one.text, "h:1", Scrubber{});
    INFO(one.text);
    CHECK(error.sqlstate == one.sqlstate);
    CHECK(error.kind == one.kind);
    CHECK_THAT(error.message, Catch::StartsWith("cannot connect to h:1: "));
    CHECK(error.message.find("LOCATION") == std::string::npos);
    CHECK(error.message.find('\n') == std::string::npos);
    CHECK(error.message.find("connection to server") == std::string::npos);
  }
}

TEST_CASE("secrets_are_masked_wherever_they_stand_longest_first") {
  const Scrubber scrub({"secret", "", "secretive1"});
  CHECK(scrub("a secretive1 and secret, insecret") == "a *** and ***, in***");
  CHECK(Scrubber{}("nothing to hide") == "nothing to hide");
}

TEST_CASE("a_short_secret_is_masked_only_where_a_connection_string_has_its_password") {
  const Scrubber scrub({"e"});
  CHECK(scrub("the server refused the role") == "the server refused the role");
  CHECK(scrub("password=e host=example") == "password=*** host=example");
  CHECK(scrub("host=a password='e'") == "host=a password='***'");
  CHECK(scrub("postgresql://me:e@there/e?password=e&a=b") ==
        "postgresql://me:***@there/e?password=***&a=b");
  CHECK(scrub("passwords: e@home") == "passwords: e@home");
}

TEST_CASE("quotations_of_an_unreadable_url_are_taken_out") {
  CHECK(without_quotations("missing \"=\" after \"s3cr3t\" in string") ==
        "missing \"…\" in string");
  CHECK(without_quotations("unterminated \"s3cr3t") == "unterminated \"…\"");
  CHECK(without_quotations("plain") == "plain");
}

TEST_CASE("an_excerpt_is_one_line_of_eighty_characters_cut_between_them") {
  CHECK(excerpt("  SELECT\n\t 1  ") == "SELECT 1");
  CHECK(excerpt(std::string(80, 'x')) == std::string(80, 'x'));
  CHECK(excerpt(std::string(81, 'x')) == std::string(80, 'x') + "…");
  CHECK(excerpt(std::string(79, 'x') + "éé") == std::string(79, 'x') + "é…");
}

}  // namespace backfill::pg
