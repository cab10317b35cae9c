-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "verified" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "client_logos" ADD COLUMN     "attempts" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "digest" TEXT,
ADD COLUMN     "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ALTER COLUMN "fetched_at" DROP NOT NULL,
ALTER COLUMN "fetched_at" DROP DEFAULT;

-- AlterTable
ALTER TABLE "consent_receipts" ADD COLUMN     "withdrawn_at" TIMESTAMPTZ(3);

-- CreateIndex
CREATE INDEX "consent_receipts_client_id_idx" ON "consent_receipts"("client_id");

-- CreateIndex
CREATE INDEX "client_logos_due_at_idx" ON "client_logos"("due_at");

-- The logos of clients that are registered already: to be fetched.
INSERT INTO "client_logos" ("client_id", "source_uri")
SELECT "id", "metadata" ->> 'logo_uri' FROM "clients" WHERE "metadata" ->> 'logo_uri' IS NOT NULL
ON CONFLICT DO NOTHING;
