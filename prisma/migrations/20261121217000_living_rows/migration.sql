-- A large revocation goes through the rows that still count, a batch at a time; without these each batch would first pass over all
-- that the ones before it have ended.
CREATE INDEX "grants_living" ON "grants" ("client_id", "user_id") WHERE "revoked_at" IS NULL;
CREATE INDEX "sessions_living" ON "sessions" ("user_id") WHERE "revoked_at" IS NULL;
