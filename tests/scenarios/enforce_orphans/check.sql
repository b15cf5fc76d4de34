SELECT count(*) = 0 AS no_row_refers_to_nothing FROM accounts AS a
  WHERE plan_id IS NOT NULL AND NOT EXISTS (SELECT FROM plans AS p WHERE p.id = a.plan_id);
SELECT count(*) = 18000 AS only_orphans_are_gone FROM accounts;
SELECT count(*) = 2000 AS the_others_are_unlinked FROM accounts WHERE owner_id IS NULL;
SELECT count(*) = 2 AND bool_and(convalidated) AS both_keys_are_valid FROM pg_constraint
  WHERE conrelid = 'accounts'::regclass AND contype = 'f';
SELECT confdeltype = 'c' AS one_cascades FROM pg_constraint
  WHERE conrelid = 'accounts'::regclass AND conname = 'accounts_plan_id_fkey';
