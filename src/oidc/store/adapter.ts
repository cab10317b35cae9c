import { errors, Provider } from 'oidc-provider'
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'
import { engineError, StorageUnavailable } from '../errors.ts'
import { commit } from './commit.ts'
import { decisionOf } from './device-codes.ts'
import * as find from './find.ts'
import { saveOnce } from './replay-guard.ts'
import { grantRow, idDigest, interactionRow, sessionRow, tokenRow } from './rows.ts'
import type { SessionBrowser, SessionRow } from './rows.ts'
import type { StoreOptions } from './store-options.ts'
import { addWrite, needsNoWrite, unitOfWork } from './unit-of-work.ts'
import type { Write } from './writes.ts'

/**
 * The engine's seven storage methods (its adapter contract). Inside an engine request reads go through the unit of work and
 * writes wait in it for the commit; outside of one each write is its own transaction.
 */
export function createAdapterFactory(options: StoreOptions): AdapterFactory {
  return (model) => guarded(createAdapter(model, options))
}

function createAdapter(model: string, options: StoreOptions): Adapter {
  const { pool } = options
  const work = () => unitOfWork(Provider.ctx)
  const look = { model, options, work }

  async function write(change: Write): Promise<void> {
    const current = work()
    if (current) addWrite(current, change)
    else await commit(pool, [change])
  }

  return {
    find: (id) => find.byId(look, id),
    findByUid: (uid) => find.byUid(look, uid),
    findByUserCode: (userCode) => find.byUserCode(look, userCode),

    async upsert(id, payload, expiresIn) {
      if (model === 'ReplayDetection') return saveOnce(pool, id, payload, expiresIn ?? 0)
      const decision = decisionOf(model, id, payload)
      if (decision !== undefined) {
        if (decision) await write(decision)
        return
      }
      const change = saving(model, id, payload, expiresIn, work()?.readAt ?? null)
      if (change.do === 'save_session' && isIdle(change.row, id, payload)) return
      await write(change)
    },

    async consume(id) {
      await write({ do: 'consume_token', kind: model, digest: idDigest(id), successor: null })
    },

    async destroy(id) {
      const change = await destroying(id)
      if (change) await write(change)
    },

    async revokeByGrantId(grantId) {
      // Called with undefined this must not become "every token without a grant".
      if (typeof grantId !== 'string' || grantId === '') return
      await write({ do: 'delete_grant_tokens', kind: model, grantId })
    },
  }

  /** Nothing to keep: an anonymous session without state, or one that has not changed for less than a minute. */
  function isIdle(row: SessionRow, id: string, payload: AdapterPayload): boolean {
    if (!payload.accountId && !payload['state']) return true
    const current = work()
    const known = current?.sessionsByDigest.get(idDigest(id).toString('base64url'))
    return needsNoWrite(row, known, known?.uid === row.uid)
  }

  async function destroying(id: string): Promise<Write | null> {
    const digest = idDigest(id)
    if (model === 'Grant') return { do: 'revoke_grant', grantId: id }
    if (model === 'Interaction') return { do: 'delete_interaction', digest, mustExist: work() !== undefined }
    if (model !== 'Session') return { do: 'delete_token', kind: model, digest }
    // A changed cookie value is no end: the row keeps its uid and the save that follows gives it the new digest.
    const session = Provider.ctx?.oidc.session as { oldId?: string } | undefined
    if (session?.oldId === id) return null
    const known = await find.sessionUid(look, id)
    return known ? { do: 'revoke_session', uid: known } : null
  }
}

type Save = Extract<Write, { do: `save_${string}` }>

function saving(
  model: string,
  id: string,
  payload: AdapterPayload,
  expiresIn: number | undefined,
  issuedAt: Date | null,
): Save {
  const save = rowFor(model, id, payload, expiresIn, issuedAt)
  // jsonb cannot hold NUL; no honest parameter does (RFC 6749 appendix A).
  if (save.row.payload.includes('\\u0000'))
    throw new errors.InvalidRequest('the request contains characters that are not allowed')
  return save
}

function rowFor(
  model: string,
  id: string,
  payload: AdapterPayload,
  expiresIn: number | undefined,
  issuedAt: Date | null,
): Save {
  if (model === 'Session')
    return { do: 'save_session', row: sessionRow(id, payload, expiresIn, issuedAt, browserThatAsks()) }
  if (model === 'Grant') return { do: 'save_grant', row: grantRow(id, payload, expiresIn, issuedAt) }
  if (model === 'Interaction')
    return {
      do: 'save_interaction',
      row: interactionRow(id, { ...payload, browser: browserNow() }, expiresIn, issuedAt),
    }
  return { do: 'save_token', row: tokenRow(model, id, payload, expiresIn, issuedAt) }
}

/** The engine does not keep the mark of the browser that began a sign-in, so each save gives it anew. */
function browserNow(): string | undefined {
  return (Provider.ctx?.state as { browser?: string } | undefined)?.browser
}

const LONGEST_USER_AGENT = 500

/** What the browser says it is, and where it asks from. */
function browserThatAsks(): SessionBrowser {
  const { ctx } = Provider
  const userAgent = ctx?.req.headers['user-agent']?.slice(0, LONGEST_USER_AGENT) ?? null
  return { userAgent, ip: (ctx?.state as { ip?: string } | undefined)?.ip ?? null }
}

/** Storage trouble leaves as 503, never as "not found". */
function guarded(adapter: Adapter): Adapter {
  const entries = Object.entries(adapter).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await (method as (...args: unknown[]) => Promise<unknown>)(...args)
      } catch (error) {
        const meant = engineError(error)
        const work = unitOfWork(Provider.ctx)
        if (work && meant instanceof StorageUnavailable) work.failed = true
        throw meant
      }
    },
  ])
  return Object.fromEntries(entries) as Adapter
}
