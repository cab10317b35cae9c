import type { Context, Middleware } from 'koa'
import { crowdGate, takeTurns } from '../http/index.ts'
import type { Parts } from './parts.ts'

// Few: a token request comes back to the loop several times, and meets as many each time. One would be slower for the crowd itself.
const PER_TURN = 4
const RETRY_AFTER_SECONDS = 2

/** Passwords arriving together take turns with everything else. */
export function passwordsTakeTurns(): Middleware {
  return takeTurns({ isOne: (ctx) => signInOf(ctx) !== undefined, perTurn: PER_TURN })
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
