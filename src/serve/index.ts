/**
 * The serve room: the process. Environment → config → listeners → database → schema → keys → apps → background → signals → drain. It
 * knows the order in which things start and stop, and what each answers meanwhile; it refuses to know any page or protocol.
 * Entered by main.ts and by `cardea serve`.
 */
export { EXIT } from './exit.ts'
export { startServer } from './server.ts'
