-- CreateTable
CREATE TABLE "ssf_streams" (
    "id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "endpoint_url" TEXT,
    "sealed_authorization" TEXT,
    "events_requested" TEXT[],
    "description" TEXT,
    "default_subjects" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'enabled',
    "status_reason" TEXT,
    "held_by_operator" BOOLEAN NOT NULL DEFAULT false,
    "cursor" BIGINT NOT NULL,
    "verified_at" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "failures" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_error" TEXT,
    "last_error_at" TIMESTAMPTZ(3),
    "last_delivered_at" TIMESTAMPTZ(3),
    "delivered" BIGINT NOT NULL DEFAULT 0,
    "refused" BIGINT NOT NULL DEFAULT 0,
    "dropped" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ssf_streams_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ssf_subjects" (
    "stream_id" UUID NOT NULL,
    "digest" BYTEA NOT NULL,
    "person" BYTEA NOT NULL,
    "user_id" UUID,
    "session_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ssf_subjects_pkey" PRIMARY KEY ("stream_id","digest")
);

-- CreateTable
CREATE TABLE "ssf_events" (
    "id" BIGSERIAL NOT NULL,
    "stream_id" UUID NOT NULL,
    "jti" TEXT NOT NULL,
    "txn" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "subject" JSONB NOT NULL,
    "event" JSONB NOT NULL,
    "control" BOOLEAN NOT NULL DEFAULT false,
    "toe" TIMESTAMPTZ(3) NOT NULL,
    "iat" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "refusals" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "ssf_events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ssf_streams_client_id_idx" ON "ssf_streams"("client_id");

-- CreateIndex
CREATE INDEX "ssf_subjects_stream_id_person_idx" ON "ssf_subjects"("stream_id", "person");

-- CreateIndex
CREATE INDEX "ssf_subjects_stream_id_user_id_idx" ON "ssf_subjects"("stream_id", "user_id");

-- CreateIndex
CREATE INDEX "ssf_events_stream_id_id_idx" ON "ssf_events"("stream_id", "id");

-- CreateIndex
CREATE INDEX "ssf_events_iat_idx" ON "ssf_events"("iat");

-- CreateIndex
CREATE UNIQUE INDEX "ssf_events_stream_id_jti_key" ON "ssf_events"("stream_id", "jti");

-- AddForeignKey
ALTER TABLE "ssf_streams" ADD CONSTRAINT "ssf_streams_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ssf_subjects" ADD CONSTRAINT "ssf_subjects_stream_id_fkey" FOREIGN KEY ("stream_id") REFERENCES "ssf_streams"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ssf_events" ADD CONSTRAINT "ssf_events_stream_id_fkey" FOREIGN KEY ("stream_id") REFERENCES "ssf_streams"("id") ON DELETE CASCADE ON UPDATE CASCADE;


