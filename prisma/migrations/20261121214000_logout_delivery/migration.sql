-- Delivery takes the oldest few notices of each relying party, however many one of them leaves waiting.
CREATE INDEX "logout_notices_waiting" ON "logout_notices" ("client_id", "next_attempt_at") WHERE "state" = 'queued';
