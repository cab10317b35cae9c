/**
 * The account room: pages about one's own account. Some lead from a link that was sent or handed over (a password to set); the others,
 * below /account, are for somebody who is signed in: who they are, how they sign in, where they are signed in, which apps have what, what
 * happened, their data, the end of it. It owns page flow and nothing in the database; rules about passwords, factors and tickets are in
 * the users room, sessions and what apps may do in the engine's.
 * It refuses to sign anybody in (the sign-in does, as for every other app), to change what matters for somebody who has not proven who
 * they are within five minutes, and to spend a ticket on anything but the form's POST: mail scanners follow links.
 * Entered by app.ts, which mounts it.
 */
export { accountMethods } from './methods.ts'
export { createByMailRoutes } from './by-mail/routes.ts'
export { createAccountRoutes } from './routes.ts'
export { createFindPlace } from './signed-in/place.ts'
