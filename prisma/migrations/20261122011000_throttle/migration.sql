-- Who a block is about, while there is one: operators see it and lift it.
ALTER TABLE "attempt_counters" ADD COLUMN     "block_id" UUID,
ADD COLUMN     "client_id" TEXT,
ADD COLUMN     "network" TEXT,
ADD COLUMN     "user_id" UUID;

-- Known by a code from a mail alone, until somebody signs in from it.
ALTER TABLE "trusted_browsers" ADD COLUMN     "by_mail" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "stuffing_watch" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "window_ends" TIMESTAMPTZ(3) NOT NULL,
    "began_at" TIMESTAMPTZ(3),
    "alarm_until" TIMESTAMPTZ(3),

    CONSTRAINT "stuffing_watch_pkey" PRIMARY KEY ("id")
);

INSERT INTO "stuffing_watch" ("id", "window_ends") VALUES (1, now());

-- CreateIndex
CREATE UNIQUE INDEX "attempt_counters_block_id_key" ON "attempt_counters"("block_id");
