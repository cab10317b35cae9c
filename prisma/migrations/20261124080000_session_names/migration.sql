-- CreateTable
CREATE TABLE "session_names" (
    "session_uid" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "sid" TEXT NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "session_names_pkey" PRIMARY KEY ("session_uid","client_id")
);

-- CreateIndex
CREATE INDEX "session_names_created_at_idx" ON "session_names"("created_at");
