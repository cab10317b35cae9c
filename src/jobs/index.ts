/**
 * The jobs room: what happens when nobody asks. Says how the queue's jobs of our own house are done, each by calling the room whose rows it is
 * about, and owns the few timers that are no jobs. What fails is told and comes again; it never ends the process.
 */
export { startSealing } from './seal-audit.ts'
export { fetchLogos } from './fetch-logos.ts'
export { clearingRevocations } from './continue-revocations.ts'
export { auditRetention } from './remove-old-events.ts'
export { keyRotation } from './rotate-keys.ts'
export { sweeping } from './sweep.ts'
export { startWatchingBlocks } from './watch-blocks.ts'
export { startWatchingQueue } from './watch-queue.ts'
export { startWatchingStorage } from './watch-storage.ts'
