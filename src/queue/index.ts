/**
 * The queue room: work that must happen, and not now. Sole importer of graphile-worker; owns its schema and the table queue_workers. A
 * job is asked for in the transaction that causes it and done at least once, by whichever process is free; one that fails for good is kept
 * for an operator. It refuses secrets in payloads, and to know what any job is about.
 * Entered by whoever asks for a job, and by the jobs room, which says how each is done.
 */
export { enqueue, enqueueAll } from './enqueue.ts'
export type { EnqueueOptions } from './enqueue.ts'
export { createHands, performByHand } from './hands.ts'
export type { Hands } from './hands.ts'
export { installQueue, isQueueInstalled } from './install.ts'
export { discardJob, findJob, listJobs, queueStatistics, retryJob } from './jobs.ts'
export type { JobState, ListedJob, TaskStatistics } from './jobs.ts'
export { recurring } from './recurring.ts'
export { performRounds } from './rounds.ts'
export type { Outbox } from './rounds.ts'
export { ringSql } from './ring-sql.ts'
export { defineTask, URGENT } from './task.ts'
export type { Task } from './task.ts'
export { expectTurn } from './turn.ts'
export { perform, startWorker } from './worker.ts'
export type { JobFailure, Try, Work } from './worker.ts'
