import type { Context, Middleware } from 'koa'
import { text } from '../language/index.ts'
import type { Language } from '../language/index.ts'
import { HttpProblem } from './http-problem.ts'
import type { Render } from './render.ts'

/** How long a page made beforehand keeps its looks. */
const FRESH_MS = 10_000
const ELSEWHERE = '/the-way-back'

/**
 * Turns requests away while there is no room for the work that they ask for (FT-26): 503 with Retry-After, before their body is read, the
 * database is asked or a page is made. Browsers get a page in their language, made beforehand once for all, with a link back to
 * `wayBack` (an address of ours, of which nothing needs escaping); programs get JSON. `wayBack` gives undefined for a request that
 * this is not about. Nobody is counted: whoever is turned away has not tried anything.
 */
export function crowdGate({
  wayBack,
  isFull,
  onTurnedAway,
  render,
  retryAfterSeconds,
}: {
  wayBack: (ctx: Context) => string | undefined
  isFull: (ctx: Context) => boolean
  /** For counting them. */
  onTurnedAway?: () => void
  render: Render
  retryAfterSeconds: number
}): Middleware {
  const pages = new Map<Language, { parts: string[]; until: number }>()

  function partsIn(language: Language): string[] {
    const known = pages.get(language)
    if (known && known.until > performance.now()) return known.parts
    const [title, message] = [text('errors:crowded.title'), text('errors:crowded.message')]
    const page = render({ state: { language } }, 'error', { title, message, againUri: ELSEWHERE })
    const parts = page.split(ELSEWHERE)
    pages.set(language, { parts, until: performance.now() + FRESH_MS })
    return parts
  }

  return async function crowdGate(ctx, next) {
    const back = isFull(ctx) ? wayBack(ctx) : undefined
    if (back === undefined) {
      await next()
      return
    }
    onTurnedAway?.()
    const headers = { 'Retry-After': String(retryAfterSeconds) }
    if (ctx.accepts('json', 'html') !== 'html') throw new HttpProblem(503, { reason: 'crowd', headers })
    const { language } = ctx.state
    ctx.state.refused = 'crowd'
    ctx.set({ ...headers, 'Content-Language': language })
    ctx.vary('Accept, Accept-Language')
    ctx.status = 503
    ctx.type = 'html'
    ctx.body = partsIn(language).join(back)
  }
}
