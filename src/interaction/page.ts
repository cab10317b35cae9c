import type { Context } from 'koa'
import { formActionSource, pagePolicy } from '../http/index.ts'

/** Chromium holds form-action against the redirects behind a form too: the client's address must be allowed (w3c/webappsec-csp#8). */
export function allowFormsTo(ctx: Context, redirectUri: string): void {
  const source = formActionSource(redirectUri)
  ctx.state.formAction = source === undefined ? [] : [source]
}

/** Answers with one of our pages on an address of the engine, whose own policy would not let our stylesheet in. */
export function answerWithPage(ctx: Context, html: string, redirectUri?: string): void {
  const source = redirectUri === undefined ? undefined : formActionSource(redirectUri)
  ctx.set('Content-Security-Policy', pagePolicy(source === undefined ? [] : [source]))
  ctx.type = 'html'
  ctx.body = html
}
