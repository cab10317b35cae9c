import type { Context } from 'koa'
import { findClient } from '../clients/index.ts'
import type { Database } from '../db/index.ts'
import type { Render } from '../http/index.ts'
import { text } from '../language/index.ts'
import type { Text } from '../language/index.ts'
import { browserAccounts } from '../oidc/index.ts'
import type { EnginePages } from '../oidc/index.ts'
import { askerView, recallClient, startAgainUri } from './client-view.ts'
import { createDevicePages } from './device-pages.ts'
import { answerWithPage } from './page.ts'
import type { deadEnds } from './dead-ends.ts'
import { showDeadEnd } from './sign-in.ts'

/** The pages the engine asks for: its errors, the question before signing out, the word after. */
export function createEnginePages(deps: { database: Database; render: Render }): EnginePages {
  const { database, render } = deps
  return {
    ...createDevicePages(deps),
    async engineError(ctx, out, error) {
      const status = (error as { statusCode?: number }).statusCode ?? 500
      const detail = (error as { error_description?: string }).error_description ?? ''
      if (/interaction session|authorization (request|session)/.test(detail))
        return showDeadEnd(deps, ctx, sessionReason(detail))
      const client = await recallClient(ctx, database.prisma)
      ctx.status = status
      const page = {
        ...wordsFor(status, out.error),
        hint: status < 500 ? sentence(out.error_description) : undefined,
        code: out.error,
        reference: (ctx.state as { requestId?: string }).requestId,
        ...(client ? { client: askerView(client), startAgainUri: startAgainUri(client) } : {}),
      }
      answerWithPage(ctx, render(ctx, 'error', page))
    },
    async logout(ctx, form) {
      const userId = ctx.oidc.session?.accountId
      const user =
        userId === undefined
          ? null
          : await database.prisma.user.findUnique({ where: { id: userId }, select: { email: true } })
      const client = ctx.oidc.client ? await findClient(database.prisma, ctx.oidc.client.clientId) : null
      const { parked } = await browserAccounts(database.pool, ctx)
      const target = ctx.oidc.params?.['post_logout_redirect_uri']
      const html = render(ctx, 'logout', {
        ...form,
        email: user?.email,
        others: parked.map((other) => other.email),
        ...(client ? { client: askerView(client) } : {}),
      })
      answerWithPage(ctx, html, typeof target === 'string' ? target : undefined)
    },
    async loggedOut(ctx) {
      const client = ctx.oidc.client ? await findClient(database.prisma, ctx.oidc.client.clientId) : null
      const { current } = await browserAccounts(database.pool, ctx)
      // The engine names the client here only when the person stayed signed in and left that client alone; where no client sent them,
      // the session they kept is all that tells.
      const page = client
        ? { client: askerView(client), returnUri: startAgainUri(client), stayed: true }
        : { stayed: current !== null }
      answerWithPage(ctx, render(ctx, 'logged-out', page))
    },
    conflict: (ctx: Context, conflict) =>
      showDeadEnd(deps, ctx, conflict === 'interaction_finished' ? 'finished' : conflict),
  }
}

function sessionReason(detail: string): keyof typeof deadEnds {
  if (detail.includes('expired') || detail.includes('not found')) return 'expired'
  return detail.includes('mismatch') ? 'session_changed' : 'expired'
}

function wordsFor(status: number, error: string | undefined): { title: Text; message: Text } {
  if (status >= 500)
    return {
      title: text('errors:engine.unavailable'),
      message: text('errors:engine.unavailableMessage'),
    }
  if (error === 'invalid_client' || error === 'invalid_redirect_uri')
    return {
      title: text('errors:engine.app'),
      message: text('errors:engine.appMessage'),
    }
  return {
    title: text('errors:engine.request'),
    message: text('errors:engine.requestMessage'),
  }
}

/** The engine explains itself to developers, in English. */
function sentence(description: string | undefined): Text | undefined {
  if (description === undefined) return undefined
  return text('errors:engine.said', {
    description: `${description.charAt(0).toUpperCase()}${description.slice(1)}.`,
  })
}
