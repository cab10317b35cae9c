import type { Context } from 'koa'
import { ownCookie } from '../http/index.ts'
import { rememberClient } from './client-view.ts'

const SECONDS = 15 * 60
const FINISHED = 'finished'
/** One for each address, so that the Back button finds its own. */
const cookieAt = (uid: string) => ownCookie('cardea_trail', { path: `/interaction/${uid}` })

/**
 * The engine sends a browser to the hosted pages: for which app, and, when one part of a sign-in (the login) leads on to another
 * (the consent), from where. The part left behind is gone from the server, but the Back button and a button pressed twice
 * return to its address: there a signed cookie of that address alone tells where the sign-in went on.
 */
export function rememberSignIn(ctx: Context, clientId: string, uid: string): void {
  rememberClient(ctx, clientId)
  const left = /^\/(?:authorize|device)\/([\w-]+)$/.exec(ctx.path)?.[1]
  if (left !== undefined) leave(ctx, left, uid)
}

/** This part is done. If another one follows, the engine is about to say so. */
export function rememberFinished(ctx: Context, uid: string): void {
  leave(ctx, uid, FINISHED)
}

/** What became of the sign-in whose address this is: the uid it went on under, `finished`, or null when this browser left no trail. */
export function followTrail(ctx: Context): { uid: string } | 'finished' | null {
  const value = cookieAt('').get(ctx)
  if (value === undefined) return null
  return value === FINISHED ? FINISHED : { uid: value }
}

function leave(ctx: Context, uid: string, value: string): void {
  cookieAt(uid).set(ctx, value, { seconds: SECONDS })
}
