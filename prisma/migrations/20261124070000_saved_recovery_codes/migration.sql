-- AlterTable
-- Codes that are there already count as saved, and so do those that the version before makes: it does not ask. A default that is
-- worked out once rewrites nothing.
ALTER TABLE "recovery_codes" ADD COLUMN     "saved_at" TIMESTAMPTZ(3) DEFAULT CURRENT_TIMESTAMP;
