import type { Context, Middleware } from 'koa'
import { crowdGate, takeTurns } from '../http/index.ts'
import type { Parts } from './parts.ts'

// 400 a second: many times what can be hashed, and to turn so many away takes a fifth of the time.
const [PER_TURN, EVERY_MS] = [2, 5]
const RETRY_AFTER_SECONDS = 2

/** Passwords arriving together take turns with everything else. */
export function passwordsTakeTurns(): Middleware {
  return takeTurns({ isOne: (ctx) => signInOf(ctx) !== undefined, perTurn: PER_TURN, everyMs: EVERY_MS })
}

/** More passwords than the hasher can take are turned away at the door; the sign-in they belong to stays as it is. */
export function passwordGate({
  hasher,
  metrics,
  pages,
}: Pick<Parts, 'hasher' | 'metrics' | 'pages'>): Middleware {
  return crowdGate({
    wayBack: signInOf,
    isFull: () => hasher.isFull(),
    onTurnedAway: () => metrics.passwordsRefused.inc(),
    render: pages.render,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  })
}

/** The address of the sign-in that a password is sent to. */
function signInOf({ method, path }: Context): string | undefined {
  return method === 'POST' ? /^(\/interaction\/[\w-]{1,64})\/login$/.exec(path)?.[1] : undefined
}
