import type { AppView } from '../../http/index.ts'
import { forgetConsents, listConsentReceipts, revoke } from '../../oidc/index.ts'
import type { ConnectedApp } from '../../oidc/index.ts'
import { goOn, segment } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { show } from './show.ts'
import { byVisitor, changeAs } from './visitor.ts'

const HERE = '/account/apps'

/** The apps that have something of this person's. */
export const showApps: Show = async (deps, ctx, visitor) => {
  const apps = await deps.oidc.listConnectedApps(deps.database.prisma, {
    ...{ userId: visitor.user.id, language: ctx.state.language },
  })
  show(deps, ctx, visitor, 'account/apps', { apps: apps.map(appView) })
}

/** One of them: what it may do, since when, and what was decided about it, in the words that were read then. */
export const showApp: Show = async (deps, ctx, visitor) => {
  const db = deps.database.prisma
  const { id: userId } = visitor.user
  const clientId = segment(ctx, 'id')
  const apps = await deps.oidc.listConnectedApps(db, { userId, language: ctx.state.language })
  const app = apps.find((one) => one.clientId === clientId)
  if (!app) {
    goOn(ctx, HERE, 'gone')
    return
  }
  const receipts = await listConsentReceipts(db, { userId, clientId, registeredAt: app.registeredAt })
  show(deps, ctx, visitor, 'account/app', {
    app: appView(app),
    receipts: receipts.map(({ decidedAt: at, withdrawnAt, granted, refused, offline }) => ({
      ...{ at, withdrawnAt, offline },
      granted: granted.map(({ title }) => title),
      refused: refused.map(({ title }) => title),
    })),
  })
}

/**
 * Takes back what an app was allowed: every token and grant of it at this person ends, and it must ask for everything again. It says
 * nothing about apps that never had anything: withdrawing twice, or from nobody, is the same.
 */
export const withdrawApp: Act = async (deps, ctx, visitor) => {
  const { id: userId } = visitor.user
  const clientId = segment(ctx, 'id')
  const isConnected = await changeAs(deps, visitor, async (tx) => {
    const apps = await deps.oidc.listConnectedApps(tx, { userId, language: 'en' })
    if (!apps.some((one) => one.clientId === clientId)) return false
    await revoke(tx, { userId, clientId }, { reason: 'withdrawn_by_user', ...byVisitor(ctx, visitor) })
    await forgetConsents(tx, { userId, clientId })
    return true
  })
  goOn(ctx, HERE, isConnected ? 'appWithdrawn' : 'gone')
}

function appView({
  clientId,
  name,
  uri,
  logo,
  firstParty,
  may,
  offline,
  since,
  lastUsedAt,
}: ConnectedApp): AppView {
  return {
    ...{ clientId, firstParty, offline, since, lastUsedAt },
    client: { name, uri, logoUri: logo },
    may: may.map(({ title, description, resource }) => ({ title, description, at: resource?.name })),
  }
}
