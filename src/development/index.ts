/**
 * The development server's extras: keys made once and kept in the data folder, a user and an admin to sign in as, the sample app
 * as a process of its own, and one calm panel that tells all of it. Nothing here runs in production mode, which refuses a
 * database that was seeded here. Entered by server.ts alone.
 */
export { openDevelopment } from './development.ts'
export type { Development } from './development.ts'
