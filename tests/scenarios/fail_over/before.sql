-- The servers that fail over are the scenario's own: see scenario.py.
SELECT 1;
