"""Every pair of types that people change, there and back and there again. What the columns should
hold afterwards is what ALTER TABLE … TYPE … USING makes of a copy of the table."""

from concurrent.futures import ThreadPoolExecutor

# table: (the new type, using, back)
PAIRS = {
    "int_bigint": ("bigint", None, None),
    "int_numeric": ("numeric(12,2)", None, None),
    "varchar_text": ("text", None, None),
    "text_varchar": ("varchar(20)", None, None),
    "numeric_double": ("double precision", None, None),
    "double_numeric": ("numeric", None, None),
    "timestamp_timestamptz": ("timestamptz", "v AT TIME ZONE 'Europe/Berlin'",
                              "v AT TIME ZONE 'Europe/Berlin'"),
    "text_uuid": ("uuid", None, None),
    "text_jsonb": ("jsonb", None, None),
    "json_jsonb": ("jsonb", None, None),
    "char_text": ("text", None, None),
    "text_enum": ("mood", None, None),
    "enum_text": ("text", None, None),
    "money_numeric": ("numeric(20,2)", None, None),
    "text_inet": ("inet", None, None),
    "text_bytea": ("bytea", "convert_to(v, 'UTF8')", "convert_from(v, 'UTF8')"),
    "intarray_bigintarray": ("bigint[]", None, None),
    "bigint_domain": ("positive", None, None),
    "text_pair": ("pair", None, None),
    "real_double": ("double precision", None, None),
    "date_timestamptz": ("timestamptz", None, None),
    "bool_int": ("integer", None, None),
    "interval_text": ("text", None, None),
}


def job_file(s, name):
    new_type, using, back = PAIRS[name]
    lines = ["version: 1", "kind: type-copy", f"name: {name}", f"table: public.{name}", "columns:",
             "  v:", f"    type: '{new_type}'"]
    if using:
        lines.append(f"    using: \"{using}\"")
    if back:
        lines.append(f"    back: \"{back}\"")
    path = s.work / f"{name}.yaml"
    path.write_text("\n".join(lines) + "\npace: {connections: 1}\n", encoding="utf-8")
    return path


def remember(s, name):
    """What the server itself makes of the values: in a copy, under a lock nobody minds."""
    new_type, using, _ = PAIRS[name]
    s.sql(f"CREATE TABLE altered_{name} AS TABLE {name};"
          f"ALTER TABLE altered_{name} ADD old_text text;"
          f"UPDATE altered_{name} SET old_text = v::text;"
          f"ALTER TABLE altered_{name} ALTER v TYPE {new_type} USING {using or 'v::' + new_type}")


def holds_new(s, name):
    s.expect(f"SELECT count(*) = 0 FROM {name} FULL JOIN altered_{name} AS a USING (id) "
             f"WHERE {name}.v::text IS DISTINCT FROM a.v::text")
    s.expect(f"SELECT format_type(t.atttypid, t.atttypmod) = format_type(a.atttypid, a.atttypmod) "
             f"FROM pg_attribute AS t, pg_attribute AS a WHERE t.attrelid = '{name}'::regclass AND "
             f"a.attrelid = 'altered_{name}'::regclass AND t.attname = 'v' AND a.attname = 'v'")


def holds_old(s, name):
    s.expect(f"SELECT count(*) = 0 FROM {name} FULL JOIN altered_{name} AS a USING (id) "
             f"WHERE {name}.v::text IS DISTINCT FROM a.old_text")


def there_and_back(s, name):
    remember(s, name)
    path = job_file(s, name)
    s.backfill("run", path).says("has switched")
    holds_new(s, name)
    s.backfill("rollback", path, "--yes").says("is rolled back")
    holds_old(s, name)
    s.backfill("run", path).says("has switched")
    s.backfill("drop", path).says("is done")
    holds_new(s, name)


def play(s):
    names = sorted(PAIRS)
    there_and_back(s, names[0])  # The first one makes the control schema.
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda name: there_and_back(s, name), names[1:]):
            pass
