SET LOCAL lock_timeout = '2s';
ALTER TABLE users ADD COLUMN email_normalized text;
-- What the application writes from now on carries the new value already.
CREATE FUNCTION normalize_email() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.email_normalized := lower(trim(NEW.email)); RETURN NEW; END';
CREATE TRIGGER normalize_email BEFORE INSERT OR UPDATE OF email ON users
  FOR EACH ROW EXECUTE FUNCTION normalize_email();
