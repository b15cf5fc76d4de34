#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/sql_name.hpp"
#include "core/sql_scan.hpp"
#include "core/sql_text.hpp"
#include "jobs/type_copy_carry/carry.hpp"
#include "jobs/type_copy_carry/using_expression.hpp"

/// What belongs to the column itself: settings, grants, NOT NULL, default, sequences, comment.
namespace backfill {

namespace {

std::int64_t largest(const std::string& integer) {
  if (integer == "smallint") return 32767;
  return integer == "integer" ? 2147483647 : INT64_MAX;
}

/// `(START WITH 1 …)` as ALTER TABLE … ADD GENERATED takes it. Limits that are the type's own are
/// left to the new type.
std::string sequence_options(const OwnedSequence& sequence) {
  std::string options = fmt::format("SEQUENCE NAME {} START WITH {} INCREMENT BY {}", sequence.name,
                                    sequence.start, sequence.increment);
  if (!sequence.minimum_of_type) options += fmt::format(" MINVALUE {}", sequence.minimum);
  if (!sequence.maximum_of_type) options += fmt::format(" MAXVALUE {}", sequence.maximum);
  return options + fmt::format(" CACHE {}{}", sequence.cache, sequence.cycle ? " CYCLE" : "");
}

}  // namespace

void Carry::refuse_columns() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const ColumnFacts& facts = found_.columns[i];
    const std::string object =
        fmt::format("column {}.{}", said(facts.table), name_text(facts.name));
    const auto refuse = [&](std::string reason, std::string hint) {
      plan_.refused.push_back({object, std::move(reason), std::move(hint)});
    };
    if (facts.type_problem) refuse(*facts.type_problem, "correct `type:` in the job file");
    if (facts.cuts && forward() && plain_cast(columns_[i].with, facts.name)) {
      refuse(fmt::format("a cast to {} cuts what is too long for it", columns_[i].type),
             fmt::format("write `using: {}`, which refuses such values, or an expression that says "
                         "what becomes of them",
                         name_text(facts.name)));
    }
    if (facts.generated) {
      refuse("it is generated", "its type is that of its expression: change what it reads");
    }
    if (facts.default_sql && !plain_cast(columns_[i].with, facts.name) && forward() &&
        mentions_others(columns_[i].with, facts)) {
      refuse("its default cannot be carried, since `using` reads other columns",
             "drop the default before the job and set one after the switch");
    }
    for (const OwnedSequence& sequence : facts.sequences) {
      const auto type = integer_type(columns_[i].type);
      if (sequence.identity && !type) {
        refuse(fmt::format("it is an identity column, and {} is no integer type", columns_[i].type),
               "ALTER TABLE … ALTER COLUMN … DROP IDENTITY before the job");
      } else if (type && sequence.last_value.value_or(0) > largest(*type)) {
        refuse(fmt::format("its sequence {} has passed the largest {}", sequence.name, *type),
               "choose a wider type");
      }
    }
  }
}

/// Storage and compression come before the first row is written; RENAME keeps all of this.
void Carry::prepare_columns() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const CarriedColumn& column = columns_[i];
    const ColumnFacts& facts = found_.columns[i];
    const bool collated = facts.collation && facts.collatable;
    plan_.add_clauses.push_back(collated ? " COLLATE " + *facts.collation : "");
    if (!forward()) continue;
    const auto alter = [&](std::string_view action) {
      plan_.with_column.push_back(alter_column(column.table, column.incoming, action));
    };
    if (facts.storage && facts.storable) alter("SET STORAGE " + *facts.storage);
    if (facts.compression && facts.storable) alter("SET COMPRESSION " + *facts.compression);
    if (facts.statistics_target) {
      alter(fmt::format("SET STATISTICS {}", *facts.statistics_target));
    }
    if (!facts.options.empty()) alter(fmt::format("SET ({})", list_of(facts.options)));
    for (std::string& grant : grants_on(quote_name(column.table), column.incoming, facts.grants)) {
      plan_.with_column.push_back(std::move(grant));
    }
  }
}

/// What was granted or set since the incoming column was made, or, on the way back, since the
/// switch.
void Carry::follow_settings() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const ColumnFacts& facts = found_.columns[i];
    if (!facts.incoming_exists) continue;
    const CarriedColumn& column = columns_[i];
    const auto alter = [&](std::string_view action) {
      before(alter_column(column.table, column.incoming, action));
    };
    const auto missing_in = [](const std::vector<Grant>& grants, const std::vector<Grant>& from) {
      std::vector<Grant> missing;
      std::ranges::copy_if(from, std::back_inserter(missing), [&](const Grant& grant) {
        return std::ranges::find(grants, grant) == grants.end();
      });
      return missing;
    };
    for (const Grant& grant : missing_in(facts.grants, facts.incoming_grants)) {
      before(fmt::format("REVOKE {} ({}) ON {} FROM {}", grant.privilege,
                         quote_identifier(column.incoming), quote_name(column.table),
                         grant.grantee));
    }
    for (std::string& grant : grants_on(quote_name(column.table), column.incoming,
                                        missing_in(facts.incoming_grants, facts.grants))) {
      before(std::move(grant));
    }
    if (facts.statistics_target != facts.incoming_statistics_target) {
      alter(fmt::format("SET STATISTICS {}", facts.statistics_target.value_or(-1)));
    }
    if (facts.options != facts.incoming_options && !facts.options.empty()) {
      alter(fmt::format("SET ({})", list_of(facts.options)));
    }
  }
}

void Carry::build_not_null() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!found_.columns[i].not_null) continue;
    const CarriedColumn& column = columns_[i];
    const std::string name = not_null_name(column);
    planned_.push_back({BuiltFacts::Kind::constraint, column.table, beside(column.table, name)});
    const std::string present = fmt::format(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = "
        "{}::pg_catalog.regclass AND conname = {}",
        quote_literal(quote_name(column.table)), quote_literal(name));
    const std::string undo = alter_table(
        column.table, fmt::format("DROP CONSTRAINT IF EXISTS {}", quote_identifier(name)));
    const std::string object = fmt::format("{}.{}", said(column.table), name_text(column.name));
    step(fmt::format("NOT NULL of {}: a check for new rows", object),
         add_constraint_not_valid(column.table, name, ConstraintType::check,
                                  not_null_definition(column.incoming)),
         present + ")", undo);
    step(fmt::format("NOT NULL of {}: the check holds for all rows", object),
         validate_constraint(column.table, name, ConstraintType::check),
         present + " AND convalidated)", "");
    carried(fmt::format("NOT NULL of {}: by a validated check, set in the switch", object));
  }
}

/// The parked column is relaxed: a value that has no counterpart there must not fail a write.
void Carry::take_not_null() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!found_.columns[i].not_null) continue;
    const CarriedColumn& column = columns_[i];
    after(set_not_null(column.table, column.name).sql);
    after(drop_constraint(column.table, not_null_name(column), ConstraintType::check).sql);
    // An identity column must be NOT NULL; its identity goes first, with the sequences.
    bool identity = false;
    for (const OwnedSequence& sequence : found_.columns[i].sequences) {
      identity = identity || sequence.identity;
    }
    if (!identity) after(drop_not_null(column.table, column.parked).sql);
  }
}

std::string Carry::new_default(const CarriedColumn& column, const ColumnFacts& facts) {
  const std::string& now = *facts.default_sql;
  const std::string text_now = text("default", said_part(column.table, column.name), now);
  if (!forward() && text_now != now) return text_now;
  if (!plain_cast(column.with, column.name)) {
    return apply_using(column.with, column.name, fmt::format("({})::{}", now, facts.present_type));
  }
  if (const auto constant = string_constant(now)) return *constant;
  return facts.assignable ? now : fmt::format("({})::{}", now, column.type);
}

/// A constant stays with the parked column, where it does no harm and needs no way back; a default
/// that calls functions is taken from it, since a sequence must not be read twice for a row.
void Carry::take_defaults() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const ColumnFacts& facts = found_.columns[i];
    if (!facts.default_sql) continue;
    const CarriedColumn& column = columns_[i];
    const bool calls = calls_function(*facts.default_sql);
    if (calls) after(drop_default(column.table, column.parked).sql);
    if (!facts.incoming_has_default) {
      after(set_default(column.table, column.name, new_default(column, facts)).sql);
    }
    carried(fmt::format("default of {}.{}: set in the switch", said(column.table),
                        name_text(column.name)));
  }
}

/// The sequence of an identity column cannot change its owner. It is made again under its name, and
/// goes on where it was: all within the switch, whose locks keep everybody from drawing from it.
void Carry::carry_identity(const CarriedColumn& column, const ColumnFacts& facts,
                           const OwnedSequence& sequence) {
  after(fmt::format(
      "DO $carry$ DECLARE last bigint; called boolean; BEGIN SELECT s.last_value, s.is_called INTO "
      "last, called FROM {0} AS s; {1}; {2}; PERFORM pg_catalog.setval({3}::pg_catalog.regclass, "
      "last, called); END $carry$",
      sequence.name, alter_column(column.table, column.parked, "DROP IDENTITY"),
      alter_column(
          column.table, column.name,
          fmt::format("ADD GENERATED {} AS IDENTITY ({})",
                      sequence.always ? "ALWAYS" : "BY DEFAULT", sequence_options(sequence))),
      quote_literal(sequence.name)));
  if (facts.not_null) after(drop_not_null(column.table, column.parked).sql);
  after(revoke_defaults("SEQUENCE", sequence.name));
  for (std::string& grant : grants_on("SEQUENCE " + sequence.name, "", sequence.grants)) {
    after(std::move(grant));
  }
  if (sequence.comment) after(comment_on("SEQUENCE " + sequence.name, sequence.comment));
  carried(fmt::format("identity of {}.{}: made again in the switch, going on where {} stands",
                      said(column.table), name_text(column.name), sequence.name));
}

/// A sequence whose type is the column's follows it; one of another type was made so on purpose.
void Carry::carry_owned(const CarriedColumn& column, const ColumnFacts& facts,
                        const OwnedSequence& sequence) {
  after(fmt::format("ALTER SEQUENCE {} OWNED BY {}.{}", sequence.name, quote_name(column.table),
                    quote_identifier(column.name)));
  const std::string key = "sequence " + sequence.name;
  const auto type = integer_type(column.type);
  const auto remembered = found_.memory.find(key);
  if (forward() && type && sequence.type == facts.present_type && *type != sequence.type) {
    memory_[key] = sequence.type;
    after(fmt::format("ALTER SEQUENCE {} AS {}", sequence.name, *type));
  } else if (!forward() && remembered != found_.memory.end()) {
    after(fmt::format("ALTER SEQUENCE {} AS {}", sequence.name, remembered->second));
  }
  carried(fmt::format("sequence {}: owned by the new column from the switch on", sequence.name));
}

void Carry::take_sequences() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    for (const OwnedSequence& sequence : found_.columns[i].sequences) {
      if (sequence.identity) {
        carry_identity(columns_[i], found_.columns[i], sequence);
      } else {
        carry_owned(columns_[i], found_.columns[i], sequence);
      }
    }
  }
}

void Carry::take_comments() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const ColumnFacts& facts = found_.columns[i];
    // On the way back the column bears our memory, which must go in any case.
    if (forward() && !facts.comment) continue;
    after(comment_on(
        fmt::format("COLUMN {}.{}", quote_name(facts.table), quote_identifier(facts.name)),
        facts.comment));
  }
}

void Carry::try_columns() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const ColumnFacts& facts = found_.columns[i];
    if (!facts.default_sql || !forward()) continue;
    plan_.trials.push_back(
        {fmt::format("default of {}.{}", said(facts.table), name_text(facts.name)),
         fmt::format("SELECT ({})::{} WHERE false", new_default(columns_[i], facts),
                     columns_[i].type),
         "drop the default before the job and set one after the switch"});
  }
}

}  // namespace backfill
