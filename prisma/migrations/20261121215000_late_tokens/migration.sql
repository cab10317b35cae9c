-- JWT access tokens that are not marked as revoked, in the order in which they were issued: those whose access was revoked while they
-- were being written are looked for among the newest, and all of them are passed over in slices.
CREATE INDEX "tokens_listed_by_issue" ON "tokens" ("issued_at", "digest") WHERE "status_list" IS NOT NULL AND "revoked_at" IS NULL;
