import { isUuid } from '../../db/index.ts'
import type { AppView, ClientView, ReceiptView } from '../../http/index.ts'
import { forgetConsents, isReceiptOf, listConsentReceipts, listFormerApps, revoke } from '../../oidc/index.ts'
import type { ConnectedApp, ConsentReceipt } from '../../oidc/index.ts'
import { goOn, segment } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { show } from './show.ts'
import { byVisitor, changeAs } from './visitor.ts'

const HERE = '/account/apps'
const PAGE = 50

/** The apps that have something of this person's, and those that had. */
export const showApps: Show = async (deps, ctx, visitor) => {
  const db = deps.database.prisma
  const { id: userId } = visitor.user
  const { before } = ctx.query
  const connected = await deps.oidc.listConnectedApps(db, { userId, language: ctx.state.language })
  const former = await listFormerApps(db, {
    ...{ userId, connected, limit: PAGE + 1 },
    before: isUuid(before) ? before : undefined,
  })
  const last = former.length > PAGE ? former[PAGE - 1] : undefined
  show(deps, ctx, visitor, 'account/apps', {
    apps: connected.map(appView),
    former: former.slice(0, PAGE).map((receipt) => ({
      ...{ client: clientView(receipt), withdrawnAt: receipt.withdrawnAt },
      uri: `${HERE}/${encodeURIComponent(receipt.clientId)}?receipt=${receipt.id}`,
    })),
    olderUri: last ? `${HERE}?before=${last.id}` : null,
  })
}

/**
 * One of them: what it may do, since when, and what was decided about it, in the words that were read then. Of an app that has nothing any
 * more what was decided is left. `?receipt` names which, where several apps were registered under the id one after another.
 */
export const showApp: Show = async (deps, ctx, visitor) => {
  const db = deps.database.prisma
  const { id: userId } = visitor.user
  const clientId = segment(ctx, 'id')
  const apps = await deps.oidc.listConnectedApps(db, { userId, language: ctx.state.language })
  const app = apps.find((one) => one.clientId === clientId)
  const receipts = await listConsentReceipts(db, { userId, clientId })
  const named = receipts.find(({ id }) => id === ctx.query['receipt'])
  if (app && (!named || isReceiptOf(named, app))) {
    show(deps, ctx, visitor, 'account/app', {
      app: appView(app),
      receipts: receipts.filter((receipt) => isReceiptOf(receipt, app)).map(receiptView),
    })
    return
  }
  const of = named ?? receipts[0]
  if (!of) {
    goOn(ctx, HERE, 'gone')
    return
  }
  show(deps, ctx, visitor, 'account/former-app', {
    app: { client: clientView(of) },
    receipts: receipts
      .filter(({ client }) => client.registeredAt === of.client.registeredAt)
      .map(receiptView),
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

/** An app as it was named when somebody decided about it. */
function clientView({ client: { name, uri } }: ConsentReceipt): ClientView {
  return { name, uri, logoUri: undefined }
}

function receiptView({ decidedAt: at, withdrawnAt, granted, refused, offline }: ConsentReceipt): ReceiptView {
  return {
    ...{ at, withdrawnAt, offline },
    granted: granted.map(({ title }) => title),
    refused: refused.map(({ title }) => title),
  }
}
