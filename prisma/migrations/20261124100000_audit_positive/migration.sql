-- The chain begins at 1 and so do event ids: nothing is below. NOT VALID, so that no table is read while its lock is held; what lay there before is named
-- by `cardea audit verify`.
ALTER TABLE "audit_links" ADD CONSTRAINT "audit_links_position_positive" CHECK ("position" > 0) NOT VALID;
ALTER TABLE "audit_events" ADD CONSTRAINT "audit_events_id_positive" CHECK ("id" > 0) NOT VALID;
