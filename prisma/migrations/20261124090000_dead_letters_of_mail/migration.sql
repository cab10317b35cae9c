-- Mails that were given up keep their content until it expires. Those alone: few, and none before this version.
CREATE INDEX "mails_retryable" ON "mails" ("expires_at") WHERE "state" = 'failed' AND "sealed_data" <> '';
