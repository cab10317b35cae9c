-- AlterTable
ALTER TABLE "users" ADD COLUMN     "must_enrol_factor" BOOLEAN NOT NULL DEFAULT false;
