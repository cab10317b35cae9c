/**
 * The events room: what the outside hears. Delivers the logout notices that were queued with the end of a session, at least once,
 * outside of any request, to whoever is slow, down or hostile without harm to the others.
 * It owns no table and decides nothing: what is told to whom was written by the transaction that it tells of.
 * It refuses to connect where the operator did not allow it. Entered by app.ts, which starts it.
 */
export { startLogoutDelivery } from './logout-delivery.ts'
export type { LogoutDelivery } from './logout-delivery.ts'
