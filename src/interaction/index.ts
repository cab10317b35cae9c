/**
 * The interaction room: the hosted sign-in. One dispatcher (login-steps.ts) chooses the page; pages are plain forms that answer
 * with 303 back to it, or with 422 and themselves. It owns the page flow and nothing in the database: users prove themselves in
 * the users room, the engine keeps the interaction. It refuses to hand over a login before the last factor is proven.
 * Entered by app.ts, which mounts the routes and hands the engine its pages.
 */
export { wayToApp } from './client-view.ts'
export type { SignInOutcome } from './deps.ts'
export { createEnginePages } from './engine-pages.ts'
export { createInteractionRoutes } from './routes.ts'
export { rememberSignIn } from './trail.ts'
