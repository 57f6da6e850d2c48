-- The answer that a code was used up for: whoever lost it may ask the same once more while the code's
-- time runs. `admitted` is the SHA-256 of the request that proved the code; empty while it is open.
ALTER TABLE enrolment ADD COLUMN admitted BLOB NOT NULL DEFAULT x'';
ALTER TABLE enrolment ADD COLUMN answer BLOB NOT NULL DEFAULT x'';
