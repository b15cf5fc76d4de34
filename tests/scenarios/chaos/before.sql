-- The tables are made anew for each job: harness/chaos.py.
SELECT 1;
