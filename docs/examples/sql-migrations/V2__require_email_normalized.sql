-- Fails, and with it the whole migration, unless the job is done and proven.
SELECT backfill.assert_done('normalize_emails');

SET LOCAL lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT email_normalized_present
  CHECK (email_normalized IS NOT NULL) NOT VALID;
