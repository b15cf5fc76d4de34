"""Every pair of types that people change, there and back and there again, as columns of one job.
What they should hold afterwards is what ALTER TABLE … TYPE … USING makes of a copy of the table."""

# column: (the new type, using, back)
PAIRS = {
    "int_bigint": ("bigint", None, None),
    "int_numeric": ("numeric(12,2)", None, None),
    "varchar_text": ("text", None, None),
    "text_varchar": ("varchar(20)", None, None),
    "numeric_double": ("double precision", None, None),
    "double_numeric": ("numeric", None, None),
    "timestamp_timestamptz": ("timestamptz", "timestamp_timestamptz AT TIME ZONE 'Europe/Berlin'",
                              "timestamp_timestamptz AT TIME ZONE 'Europe/Berlin'"),
    "text_uuid": ("uuid", None, None),
    "text_jsonb": ("jsonb", None, None),
    "json_jsonb": ("jsonb", None, None),
    "char_text": ("text", None, None),
    "text_enum": ("mood", None, None),
    "enum_text": ("text", None, None),
    "money_numeric": ("numeric(20,2)", None, None),
    "text_inet": ("inet", None, None),
    "text_bytea": ("bytea", "convert_to(text_bytea, 'UTF8')", "convert_from(text_bytea, 'UTF8')"),
    "text_bigintarray": ("bigint[]", None, None),
    "bigint_domain": ("positive", None, None),
    "text_pair": ("pair", None, None),
    "real_double": ("double precision", None, None),
    "date_timestamptz": ("timestamptz", None, None),
    "bool_int": ("integer", None, None),
    "interval_text": ("text", None, None),
    "text_citext": ("citext", None, None),
    "citext_text": ("text", None, None),
    "bytea_text": ("text", "encode(bytea_text, 'hex')", "decode(bytea_text, 'hex')"),
    "intarray_bigintarray": ("bigint[]", None, None),
    "domain_bigint": ("bigint", None, None),
    "pair_text": ("text", None, None),
    "pair_json": ("jsonb", "to_jsonb(pair_json)", "jsonb_populate_record(NULL::pair, pair_json)"),
    "timestamptz_timestamp": ("timestamp", "timestamptz_timestamp AT TIME ZONE 'UTC'",
                              "timestamptz_timestamp AT TIME ZONE 'UTC'"),
    "bigint_numeric": ("numeric(20,0)", None, None),
    "smallint_text": ("text", None, None),
    "text_numeric": ("numeric", None, None),
    "varbit_text": ("text", None, None),
}


def job_file(s):
    lines = ["version: 1", "kind: type-copy", "name: matrix", "table: public.pairs", "columns:"]
    for name, (new_type, using, back) in PAIRS.items():
        lines += [f"  {name}:", f"    type: '{new_type}'"]
        if using:
            lines.append(f"    using: \"{using}\"")
        if back:
            lines.append(f"    back: \"{back}\"")
    path = s.work / "matrix.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def same_rows(s, other):
    """As text, column by column, so that a failure names the pair; json has no equality anyway."""
    for name in PAIRS:
        s.expect(f"SELECT count(*) = 0 FROM pairs FULL JOIN {other} AS o USING (id) "
                 f"WHERE pairs.{name}::text IS DISTINCT FROM o.{name}::text")
    s.expect("SELECT count(*) = 0 FROM pg_attribute AS t FULL JOIN "
             f"(SELECT * FROM pg_attribute WHERE attrelid = '{other}'::regclass) AS o "
             "ON t.attname = o.attname WHERE t.attrelid = 'pairs'::regclass AND t.attnum > 0 "
             "AND t.attname !~ '__backfill_old' AND NOT t.attisdropped AND "
             "format_type(t.atttypid, t.atttypmod) IS DISTINCT FROM "
             "format_type(o.atttypid, o.atttypmod)")


def play(s):
    changes = ", ".join(f"ALTER {name} TYPE {new_type} USING {using or f'{name}::{new_type}'}"
                        for name, (new_type, using, _) in PAIRS.items())
    s.sql("CREATE TABLE original AS TABLE pairs; CREATE TABLE altered AS TABLE pairs; "
          f"ALTER TABLE altered {changes}")
    path = job_file(s)
    s.backfill("run", path).says("has switched")
    same_rows(s, "altered")
    s.backfill("rollback", path, "--yes").says("is rolled back")
    same_rows(s, "original")
    s.backfill("run", path).says("has switched")
    s.backfill("drop", path).says("is done")
    same_rows(s, "altered")
