/**
 * The audit room: what happened, to whom, by whom, when, and the proof that nobody touched it since. Owns the tables
 * audit_events, audit_links, audit_checkpoints and audit_chain; only appends to them, and removes what an operator's retention
 * lets go, from the beginning and provably. Every room records through
 * `record`, with the transaction of the change itself, so that there is no event without its change and no change without its
 * event. Events are chained by a sealer afterwards, so that writers never wait for each other. It refuses secrets: `detail`
 * holds names and counts.
 */
export { signCheckpoint } from './checkpoint.ts'
export type { KnownHead, Signing } from './checkpoint.ts'
export type { Break, Problem } from './diagnose.ts'
export { exportEvents, listEvents } from './list-events.ts'
export type { EventFilter, EventPage, EventQuery, ListedEvent } from './list-events.ts'
export { chainHead } from './read-chain.ts'
export type { ChainHead } from './read-chain.ts'
export { countEvents } from './count-events.ts'
export { auditTypes, record, recordAll } from './record.ts'
export type { Actor, AuditEventInput, AuditType, By } from './record.ts'
export { resealFloor } from './floor.ts'
export { removeOldEvents } from './retention.ts'
export type { Removal } from './retention.ts'
export { openWriters, sealLag } from './seal-lag.ts'
export type { OpenWriter } from './seal-lag.ts'
export { sealAll, sealEvents } from './seal.ts'
export { checkpointSigner } from './signature.ts'
export type { FindKey, Sign } from './signature.ts'
export { AUDIT_COLUMNS, AUDIT_TYPES, auditStatement, auditValues } from './statement.ts'
export { userTimeline } from './timeline.ts'
export type { TimelineThread } from './timeline.ts'
export { verifyChain } from './verify.ts'
export type { Verification } from './verify.ts'
