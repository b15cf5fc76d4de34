-- The tables are made by pgbench -i; see scenario.py.
SELECT 1;
