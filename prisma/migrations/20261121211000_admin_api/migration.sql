-- CreateTable
CREATE TABLE "password_tickets" (
    "user_id" UUID NOT NULL,
    "digest" BYTEA NOT NULL,
    "purpose" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "password_tickets_pkey" PRIMARY KEY ("user_id")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "digest" BYTEA NOT NULL,
    "fingerprint" BYTEA NOT NULL,
    "sealed_answer" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("digest")
);

-- CreateTable
CREATE TABLE "admin_request_windows" (
    "caller" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "requests" INTEGER NOT NULL,

    CONSTRAINT "admin_request_windows_pkey" PRIMARY KEY ("caller")
);

-- CreateIndex
CREATE UNIQUE INDEX "password_tickets_digest_key" ON "password_tickets"("digest");

-- CreateIndex
CREATE INDEX "password_tickets_expires_at_idx" ON "password_tickets"("expires_at");

-- CreateIndex
CREATE INDEX "idempotency_keys_expires_at_idx" ON "idempotency_keys"("expires_at");

-- CreateIndex
CREATE INDEX "admin_request_windows_started_at_idx" ON "admin_request_windows"("started_at");

-- AddForeignKey
ALTER TABLE "password_tickets" ADD CONSTRAINT "password_tickets_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
