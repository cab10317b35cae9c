-- CreateTable
CREATE TABLE "queue_workers" (
    "id" UUID NOT NULL,
    "worker_ids" TEXT[],
    "seen_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "queue_workers_pkey" PRIMARY KEY ("id")
);
