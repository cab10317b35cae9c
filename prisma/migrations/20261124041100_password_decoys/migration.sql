-- The order in which users stand in for addresses that nobody has. By an expression, so the Prisma schema does not know of it.
CREATE INDEX "users_decoy_idx" ON "users" (uuid_hash_extended("id", 0));
