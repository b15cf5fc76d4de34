#include "core/deparsed_sql.hpp"

#include <catch2/catch.hpp>

namespace backfill {
namespace {

const ColumnNames names{{"status", "New"}, {"year", "y"}, {"zone", "z"}, {"Mixed", "m"}};

std::string renamed(std::string_view text) {
  return rename_columns(text, names);
}

}  // namespace

TEST_CASE("references_to_columns_are_renamed") {
  CHECK(renamed("(status > 5)") == "(\"New\" > 5)");
  CHECK(renamed("status") == "\"New\"");
  CHECK(renamed("(\"Mixed\" IS NULL)") == "(\"m\" IS NULL)");
  CHECK(renamed("lower((status)::text)") == "lower((\"New\")::text)");
  CHECK(renamed("((status).year = 1)") == "((\"New\").year = 1)");
  CHECK(renamed("mixed") == "mixed");
}

TEST_CASE("what_is_no_column_keeps_its_name") {
  CHECK(renamed("(x = 'status'::status)") == "(x = 'status'::status)");
  CHECK(renamed("(x = 'a'::public.status)") == "(x = 'a'::public.status)");
  CHECK(renamed("status(x)") == "status(x)");
  CHECK(renamed("public.status(x)") == "public.status(x)");
  CHECK(renamed("f(status => 1)") == "f(status => 1)");
  CHECK(renamed("EXTRACT(year FROM x)") == "EXTRACT(year FROM x)");
  CHECK(renamed("(x COLLATE status)") == "(x COLLATE status)");
  CHECK(renamed("(x)::timestamp(3) with time zone") == "(x)::timestamp(3) with time zone");
  CHECK(renamed("(x)::interval year to month") == "(x)::interval year to month");
  CHECK(renamed("ARRAY['a'::status[], 'b'::character varying]") ==
        "ARRAY['a'::status[], 'b'::character varying]");
}

TEST_CASE("behind_a_type_names_are_columns_again") {
  CHECK(renamed("((x)::timestamp with time zone > status)") ==
        "((x)::timestamp with time zone > \"New\")");
  CHECK(renamed("EXTRACT(year FROM status)") == "EXTRACT(year FROM \"New\")");
  CHECK(renamed("COALESCE('a'::status, status)") == "COALESCE('a'::status, \"New\")");
}

TEST_CASE("an_index_definition_comes_apart_and_together") {
  const auto index = read_index_text(
      "CREATE UNIQUE INDEX i ON public.t USING btree (status COLLATE \"C\" text_ops DESC NULLS "
      "LAST, lower((status)::text), ((year + 1))) INCLUDE (zone, other) NULLS NOT DISTINCT WITH "
      "(fillfactor='70') WHERE (status > 5)");
  REQUIRE(index);
  CHECK(index->unique);
  CHECK(index->method == "btree");
  REQUIRE(index->keys.size() == 3);
  CHECK(index->keys[0].expression == "status");
  CHECK(index->keys[0].order == " COLLATE \"C\" text_ops DESC NULLS LAST");
  CHECK(index->keys[0].operator_class == "text_ops");
  CHECK(index->keys[2].expression == "((year + 1))");
  CHECK(index->keys[2].operator_class.empty());
  CHECK(
      index_body(*index, "fast disk", names) ==
      "USING btree (\"New\" COLLATE \"C\" text_ops DESC NULLS LAST, lower((\"New\")::text), "
      "((\"y\" + 1))) INCLUDE (\"z\", other) NULLS NOT DISTINCT WITH (fillfactor='70') TABLESPACE "
      "\"fast disk\" WHERE (\"New\" > 5)");
}

TEST_CASE("an_operator_class_of_the_column_s_name_stays") {
  const auto index =
      read_index_text("CREATE INDEX i ON s.t USING gin (status public.status (x='1'))");
  REQUIRE(index);
  CHECK(index->keys[0].operator_class == "public.status");
  CHECK(index_body(*index, "", names) == "USING gin (\"New\" public.status (x='1'))");
}

TEST_CASE("a_text_that_is_no_index_definition_is_not_read") {
  CHECK(!read_index_text("CREATE TABLE t (a int)"));
  CHECK(!read_index_text(""));
  CHECK(!read_index_text("CREATE INDEX i ON t USING btree (a) SOMETHING NEW"));
}

TEST_CASE("a_statistics_definition_comes_apart") {
  const auto some = read_statistics_text(
      "CREATE STATISTICS public.s (ndistinct, mcv) ON status, b, ((year + 1)) FROM public.t",
      names);
  REQUIRE(some);
  CHECK(some->kinds == "(ndistinct, mcv)");
  CHECK(some->columns == "\"New\", b, ((\"y\" + 1))");
  const auto all = read_statistics_text("CREATE STATISTICS s ON a, b FROM t", names);
  REQUIRE(all);
  CHECK(all->kinds.empty());
}

TEST_CASE("a_relation_gives_way_to_a_source_under_its_alias") {
  const QualifiedName table{"public", "t"};
  CHECK(replace_relation(" SELECT t.a FROM public.t WHERE (t.a > 1)", table, "(q)") ==
        " SELECT t.a FROM (q) \"t\" WHERE (t.a > 1)");
  CHECK(replace_relation("SELECT x.a FROM (public.t x JOIN public.t y ON ((x.a = y.a)))", table,
                         "(q)") == "SELECT x.a FROM ((q) x JOIN (q) y ON ((x.a = y.a)))");
  CHECK(replace_relation("SELECT public.t(a) FROM ONLY public.t", table, "(q)") ==
        "SELECT public.t(a) FROM (q) \"t\"");
  CHECK(replace_relation("SELECT 1 FROM public.tt, other.t", table, "(q)") ==
        "SELECT 1 FROM public.tt, other.t");
}

TEST_CASE("defaults_tell_constants_and_calls_apart") {
  CHECK(string_constant("'x'::character varying") == "'x'");
  CHECK(string_constant("'{}'::public.mood[]") == "'{}'");
  CHECK(!string_constant("'a'::text || 'b'::text"));
  CHECK(!string_constant("5"));
  CHECK(calls_function("nextval('s'::regclass)"));
  CHECK(!calls_function("'x'::character varying(5)"));
  CHECK(!calls_function("(5)::numeric(10,2)"));
  CHECK(!calls_function("CURRENT_TIMESTAMP"));
}

}  // namespace backfill
