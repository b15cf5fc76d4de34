"""Of each pair of types that people change, a value that the new type has no place for: it keeps the
table from its switch, is named by its key and in the server's words, and stays as it is."""

# the old type, the new one, a value without a counterpart, what the server says, and one that has
PAIRS = [
    ("text", "uuid", "x", "invalid input syntax for type uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("text", "jsonb", "{", "invalid input syntax for type json", "[]"),
    ("text", "mood", "angry", "invalid input value for enum mood", "ok"),
    ("text", "inet", "300.0.0.1", "invalid input syntax for type inet", "10.0.0.1"),
    ("text", "varchar(3)", "four", "value too long for type character varying(3)", "six"),
    ("text", "VarChar(3)", "four", "value too long for type character varying(3)", "six"),
    ("text", "char(3)", "four", "value too long for type character(3)", "six"),
    ("text", "bigint[]", "{a}", "invalid input syntax for type bigint", "{1,2}"),
    ("text", "pair", "(x,y)", "invalid input syntax for type integer", "(1,y)"),
    ("text", "bytea", r"\x1", "invalid hexadecimal data", r"\x01"),
    ("text", "numeric", "", "invalid input syntax for type numeric", "1.50"),
    ("text", "timestamptz", "2024-02-30", "date/time field value out of range", "2024-02-29"),
    ("integer", "smallint", "70000", "smallint out of range", "7"),
    ("bigint", "integer", "3000000000", "integer out of range", "3"),
    ("bigint", "positive", "-1", "value for domain positive violates check constraint", "1"),
    ("numeric", "integer", "NaN", "cannot convert nan to integer", "2.5"),
    ("numeric", "numeric(4,2)", "100", "numeric field overflow", "99.99"),
    ("numeric", "double precision", "1e400", "out of range for type double precision", "1e300"),
    ("double precision", "integer", "Infinity", "integer out of range", "2.5"),
    ("double precision", "real", "1e300", "value out of range: overflow", "1e30"),
]


def job_file(s, name, new_type):
    path = s.work / f"{name}.yaml"
    path.write_text("version: 1\nkind: type-copy\n"
                    f"name: {name}\ntable: public.{name}\ncolumns:\n  c: {{type: '{new_type}'}}\n",
                    encoding="utf-8")
    return path


def make_table(s, name, old, without, having):
    s.sql(f"CREATE TABLE {name} (id integer PRIMARY KEY, c {old}); INSERT INTO {name} SELECT n, "
          f"CASE n WHEN 4711 THEN '{without}'::{old} WHEN 4001 THEN NULL ELSE '{having}'::{old} END "
          "FROM generate_series(4000, 5000) AS n")


def try_pairs(s, pairs):
    """Some jobs at once, since each is on a table of its own."""
    jobs = []
    for name, (old, new, without, _, having) in pairs:
        make_table(s, name, old, without, having)
        jobs.append(job_file(s, name, new))
    runs = [s.start("run", job) for job in jobs]
    for run, (name, (old, _, without, said, _)) in zip(runs, pairs, strict=True):
        run.wait(expect=1)
        run.says("4711", said)
        s.expect(f"SELECT c::text = '{without}'::{old}::text FROM {name} WHERE id = 4711")
        s.expect(f"SELECT format_type(atttypid, atttypmod) = '{old}' FROM pg_attribute WHERE "
                 f"attrelid = '{name}'::regclass AND attname = 'c'")
        s.sql(f"UPDATE {name} SET c = NULL WHERE id = 4711")
    runs = [s.start("run", job) for job in jobs]
    for run, (name, (old, new, _, _, having)) in zip(runs, pairs, strict=True):
        run.wait(expect=0)
        s.expect(f"SELECT count(*) = 999 AND bool_and(c::text = '{having}'::{old}::{new}::text) "
                 f"FROM {name} WHERE c IS NOT NULL")


def play(s):
    named = [(f"pair_{number:02d}", pair) for number, pair in enumerate(PAIRS)]
    for first in range(0, len(named), 4):
        try_pairs(s, named[first:first + 4])
