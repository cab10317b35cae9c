-- AlterTable
ALTER TABLE "mails" ADD COLUMN     "from_known_browser" BOOLEAN NOT NULL DEFAULT false;

-- CreateIndex
CREATE INDEX "attempt_counters_key_idx" ON "attempt_counters"("key" text_pattern_ops);


