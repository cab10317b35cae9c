/**
 * The wiring room: how each room is made from the configuration. One file a part; app.ts puts them together. It refuses to decide
 * anything that a room could decide: here stand names of settings and what they are handed to.
 * Entered by app.ts, and by the command line for the rules of passwords.
 */
export { accountRoutes } from './account.ts'
export { besideRequests } from './beside-requests.ts'
export type { BesideRequests } from './beside-requests.ts'
export { passwordDoor } from './crowd.ts'
export { workerApp } from './worker-app.ts'
export { createEngine } from './engine.ts'
export { frame, koaApp, onlyBelow } from './frame.ts'
export { logoRoutes } from './logo-routes.ts'
export { createMailing } from './mailing.ts'
export { operatorApi } from './operator-api.ts'
export { createPages } from './pages.ts'
export type { AppDeps, PartsWithEngine, WorkersBeside } from './parts.ts'
export { passwordRules } from './password-rules.ts'
export { revocationLimit } from './revocation-limit.ts'
export { publicMethods } from './routes.ts'
export { signalRoutes } from './signals.ts'
export { signInLimit } from './sign-in-limit.ts'
export { signInRoutes } from './sign-in.ts'
export { tellTrouble } from './tell-trouble.ts'
export { freshLooks, themeRoutes } from './theme-routes.ts'
