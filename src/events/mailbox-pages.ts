import Router from '@koa/router'
import type { Middleware } from 'koa'
import type { Database } from '../db/index.ts'
import { pagePolicy } from '../http/index.ts'
import type { Render } from '../http/index.ts'
import { listMailbox, readMailbox } from '../mail/index.ts'

type Deps = { database: Database; render: Render; issuer: string }

/**
 * The mailbox of a development server, for its operations listener. Whoever reads it can be anybody of this server: it must not be
 * mounted in production. Hostile mails do nothing here: the text is escaped, and only links to the issuer are links; the HTML part is
 * shown by itself in a sandbox without scripts, origin or anything from elsewhere. Around the mails it speaks English and says so, like
 * everything on that listener; the mails are in the languages of those who get them.
 */
export function createMailboxPages({ database, render, issuer }: Deps): Middleware {
  const router = new Router({ prefix: '/mailbox', sensitive: true })
  router.use((ctx, next) => {
    ctx.state['language'] = 'en'
    return next()
  })
  router.get('/', async (ctx) => {
    ctx.set('Content-Security-Policy', pagePolicy())
    ctx.type = 'html'
    ctx.body = render(ctx, 'mailbox', { mails: await listMailbox(database.prisma) })
  })
  router.get('/:id', async (ctx) => {
    const mail = await readMailbox(database.prisma, String(ctx.params['id']))
    if (!mail) return
    ctx.set('Content-Security-Policy', pagePolicy())
    ctx.type = 'html'
    ctx.body = render(ctx, 'mailbox-mail', { mail, parts: withLinks(mail.text, issuer) })
  })
  router.get('/:id/html', async (ctx) => {
    const mail = await readMailbox(database.prisma, String(ctx.params['id']))
    if (!mail) return
    ctx.set(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation",
    )
    ctx.type = 'html'
    ctx.body = mail.html
  })
  return router.routes() as unknown as Middleware
}

/** A text in parts, those that are addresses of the issuer with their href. */
export function withLinks(text: string, issuer: string): { text: string; href?: string }[] {
  const { origin } = new URL(issuer)
  return text.split(/(https?:\/\/\S+)/).map((part) => {
    const isOurs = URL.parse(part)?.origin === origin
    return isOurs ? { text: part, href: part } : { text: part }
  })
}
