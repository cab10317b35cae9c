/**
 * The jobs room: what happens when nobody asks. Owns timers, and nothing in the database: each job calls the room whose rows
 * it is about. A job that fails is logged and tried again at its next turn; it never ends the process.
 */
export { startSealing } from './seal-audit.ts'
export { startLogos } from './fetch-logos.ts'
export { startRevocations } from './continue-revocations.ts'
export { startKeyRotation } from './rotate-keys.ts'
export { startSweeping } from './sweep.ts'
export { startWatchingBlocks } from './watch-blocks.ts'
