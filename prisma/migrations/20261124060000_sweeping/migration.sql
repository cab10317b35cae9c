-- Rows come and go here all day: their space is to be used again long before a fifth of a large table is dead, which is when a vacuum
-- would come by itself.
ALTER TABLE "tokens" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE "interactions" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE "sessions" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE "grants" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE "replay_guards" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
ALTER TABLE "attempt_counters" SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);

-- Sweeping takes the oldest rows of each kind, batch by batch; without these it would look through whole tables for them.
CREATE INDEX "totp_credentials_unconfirmed" ON "totp_credentials" ("created_at") WHERE "confirmed_at" IS NULL;
CREATE INDEX "mails_settled" ON "mails" ("created_at") WHERE "state" <> 'queued';
CREATE INDEX "logout_notices_settled" ON "logout_notices" ("next_attempt_at") WHERE "state" <> 'queued';
-- CreateIndex
CREATE INDEX "mailbox_sent_at_idx" ON "mailbox"("sent_at");
