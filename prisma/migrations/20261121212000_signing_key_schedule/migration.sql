-- A key is published first, signs from activate_at, leaves the published keys at retire_at.
ALTER TABLE "signing_keys" ADD COLUMN     "activate_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "retire_at" TIMESTAMPTZ(3);

UPDATE "signing_keys" SET "activate_at" = "created_at";

-- In the order in which grants are paged through, one user's or one client's at a time.
DROP INDEX "grants_client_id_idx";
DROP INDEX "grants_user_id_idx";
CREATE INDEX "grants_user_id_id_idx" ON "grants"("user_id", "id");
CREATE INDEX "grants_client_id_id_idx" ON "grants"("client_id", "id");

-- And a client's own tokens, which hang from no grant.
DROP INDEX "tokens_of_client";
CREATE INDEX "tokens_of_client" ON "tokens" ("client_id", "digest") WHERE "grant_id" IS NULL;
