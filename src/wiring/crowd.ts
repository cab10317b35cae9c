import type { Context, Middleware } from 'koa'
import { addressBlock, crowdGate, takeTurns } from '../http/index.ts'
import type { Parts } from './parts.ts'

// 400 a second: many times what can be hashed, and to turn so many away takes a fifth of the time.
const [PER_TURN, EVERY_MS] = [2, 5]
const RETRY_AFTER_SECONDS = 2

/**
 * The door for passwords, in two parts. Those arriving together take turns with everything else; and more than the hasher can take are turned
 * away, the sign-in they belong to staying as it is. Nobody's address takes the places of others.
 */
export function passwordDoor({
  hasher,
  metrics,
  pages,
}: Pick<Parts, 'hasher' | 'metrics' | 'pages'>): Middleware[] {
  const gate = (isFull: (ctx: Context) => boolean) =>
    crowdGate({
      ...{ wayBack: signInOf, isFull, render: pages.render, retryAfterSeconds: RETRY_AFTER_SECONDS },
      onTurnedAway: () => metrics.passwordsRefused.inc(),
    })
  const refuse = gate(() => true)
  return [
    takeTurns({
      shareOf: (ctx) => (signInOf(ctx) === undefined ? undefined : addressBlock(ctx.state.ip)),
      ...{ perTurn: PER_TURN, everyMs: EVERY_MS },
      turnAway: async (ctx) => {
        await refuse(ctx, () => Promise.resolve())
      },
    }),
    gate((ctx) => hasher.isFull(addressBlock(ctx.state.ip))),
  ]
}

/** The address of the sign-in that a password is sent to. */
function signInOf({ method, path }: Context): string | undefined {
  return method === 'POST' ? /^(\/interaction\/[\w-]{1,64})\/login$/.exec(path)?.[1] : undefined
}
