import type { Context } from 'koa'
import { csrfToken } from '../../http/index.ts'
import type { SelfFrame, Views } from '../../http/index.ts'
import type { AccountDeps } from '../deps.ts'
import { takeNotice } from './notice.ts'
import { formBinding } from './visitor.ts'
import type { Visitor } from './visitor.ts'

type SelfView = Extract<keyof Views, `account/${string}`>

/** Answers with one of the account pages: what is the same on each, and what is its own. A page with a problem is 422. */
export function show<V extends SelfView>(
  { render, keys }: AccountDeps,
  ctx: Context,
  visitor: Visitor,
  view: V,
  data: Omit<Views[V], keyof SelfFrame> & Pick<SelfFrame, 'error' | 'problem'>,
): void {
  const { email, name } = visitor.user
  const frame: SelfFrame = {
    me: { email, name },
    csrf: csrfToken(keys, formBinding(visitor)),
    notice: takeNotice(ctx),
    error: data.error,
    problem: data.problem,
  }
  if ((data.error ?? data.problem) !== undefined && ctx.status !== 429) ctx.status = 422
  ctx.type = 'html'
  ctx.body = render(ctx, view, { ...data, ...frame } as unknown as Views[V])
}
