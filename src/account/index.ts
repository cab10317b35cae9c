/**
 * The account room: pages about one's own account outside a sign-in. Today the page that an invitation or a password reset leads to.
 * It owns page flow and nothing in the database; rules about passwords and tickets are in the users room.
 * It refuses to sign anybody in, to touch a second factor, and to spend a ticket on anything but the form's POST: mail scanners
 * follow links. Entered by app.ts, which mounts it.
 */
export { createAccountRoutes } from './routes.ts'
