#include "jobs/preserve.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/object_name.hpp"
#include "core/sql_text.hpp"
#include "jobs/type_copy_names.hpp"

namespace backfill {

namespace {

QualifiedName function_name(const Job& job) {
  return {std::string{"backfill"}, keep_trigger(job.name).substr(1)};
}

OnlineDdl instant(std::string sql, std::string lock) {
  OnlineDdl ddl;
  ddl.sql = std::move(sql);
  ddl.lock = std::move(lock);
  return ddl;
}

OnlineDdl drop_trigger(const Job& job, const Target& target) {
  return instant(fmt::format("DROP TRIGGER IF EXISTS {} ON {}",
                             quote_identifier(keep_trigger(job.name)), quote_name(target.table)),
                 "ACCESS EXCLUSIVE, for an instant");
}

}  // namespace

std::vector<OnlineDdl> keep_columns_ddl(const Job& job, const Target& target) {
  std::string body = "\nBEGIN\n";
  for (const std::string& column : job.preserve) {
    body += fmt::format("  NEW.{0} := OLD.{0};\n", quote_identifier(column));
  }
  body += "  RETURN NEW;\nEND\n";
  const std::string function = quote_name(function_name(job));
  const std::string table = quote_name(target.table);
  const std::string trigger = quote_identifier(keep_trigger(job.name));
  std::vector<OnlineDdl> ddl;
  ddl.push_back(instant(fmt::format("CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE "
                                    "plpgsql SET search_path = pg_catalog, pg_temp AS {}",
                                    function, quote_literal(body)),
                        "none on the table"));
  ddl.push_back(drop_trigger(job, target));
  ddl.push_back(
      instant(fmt::format("CREATE TRIGGER {} BEFORE UPDATE ON {} FOR EACH ROW WHEN "
                          "(pg_catalog.current_setting('{}', true) = {}) EXECUTE FUNCTION {}()",
                          trigger, table, batch_setting, quote_literal(job.name), function),
              "SHARE ROW EXCLUSIVE, for an instant"));
  ddl.push_back(instant(fmt::format("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}", table, trigger),
                        "SHARE ROW EXCLUSIVE, for an instant"));
  return ddl;
}

std::vector<OnlineDdl> let_columns_go_ddl(const Job& job, const Target& target) {
  std::vector<OnlineDdl> ddl;
  ddl.push_back(drop_trigger(job, target));
  ddl.push_back(
      instant(fmt::format("DROP FUNCTION IF EXISTS {}()", quote_name(function_name(job))), ""));
  return ddl;
}

}  // namespace backfill
