SELECT count(*) = 2000000 AS no_account_is_lost FROM pgbench_accounts;
SELECT count(*) = 0 AS every_account_has_its_label FROM pgbench_accounts
  WHERE label IS DISTINCT FROM 'branch ' || bid || ' account ' || lpad(aid::text, 10, '0');
SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)
  AS accounts_agree_with_the_history;
SELECT (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT sum(delta) FROM pgbench_history)
  AS tellers_agree_with_the_history;
SELECT (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(delta) FROM pgbench_history)
  AS branches_agree_with_the_history;
SELECT count(*) > 100 AS pgbench_was_at_work FROM pgbench_history;
