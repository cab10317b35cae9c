import { generateAuthenticationOptions, verifyAuthenticationResponse } from '@simplewebauthn/server'
import { record } from '../audit/index.ts'
import { sameBytes } from '../crypto/index.ts'
import type { Database, Db } from '../db/index.ts'
import type { Around } from './around.ts'
import { newChallenge, readChallenge, spendChallenge } from './passkey-challenge.ts'
import type { ChallengePurpose } from './passkey-challenge.ts'
import { clientDataOf, parseAuthentication } from './passkey-response.ts'
import type { AuthenticationResponse } from './passkey-response.ts'
import { userHandleOf } from './passkey-site.ts'
import type { PasskeySite } from './passkey-site.ts'
import { giveBack, giveBackAfterTrouble, recordBlocks, reserveAttempt } from './throttle.ts'
import { networkCounters, passkeyCounters } from './throttle-counters.ts'
import type { Counter } from './throttle-counters.ts'
import type { CounterPolicy } from './throttle-policy.ts'
import { provenBrowser } from './trusted-browsers.ts'
import { toUser } from './user.ts'
import type { User } from './user.ts'
import { isUserId } from './user-id.ts'

type OptionsDeps = { db: Db; site: PasskeySite; keys: readonly Buffer[]; now?: (() => Date) | undefined }
type AuthenticationDeps = Omit<OptionsDeps, 'db'> & { database: Database }

/** What a page is bound to that asks for a passkey, and whose it must be; without a user, whoever's it is. */
type Asked = { binding: string; userId?: string | undefined }

/** RFC 8176: a key that never leaves its hardware, or one that its keeper copies between devices. */
export type PasskeyMethod = 'hwk' | 'swk'

export type PasskeyVerdict =
  | { ok: true; user: User; passkeyId: string; method: PasskeyMethod }
  | { ok: false; reason: 'refused' }
  | { ok: false; reason: 'throttled'; retryAfter: number }

// Nobody guesses a signature; this bounds what one network can make us verify and record.
const refusals: CounterPolicy = {
  limit: 300,
  windowSeconds: 3600,
  renews: false,
  blockSeconds: 900,
  maxBlockSeconds: 3600,
  clearedBySuccess: false,
}

/**
 * What the browser needs to ask for a passkey (PublicKeyCredentialRequestOptions as JSON). With a user: one of theirs, as a second
 * factor. Without: any passkey of this site that the person picks, so that nobody has to type a name and nobody learns who has an
 * account. User verification is required either way. Stores nothing.
 */
export async function passkeyAuthenticationOptions(
  { db, site, keys, now }: OptionsDeps,
  { binding, userId }: Asked,
): Promise<string> {
  const passkeys =
    userId === undefined || !isUserId(userId)
      ? []
      : await db.passkey.findMany({ where: { userId }, select: { id: true, transports: true } })
  const challenge = newChallenge(keys, { for: 'authentication', binding, userId }, now?.() ?? new Date())
  const options = await generateAuthenticationOptions({
    rpID: site.rpId,
    challenge: Buffer.from(challenge, 'base64url'),
    timeout: 5 * 60_000,
    userVerification: 'required',
    allowCredentials: passkeys.map(({ id, transports }) => ({
      id: Buffer.from(id).toString('base64url'),
      transports,
    })),
  })
  return JSON.stringify(options)
}

/**
 * Checks what a browser sent back: a passkey of this site, its user verified by fingerprint, face or PIN, answering a challenge that
 * we made for this very page and that nobody has answered (WebAuthn section 7.2). The user is found by the credential's id, and must
 * be the one in its user handle, the one asked for if there is one, and not disabled. A signature counter that does not go up is
 * refused and recorded: the key was copied; keys that do not count stay at 0. One answer for every refusal. Refusals are counted for the
 * passkey in each network, or for the known browser they come from (TH-03). What goes with a right one is in `around`: whoever finds its
 * challenge spent finds that done, and is not counted. Passes on storage trouble.
 */
export async function verifyPasskeyAuthentication(
  deps: AuthenticationDeps,
  {
    binding,
    userId,
    response: text,
    ip,
    browserToken,
  }: Asked & { response: unknown; ip?: string | undefined; browserToken?: string | undefined },
  around: Around<{ user: User; method: PasskeyMethod }> = {},
): Promise<PasskeyVerdict> {
  const { database, keys } = deps
  const now = deps.now?.() ?? new Date()
  const response = parseAuthentication(text)
  const client = response && clientDataOf(response.response.clientDataJSON)
  if (!response || !client || client.crossOrigin) return refused
  const purpose: ChallengePurpose = { for: 'authentication', binding, userId }
  const expiresAt = readChallenge(keys, purpose, { challenge: client.challenge, now })
  if (!expiresAt) return refused
  const counters = await countersOf(deps, { passkey: response.id, ip: ip ?? '', token: browserToken })
  const reserved = await reserveAttempt(database.prisma, counters, now)
  if (!reserved.ok) return { ok: false, reason: 'throttled', retryAfter: reserved.retryAfter }
  try {
    const challenge = { text: client.challenge, expiresAt }
    const { replayed = false, ...verdict } = await judge(deps, {
      response,
      challenge,
      userId,
      ip,
      now,
      around,
    })
    // Sent twice, it is the answer to a page that was right: nobody learns anything by it.
    if (verdict.ok || replayed) await giveBack(database.prisma, reserved.reservation)
    else await recordBlocks(database.prisma, reserved.reservation, { ip })
    return verdict
  } catch (error) {
    await giveBackAfterTrouble(database.prisma, reserved.reservation)
    throw error
  }
}

const refused = { ok: false, reason: 'refused' } as const

async function countersOf(
  { database: { prisma } }: AuthenticationDeps,
  { passkey, ip, token }: { passkey: string; ip: string; token: string | undefined },
): Promise<Counter[]> {
  const id = Uint8Array.from(Buffer.from(passkey, 'base64url'))
  const known = await prisma.passkey.findUnique({ where: { id }, select: { userId: true } })
  if (!known) return networkCounters('passkey.network', refusals, ip)
  const { userId } = known
  const browser = await provenBrowser(prisma, { token, userId })
  return passkeyCounters(refusals, { userId, passkey, ip, browser })
}

type Claim = {
  response: AuthenticationResponse
  challenge: { text: string; expiresAt: Date }
  userId: string | undefined
  ip: string | undefined
  now: Date
  around: Around<{ user: User; method: PasskeyMethod }>
}

async function judge(
  { database, site }: AuthenticationDeps,
  claim: Claim,
): Promise<PasskeyVerdict & { replayed?: boolean }> {
  const { response, challenge, ip, now, around } = claim
  const id = Uint8Array.from(Buffer.from(response.id, 'base64url'))
  const passkey = await database.prisma.passkey.findUnique({ where: { id }, include: { user: true } })
  if (!passkey) return refused
  const { userId } = passkey
  const isTheirs = (claim.userId ?? userId) === userId && belongsTo(response, userId)
  const used = isTheirs ? await signatureOf(response, site, { ...passkey, challenge: challenge.text }) : null
  if (!used) {
    await record(database.prisma, { type: 'sign_in.passkey_failed', userId, ip, detail: {} })
    return refused
  }
  const method = passkey.deviceType === 'single_device' ? 'hwk' : 'swk'
  const user = toUser(passkey.user)
  const outcome = await database.transaction(async (tx) => {
    await around.before?.(tx)
    if (!(await spendChallenge(tx, challenge.text, challenge.expiresAt))) return 'replayed'
    const counter = BigInt(used.counter)
    const { count } = await tx.passkey.updateMany({
      where: { id, user: { disabledAt: null }, counter: counter === 0n ? 0n : { lt: counter } },
      data: { counter, backedUp: used.backedUp, lastUsedAt: now },
    })
    if (count === 0) return passkey.user.disabledAt === null ? 'counter_went_back' : 'disabled'
    await record(tx, { type: 'sign_in.passkey_ok', userId, ip, detail: { passkey: response.id } })
    await around.after?.(tx, { user, method })
    return 'accepted'
  })
  if (outcome === 'accepted') return { ok: true, user, passkeyId: response.id, method }
  const detail = { passkey: response.id, reason: outcome }
  await record(database.prisma, { type: 'sign_in.passkey_failed', userId, ip, detail })
  return { ...refused, replayed: outcome === 'replayed' }
}

/** An authenticator asked without a list of credentials always says whose its answer is; asked with one, it may. */
function belongsTo({ response: { userHandle } }: AuthenticationResponse, userId: string): boolean {
  if (userHandle === undefined || userHandle === null) return true
  return sameBytes(Buffer.from(userHandle, 'base64url'), userHandleOf(userId))
}

async function signatureOf(
  { response, ...rest }: AuthenticationResponse,
  site: PasskeySite,
  { publicKey, transports, challenge }: { publicKey: Uint8Array; transports: string[]; challenge: string },
): Promise<{ counter: number; backedUp: boolean } | null> {
  try {
    const { userHandle, ...signed } = response
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...rest, response: { ...signed, ...(userHandle ? { userHandle } : {}) } },
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      expectedType: 'webauthn.get',
      // The counter is compared in the database, by whoever writes it.
      credential: { id: rest.id, publicKey: Uint8Array.from(publicKey), counter: 0, transports },
      requireUserVerification: true,
    })
    if (!verified || !authenticationInfo.userVerified) return null
    return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp }
  } catch {
    // The library says "no" by throwing, whatever was sent; nothing in there asks the database.
    return null
  }
}
