import type { Context } from 'koa'
import type { Render } from '../http/index.ts'
import { text } from '../language/index.ts'

/** The page of a link that is used up, too old, or never was: one and the same, because the difference is nobody's business. */
export function showDeadLink({ render }: { render: Render }, ctx: Context): void {
  ctx.status = 410
  // The page says nothing of the link, its address included, so it has no picker that leads back to it.
  ctx.state.here = undefined
  ctx.type = 'html'
  ctx.body = render(ctx, 'error', {
    title: text('account:deadLink.title'),
    message: text('account:deadLink.message'),
  })
}
