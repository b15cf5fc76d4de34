SELECT attnotnull AS not_null FROM pg_attribute
  WHERE attrelid = 'accounts'::regclass AND attname = 'code';
SELECT string_agg(conname, ' ' ORDER BY conname) =
  'accounts_code_check accounts_code_key accounts_pkey accounts_plan_id_fkey'
  AND bool_and(convalidated) AS the_constraints_are_those_and_valid
  FROM pg_constraint WHERE conrelid = 'accounts'::regclass AND contype <> 'n';
SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text) =
  'accounts_code_key accounts_pkey by_plan'
  AND bool_and(indisvalid AND indisready AND indislive) AS the_indexes_are_those_and_valid
  FROM pg_index WHERE indrelid = 'accounts'::regclass;
SELECT count(*) = 54000 AS only_orphans_are_gone FROM accounts;
SELECT count(*) = 1 AS the_default_is_set FROM pg_attrdef WHERE adrelid = 'accounts'::regclass;
