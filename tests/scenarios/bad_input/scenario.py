"""Whatever is wrong with a job, its file, the table or the server: one clear message, the documented
exit code, no password, and nothing touched."""

import dataclasses
import socket

from harness.scenario import Failure

GOOD = {"version": "1", "kind": "backfill", "table": "public.people", "set": "{b: upper(a)}"}


@dataclasses.dataclass
class Case:
    """A job file that differs from GOOD, where it is run, and what must come of it."""
    name: str
    code: int  # 2: the file is wrong; 3: the server was asked and says no; 1: it cannot be asked
    says: tuple
    change: dict = dataclasses.field(default_factory=dict)
    text: str = None
    url: str = None


def job_text(change):
    fields = {**GOOD, **change}
    return "".join(f"{key}: {value}\n" for key, value in fields.items() if value is not None)


JOBS = [
    # The server or its catalog says no: 3.
    Case("wrong_table", 3, ("peple", "people"), {"table": "public.peple"}),
    Case("wrong_schema", 3, ("pubic",), {"table": "pubic.people"}),
    Case("wrong_column", 3, ("nonesuch",), {"set": "{nonesuch: upper(a)}"}),
    Case("generated_column", 3, ("made", "generated"), {"set": "{made: upper(a)}"}),
    Case("wrong_type", 3, ("txet",), {"add": "[{column: c txet}]", "set": "{c: upper(a)}"}),
    Case("other_type", 3, ("b",), {"add": "[{column: b integer}]"}),
    Case("wrong_function", 3, ("uper", "wrong_function.yaml:4:10"), {"set": "{b: uper(a)}"}),
    Case("wrong_column_in_where", 3, ("aa",), {"where": "aa IS NULL"}),
    Case("where_is_no_condition", 3, ("boolean",), {"where": "a"}),
    Case("value_of_another_type", 3, ("b",), {"set": "{id: a}"}),
    Case("view", 3, ("people_view", "view"), {"table": "people_view"}),
    Case("materialized_view", 3, ("people_copy", "view"), {"table": "people_copy"}),
    Case("foreign_table", 3, ("people_abroad", "foreign"), {"table": "people_abroad"}),
    Case("system_table", 3, ("pg_class", "system"),
         {"table": "pg_catalog.pg_class", "set": "{relname: relname}"}),
    Case("index_as_table", 3, ("people_pkey",), {"table": "people_pkey"}),
    Case("no_key", 3, ("without_key", "unique"), {"table": "without_key"}),
    Case("nullable_key", 3, ("nullable_key", "null"), {"table": "nullable_key"}),
    Case("wrong_key", 3, ("nonesuch",), {"key": "[nonesuch]"}),
    Case("key_that_is_not_unique", 3, ("unique",), {"key": "[a]"}),
    # The file says no: 2, with its place.
    Case("unknown_key", 2, ("unknown_key.yaml:5:1", "tabel", "table"), {"tabel": "people"}),
    Case("unknown_nested_key", 2, ("conections", "connections"), {"pace": "{conections: 2}"}),
    Case("unknown_variable", 2, ("NOT_SET_ANYWHERE",), {"where": "a = '${NOT_SET_ANYWHERE}'"}),
    Case("unknown_kind", 2, ("backfil",), {"kind": "backfil"}),
    Case("unknown_version", 2, ("version",), {"version": "99"}),
    Case("no_table", 2, ("table",), {"table": None}),
    Case("nothing_to_set", 2, ("set",), {"set": None}),
    Case("wrong_unit", 2, ("lock_timeout",), {"safety": "{lock_timeout: 5 parsecs}"}),
    Case("no_number", 2, ("connections",), {"pace": "{connections: many}"}),
    Case("zero_connections", 2, ("connections",), {"pace": "{connections: 0}"}),
    Case("duplicate_key", 2, ("duplicate_key.yaml:", "table"),
         text=job_text({}) + "table: public.without_key\n"),
    Case("not_yaml", 2, ("not_yaml.yaml:",), text="version: 1\nset: {b: [}\n"),
    Case("empty_file", 2, ("empty_file.yaml",), text=""),
    Case("two_problems_at_once", 2, ("tabel", "wher"), {"tabel": "x", "wher": "y"}),
]


def servers(s):
    """Wrong places to run a good job at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    database = s.database
    return [
        Case("standby", 3, ("standby",), url=s.server.url(database, role="standby")),
        Case("no_privilege", 3, ("people", "update"),
             url=s.server.url(database, user="backfill_reader", password="reader-secret-5417")),
        Case("unreachable", 1, (str(closed),),
             url=f"postgresql://someone:closed-secret-2718@127.0.0.1:{closed}/{database}"),
        Case("wrong_password", 3, ("password",),
             url=s.server.url(database, password="wrong-secret-3141")),
        Case("unknown_database", 3, ("nonesuch",), url=s.server.url("nonesuch")),
        Case("malformed_url", 2, (), url="postgresql://someone:closed-secret-2718@[/x"),
    ]


SECRETS = ("reader-secret-5417", "closed-secret-2718", "wrong-secret-3141")


def rows(s):
    return s.sql("SELECT md5(string_agg(t::text || xmin::text, ',' ORDER BY id)) FROM people AS t")


def refuse(s, case, before):
    path = s.work / f"{case.name}.yaml"
    path.write_text(case.text if case.text is not None else job_text(case.change),
                    encoding="utf-8")
    for command in ("run", "plan"):
        run = s.start(command, path, url=case.url)
        try:
            run.wait(expect=case.code, timeout=60).says(*case.says).never_says(*SECRETS)
        except Failure as failure:
            raise Failure(f"{case.name}: {failure}") from None
        # A plan's findings are its result; a run's refusal is no result of it.
        if command == "run" and not run.stderr.strip():
            raise Failure(f"{case.name}: {run.name} says nothing on stderr")
        s.expect("SELECT to_regnamespace('backfill') IS NULL")
        if rows(s) != before:
            raise Failure(f"{case.name}: {run.name} touched the table")


def usage(s):
    """Arguments that make no sense: 2, and no server is asked."""
    for words in (["frobnicate"], ["run"], ["run", "nonesuch.yaml"], ["run", "--frobnicate"],
                  ["status", "--jsn"], ["gate"]):
        run = s.start(*words, url="")
        run.wait(expect=2, timeout=30)
        if not run.stderr.strip():
            raise Failure(f"{words}: says nothing on stderr")


def play(s):
    before = rows(s)
    problems = []
    for case in JOBS + servers(s):
        try:
            refuse(s, case, before)
        except Failure as failure:
            problems.append(str(failure))
    usage(s)
    if problems:
        raise Failure("\n".join(problems))
    # And the job that all of these differ from is a good one.
    good = s.work / "good.yaml"
    good.write_text(job_text({}), encoding="utf-8")
    s.backfill("run", good)
    s.expect("SELECT count(*) = 100 FROM people WHERE b = upper(a)")
