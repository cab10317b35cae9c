-- AlterTable
ALTER TABLE "mails" ADD COLUMN     "from_known_browser" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
-- Of all rows: with a condition it is one that Prisma leaves alone.
CREATE INDEX "attempt_counters_by_beginning" ON "attempt_counters"("key" text_pattern_ops) WHERE "failures" >= 0;


