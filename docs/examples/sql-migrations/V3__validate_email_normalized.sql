-- Reads the whole table beside its writers. In a migration of its own, since the lock of the one
-- before would last as long as this.
ALTER TABLE users VALIDATE CONSTRAINT email_normalized_present;
