"""In a database of encoding SQL_ASCII a text key is refused before anything is touched; with a number
as its key a table may hold whatever bytes it likes."""


def play(s):
    s.sql(f'DROP DATABASE "{s.database}"', s.server.url("postgres"))
    s.sql(f'CREATE DATABASE "{s.database}" TEMPLATE template0 ENCODING SQL_ASCII '
          "LC_COLLATE 'C' LC_CTYPE 'C'", s.server.url("postgres"))
    s.sql(r"CREATE TABLE by_text (name text PRIMARY KEY, up text);"
          r"CREATE TABLE by_number (id int PRIMARY KEY, name text, up text);"
          r"INSERT INTO by_text VALUES ('a');"
          r"INSERT INTO by_number SELECT i, E'caf\xe9' FROM generate_series(1, 500) AS i")
    s.backfill("run", "job.yaml", expect=3).says("SQL_ASCII", "name of the key", "next: ")
    s.expect("SELECT to_regnamespace('backfill') IS NULL")
    s.backfill("run", "by_number.yaml")
    s.expect("SELECT count(*) = 500 FROM by_number WHERE up IS NOT NULL")
