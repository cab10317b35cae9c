import type { Context } from 'koa'
import { errors } from 'oidc-provider'
import type { InteractionResults, Provider } from 'oidc-provider'
import type { Db, Prisma, Tx } from '../db/index.ts'
import { acrRequestOf } from './acr.ts'
import type { AcrDemand, FactorTimes } from './acr.ts'
import { askedFor } from './asked-for.ts'
import { browserOf } from './browser-mark.ts'
import { engineError } from './errors.ts'
import { holdSession } from './in-force/hold-session.ts'
import type { OidcOptions } from './options.ts'
import { factorsOfSession } from './session-factors.ts'
import { idDigest } from './store/rows.ts'

/** A sign-in under way, as the hosted pages see it. */
export type Interaction = {
  uid: string
  prompt: { name: string; reasons: string[]; details: Record<string, unknown> }
  params: Record<string, unknown>
  clientId: string
  /** The session the browser brought along. */
  session: { userId: string; uid: string; amr: string[]; factors: FactorTimes } | null
  grantId: string | null
  /** What it goes back to: a consent given in it is as old as the request that asked for it. */
  issuedAt: Date
  /** How strongly somebody must have signed in. */
  demand: AcrDemand
  /** Whom the app asks for, by an ID token or by the `sub` claim; empty when anybody may answer. */
  askedFor: readonly unknown[]
  /** Has a login of this very request been accepted before, so that asking again would lead in circles? */
  loggedInBefore: boolean
  /** Whatever the interaction room keeps here; to be schema-checked by it. */
  progress: unknown
}

export type LoadedInteraction =
  | { ok: true; interaction: Interaction }
  | { ok: false; reason: 'no_cookie' | 'expired' | 'other_browser' | 'session_changed' }

/**
 * The interaction this browser began (its cookie) and is now asking for (the URL); both must agree (SE-04).
 * The engine's own checks apply: it exists, is not expired, and the session it started in is still the same user's.
 */
export async function loadInteraction(
  { provider, db, policy }: { provider: Provider; db: Db; policy: OidcOptions['policy'] },
  ctx: Context,
  uid: string,
): Promise<LoadedInteraction> {
  let details
  try {
    details = await provider.interactionDetails(ctx.req, ctx.res)
  } catch (error) {
    if (error instanceof errors.SessionNotFound) return { ok: false, reason: reasonOf(error) }
    throw engineError(error)
  }
  if (details.uid !== uid) return { ok: false, reason: 'other_browser' }
  const row = await db.interaction.findUnique({
    where: { digest: digestOf(uid) },
    select: { progress: true, payload: true, issuedAt: true },
  })
  if (!row) return { ok: false, reason: 'expired' }
  const { browser } = row.payload as { browser?: string }
  if (browser !== undefined && browser !== browserOf(ctx)) return { ok: false, reason: 'other_browser' }
  const { session, prompt, params, grantId, lastSubmission } = details
  return {
    ok: true,
    interaction: {
      uid,
      prompt: { name: prompt.name, reasons: prompt.reasons, details: prompt.details },
      params,
      clientId: String(params['client_id']),
      session: session?.uid ? await sessionOf(db, { ...session, uid: session.uid }) : null,
      grantId: grantId ?? null,
      issuedAt: row.issuedAt,
      demand: { table: policy.acr, policy: policy.totp, request: acrRequestOf(params) },
      askedFor: askedFor(params),
      loggedInBefore: lastSubmission?.login !== undefined,
      progress: row.progress,
    },
  }
}

async function sessionOf(
  db: Db,
  { uid, accountId, amr = [] }: { uid: string; accountId: string; amr?: string[] | undefined },
): Promise<NonNullable<Interaction['session']>> {
  const row = await db.session.findUnique({ where: { uid }, select: { payload: true } })
  const payload = (row?.payload ?? {}) as Parameters<typeof factorsOfSession>[0]
  return { userId: accountId, uid, amr, factors: factorsOfSession(payload) }
}

/** Whatever the interaction room keeps; whose sign-in it is becomes a column, so that ending that user's access finds it. */
export type ProgressToKeep = { userId?: string | undefined; [name: string]: unknown }

/** What came of keeping it: another request of the same sign-in was first, or the sign-in is gone, and nothing was kept. */
export type Kept = 'kept' | 'moved_on' | 'gone'

/**
 * Keeps how far the user has come, in place of what was loaded; the engine never sees it. Whatever another request kept in between stays:
 * written over, a proof or codes that nobody has seen yet would be lost.
 */
export async function saveProgress(
  db: Db,
  { uid, progress: loaded }: Pick<Interaction, 'uid' | 'progress'>,
  progress: ProgressToKeep,
): Promise<Kept> {
  const digest = digestOf(uid)
  const before = loaded === null || loaded === undefined ? null : JSON.stringify(loaded)
  const count = await db.$executeRaw`
    UPDATE interactions SET progress = ${JSON.stringify(progress)}::jsonb, user_id = ${progress.userId ?? null}::uuid
    WHERE digest = ${digest} AND progress IS NOT DISTINCT FROM ${before}::jsonb`
  if (count === 1) return 'kept'
  return (await db.interaction.count({ where: { digest } })) > 0 ? 'moved_on' : 'gone'
}

/**
 * Whether a sign-in may still add something to its user's account: it is there, no older than a cut of their access, they are not
 * disabled, and the session it began in, if it is theirs, still counts. Until this transaction is over that session does.
 */
export async function holdInteraction(
  tx: Tx,
  { uid, session }: Pick<Interaction, 'uid' | 'session'>,
  userId: string,
): Promise<boolean> {
  const rows = await tx.$queryRaw<object[]>`
    SELECT 1 FROM interactions i JOIN users u ON u.id = ${userId}::uuid AND u.disabled_at IS NULL
    WHERE i.digest = ${digestOf(uid)} AND (i.issued_at > u.tokens_not_before) IS NOT FALSE`
  if (rows.length === 0) return false
  return session?.userId !== userId || holdSession(tx, session.uid)
}

/**
 * Hands the engine its result; called last, because the engine signs in whenever a `login` result exists and the browser may
 * ask for the resume address at any time. Earlier results of the same request ride along, as the engine needs them to know
 * which prompts are answered. `otherSession`: the browser goes on with another session than it came with. Returns where the
 * browser goes next, or null when the interaction is gone.
 */
export async function finishInteraction(
  tx: Tx,
  uid: string,
  result: InteractionResults,
  { otherSession = false }: { otherSession?: boolean } = {},
): Promise<string | null> {
  const digest = digestOf(uid)
  // Whoever is signing in must not have been cut off since this began; from here on the row carries their id, and the next
  // read sees a cut that comes later.
  const userId = 'login' in result ? (result.login?.accountId ?? null) : null
  const rows = await tx.$queryRaw<{ payload: Payload }[]>`
    SELECT i.payload FROM interactions i LEFT JOIN users u ON u.id = COALESCE(${userId}::uuid, i.user_id)
    WHERE i.digest = ${digest} AND (i.issued_at > u.tokens_not_before) IS NOT FALSE FOR UPDATE OF i`
  const payload = rows[0]?.payload
  if (!payload) return null
  // As whom somebody signed in before, and what they allowed, is not true of the account they go on with: the engine would end its session.
  const { login: _theirs, consent: _theirsToo, ...answered } = payload.lastSubmission ?? {}
  const earlier = otherSession ? answered : payload.lastSubmission
  const merged = 'error' in result ? result : { ...earlier, ...result }
  // Whoever signs in as someone else, or changes accounts, leaves this session (see browser-accounts.ts): nothing to compare with it.
  const { session, ...rest } = payload
  const keepsSession =
    session !== undefined &&
    !otherSession &&
    (result.login === undefined || result.login.accountId === session.accountId)
  const next = { ...rest, ...(keepsSession ? { session } : {}), result: merged }
  await tx.interaction.update({
    where: { digest },
    data: {
      payload: next as unknown as Prisma.InputJsonObject,
      ...(result.login ? { userId: result.login.accountId } : {}),
    },
    select: { digest: true },
  })
  return resumeAddress(uid, payload)
}

/** Where the browser goes on from a sign-in whose result the engine has, `open` while it has none; null when the interaction is gone. */
export async function decidedAddress(tx: Tx, uid: string): Promise<{ next: string } | 'open' | null> {
  const row = await tx.interaction.findUnique({ where: { digest: digestOf(uid) }, select: { payload: true } })
  if (!row) return null
  const payload = row.payload as Payload
  return payload.result === undefined ? 'open' : { next: resumeAddress(uid, payload) }
}

function resumeAddress(uid: string, { deviceCode }: Payload): string {
  return `/${deviceCode === undefined ? 'authorize' : 'device'}/${uid}`
}

type Payload = {
  result?: InteractionResults
  lastSubmission?: InteractionResults
  session?: { accountId: string }
  /** The device that it is for, if it is for one. */
  deviceCode?: string
} & Record<string, unknown>

function digestOf(uid: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(idDigest(uid))
}

function reasonOf(error: Error): 'no_cookie' | 'expired' | 'session_changed' {
  const detail = (error as { error_description?: string }).error_description ?? ''
  if (detail.includes('cookie not found')) return 'no_cookie'
  if (detail.includes('principal changed') || detail === 'session not found') return 'session_changed'
  return 'expired'
}
