-- CreateEnum
CREATE TYPE "RevocationState" AS ENUM ('running', 'completed');

-- CreateEnum
CREATE TYPE "LogoutNoticeState" AS ENUM ('queued', 'delivered', 'failed');

-- AlterTable
ALTER TABLE "users" ADD COLUMN     "tokens_not_before" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "built_in" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "previous_secret_digest" TEXT,
ADD COLUMN     "previous_secret_expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "tokens_not_before" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "resource_servers" ADD COLUMN     "built_in" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "grants" ADD COLUMN     "issued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "issued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "tokens" ADD COLUMN     "issued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "revoked_at" TIMESTAMPTZ(3),
ADD COLUMN     "status_idx" INTEGER,
ADD COLUMN     "status_list" INTEGER;

-- AlterTable
ALTER TABLE "interactions" ADD COLUMN     "issued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- CreateTable
CREATE TABLE "server_state" (
    "id" INTEGER NOT NULL,
    "tokens_not_before" TIMESTAMPTZ(3),

    CONSTRAINT "server_state_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "cutoffs" (
    "user_id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "tokens_not_before" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "cutoffs_pkey" PRIMARY KEY ("user_id","client_id")
);

-- CreateTable
CREATE TABLE "status_lists" (
    "bucket" INTEGER NOT NULL,
    "next_index" INTEGER NOT NULL,

    CONSTRAINT "status_lists_pkey" PRIMARY KEY ("bucket")
);

-- CreateTable
CREATE TABLE "revocations" (
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "effective_at" TIMESTAMPTZ(3) NOT NULL,
    "completed_at" TIMESTAMPTZ(3),
    "settled_at" TIMESTAMPTZ(3),
    "state" "RevocationState" NOT NULL,
    "selector" JSONB NOT NULL,
    "reason" TEXT NOT NULL,
    "actor" JSONB NOT NULL,
    "notify" BOOLEAN NOT NULL DEFAULT true,
    "keep" JSONB,
    "counts" JSONB NOT NULL,
    "jwt_until" TIMESTAMPTZ(3),

    CONSTRAINT "revocations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "logout_notices" (
    "id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revocation_id" UUID,
    "client_id" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "sid" TEXT,
    "state" "LogoutNoticeState" NOT NULL DEFAULT 'queued',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_attempt_at" TIMESTAMPTZ(3),
    "delivered_at" TIMESTAMPTZ(3),
    "last_error" TEXT,

    CONSTRAINT "logout_notices_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "revocations_state_created_at_idx" ON "revocations"("state", "created_at");

-- CreateIndex
CREATE INDEX "logout_notices_state_next_attempt_at_idx" ON "logout_notices"("state", "next_attempt_at");

-- CreateIndex
CREATE INDEX "logout_notices_revocation_id_idx" ON "logout_notices"("revocation_id");

-- CreateIndex
CREATE INDEX "logout_notices_client_id_created_at_idx" ON "logout_notices"("client_id", "created_at");



-- The one row that every check reads.
INSERT INTO "server_state" ("id") VALUES (1);

-- What is there already goes back to when it was made.
UPDATE "grants" SET "issued_at" = "created_at";
UPDATE "sessions" SET "issued_at" = "created_at";
UPDATE "interactions" SET "issued_at" = "created_at";
UPDATE "tokens" SET "issued_at" = to_timestamp(("payload" ->> 'iat')::bigint) WHERE "payload" ? 'iat';

-- What another client of the same id once had is not the new one's.
ALTER TABLE "clients" ALTER COLUMN "tokens_not_before" SET DEFAULT CURRENT_TIMESTAMP;

-- Only for the rows that need them, so that no other token pays for an index it is not found by:
-- a client's own tokens, which hang from no grant, and the JWT access tokens that a status list must name.
CREATE INDEX "revocations_unsettled" ON "revocations" ("created_at") WHERE "settled_at" IS NULL;
CREATE INDEX "tokens_of_client" ON "tokens" ("client_id") WHERE "grant_id" IS NULL;
CREATE INDEX "tokens_revoked_in_list" ON "tokens" ("status_list", "status_idx") WHERE "revoked_at" IS NOT NULL;
