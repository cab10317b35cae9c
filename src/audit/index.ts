/**
 * The audit room: what happened, to whom, by whom, when. Owns the table audit_events and only ever appends to it.
 * Every room records through `record`, with the transaction of the change itself, so that there is no event
 * without its change and no change without its event. It refuses secrets: `detail` holds names and counts.
 */
export { record } from './record.ts'
export { auditStatement } from './statement.ts'
export type { AuditEventInput, AuditType } from './record.ts'
