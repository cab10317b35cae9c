-- CreateTable
CREATE TABLE "broker_relay" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "cursor" BIGINT NOT NULL,
    "failing_since" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "last_error" TEXT,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "broker_relay_pkey" PRIMARY KEY ("id")
);


