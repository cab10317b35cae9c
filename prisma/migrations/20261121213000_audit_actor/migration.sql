-- AlterTable
ALTER TABLE "audit_events" ADD COLUMN     "actor_client_id" TEXT,
ADD COLUMN     "actor_token" TEXT,
ADD COLUMN     "actor_user_id" TEXT,
ADD COLUMN     "actor_via" TEXT,
ADD COLUMN     "request_id" TEXT;

-- Only for the events that have one, so that the others do not pay for an index they are not found by.
CREATE INDEX "audit_events_of_actor_client" ON "audit_events" ("actor_client_id", "id") WHERE "actor_client_id" IS NOT NULL;
CREATE INDEX "audit_events_of_actor_user" ON "audit_events" ("actor_user_id", "id") WHERE "actor_user_id" IS NOT NULL;
CREATE INDEX "audit_events_of_grant" ON "audit_events" ("grant_id", "id") WHERE "grant_id" IS NOT NULL;
CREATE INDEX "audit_events_of_session" ON "audit_events" ("session_uid", "id") WHERE "session_uid" IS NOT NULL;
