-- AlterTable
ALTER TABLE "tokens" ADD COLUMN     "next_poll_at" TIMESTAMPTZ(3),
ADD COLUMN     "poll_interval" INTEGER;

-- Only for the rows that need it. Unique, so that nobody who types a code can ever approve another device than theirs.
CREATE UNIQUE INDEX "tokens_by_user_code" ON "tokens" ("user_code") WHERE "user_code" IS NOT NULL;
