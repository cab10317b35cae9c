// Every POST of this app is a form of a signed-in page; this is the one gate in front of them.
import { timingSafeEqual } from 'node:crypto'
import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { messagePage } from './pages/message.ts'
import type { Sessions, SignedIn } from './sessions.ts'

const parseForm = bodyParser({ enableTypes: ['form'], formLimit: '8kb' })

/**
 * Lets `act` run for a signed-in browser whose form carries its session's CSRF token; the answer is a 303.
 * A browser that is not signed in goes home, a foreign form gets 403.
 */
export function formFor(
  sessions: Sessions,
  act: (ctx: Context, user: SignedIn) => Promise<void>,
): [Middleware, Middleware] {
  return [
    parseForm,
    async (ctx) => {
      const user = sessions.find(ctx)?.user
      ctx.status = 303
      if (!user) {
        ctx.redirect('/')
        return
      }
      if (!equal(csrfIn(ctx), user.csrf)) {
        ctx.status = 403
        ctx.body = messagePage({
          title: 'This form is out of date',
          text: 'Nothing was changed. Please go back and press the button again.',
          action: { href: '/', label: 'Back' },
        })
        return
      }
      await act(ctx, user)
    },
  ]
}

function csrfIn(ctx: Context): string {
  const body: unknown = ctx.request.body
  if (typeof body !== 'object' || body === null || !('csrf' in body)) return ''
  return typeof body.csrf === 'string' ? body.csrf : ''
}

function equal(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
