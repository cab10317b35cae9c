import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server'
import { decodeAttestationObject, isoCBOR } from '@simplewebauthn/server/helpers'
import { record } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database, Db, Tx } from '../db/index.ts'
import type { Around } from './around.ts'
import { normaliseFactorName } from './factor-name.ts'
import { factorAdded } from './factor-changes.ts'
import type { PasskeyMethod } from './passkey-authentication.ts'
import { newChallenge, readChallenge, spendChallenge } from './passkey-challenge.ts'
import { passkeyKind } from './passkey-kind.ts'
import { nameByMaker } from './passkey-makers.ts'
import { clientDataOf, parseRegistration } from './passkey-response.ts'
import type { RegistrationResponse } from './passkey-response.ts'
import { userHandleOf } from './passkey-site.ts'
import type { PasskeySite } from './passkey-site.ts'
import type { ChangedFrom } from './security-notice.ts'
import { isUserId } from './user-id.ts'

/** More than anybody needs, and few enough to look through. */
export const MAX_PASSKEYS = 10

type OptionsDeps = { db: Db; site: PasskeySite; keys: readonly Buffer[]; now?: (() => Date) | undefined }
type RegistrationDeps = Omit<OptionsDeps, 'db'> & { database: Database; sealer: Sealer }

/** Whose passkey, and what the page is bound to that asks for it: the uid of the sign-in or of the account page's session. */
type Asked = { userId: string; binding: string }

type Registered =
  | { ok: true; id: string; name: string | null; method: PasskeyMethod }
  | { ok: false; reason: 'refused' | 'taken' | 'too_many' | 'name_invalid' }

/**
 * What the browser needs to make a passkey (PublicKeyCredentialCreationOptions as JSON), or null when there is no such user or
 * they have ten already. A passkey that the user has is not made twice on one authenticator (excludeCredentials). It can be found
 * without a name where the authenticator can (discoverable), and asks for fingerprint, face or PIN (user verification): so it is
 * two factors in one.
 */
export async function passkeyRegistrationOptions(
  { db, site, keys, now }: OptionsDeps,
  { userId, binding }: Asked,
): Promise<string | null> {
  if (!isUserId(userId)) return null
  const user = await db.user.findUnique({
    where: { id: userId },
    select: { email: true, name: true, passkeys: { select: { id: true, transports: true } } },
  })
  if (!user || user.passkeys.length >= MAX_PASSKEYS) return null
  const purpose = { for: 'registration', binding, userId } as const
  const options = await generateRegistrationOptions({
    rpName: site.name,
    rpID: site.rpId,
    userID: userHandleOf(userId),
    userName: user.email,
    userDisplayName: user.name ?? user.email,
    challenge: Buffer.from(newChallenge(keys, purpose, now?.() ?? new Date()), 'base64url'),
    timeout: 5 * 60_000,
    attestationType: 'none',
    excludeCredentials: user.passkeys.map(({ id, transports }) => ({
      id: Buffer.from(id).toString('base64url'),
      transports,
    })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
  })
  return JSON.stringify(options)
}

/**
 * Adds the passkey that a browser made, records it and tells the user by mail. `refused`: not for this challenge, this user, this
 * page, this site, without user verification, too late, or sent before. `taken`: that credential is registered already.
 * Until here it counts for nothing. What goes with it is in `around`. Passes on storage trouble.
 */
export async function verifyPasskeyRegistration(
  deps: RegistrationDeps,
  {
    userId,
    binding,
    response,
    name,
    ip,
    userAgent,
  }: Asked & { response: unknown; name?: string | undefined } & ChangedFrom,
  around: Around<PasskeyMethod> = {},
): Promise<Registered> {
  const chosen = normaliseFactorName(name)
  if (chosen === undefined) return { ok: false, reason: 'name_invalid' }
  const verified = await verify(deps, { userId, binding, response })
  if (!verified) return { ok: false, reason: 'refused' }
  const { credential, challenge } = verified
  const row = { ...credential, name: chosen ?? nameByMaker(credential.aaguid) }
  return deps.database.transaction(async (tx): Promise<Registered> => {
    // Two at once would each see room for one more.
    const [user] = await tx.$queryRaw<object[]>`
      SELECT id FROM users WHERE id = ${userId}::uuid AND disabled_at IS NULL FOR UPDATE`
    if (!user) return { ok: false, reason: 'refused' }
    await around.before?.(tx)
    if ((await tx.passkey.count({ where: { userId } })) >= MAX_PASSKEYS)
      return { ok: false, reason: 'too_many' }
    if (!(await spendChallenge(tx, challenge.text, challenge.expiresAt)))
      return { ok: false, reason: 'refused' }
    if (!(await keep(tx, userId, row))) return { ok: false, reason: 'taken' }
    const { deviceType, backedUp, aaguid, transports } = row
    await record(tx, {
      type: 'factor.passkey_added',
      userId,
      ip,
      actor: { via: 'user', userId },
      detail: { deviceType, backedUp, aaguid, kinds: [passkeyKind(transports)] },
    })
    await factorAdded({ tx, sealer: deps.sealer }, { userId, what: 'passkey_added', ip, userAgent })
    const method = deviceType === 'single_device' ? 'hwk' : 'swk'
    await around.after?.(tx, method)
    const id = Buffer.from(row.id).toString('base64url')
    return { ok: true, id, name: row.name, method }
  })
}

type Credential = {
  id: Uint8Array<ArrayBuffer>
  publicKey: Uint8Array<ArrayBuffer>
  counter: bigint
  transports: string[]
  deviceType: 'single_device' | 'multi_device'
  backedUp: boolean
  aaguid: string
}

async function verify(
  { site, keys, now }: RegistrationDeps,
  { userId, binding, response: text }: Asked & { response: unknown },
): Promise<{ credential: Credential; challenge: { text: string; expiresAt: Date } } | null> {
  const response = parseRegistration(text)
  const client = response && clientDataOf(response.response.clientDataJSON)
  if (!response || !client || client.crossOrigin || !isUserId(userId)) return null
  const purpose = { for: 'registration', binding, userId } as const
  const expiresAt = readChallenge(keys, purpose, {
    challenge: client.challenge,
    now: now?.() ?? new Date(),
  })
  if (!expiresAt) return null
  const credential = await credentialIn(response, site, client.challenge)
  return credential && { credential, challenge: { text: client.challenge, expiresAt } }
}

async function credentialIn(
  response: RegistrationResponse,
  site: PasskeySite,
  expectedChallenge: string,
): Promise<Credential | null> {
  const { transports, attestationObject } = response.response
  try {
    const { verified, registrationInfo: made } = await verifyRegistrationResponse({
      response: {
        ...response,
        response: {
          ...response.response,
          attestationObject: unattested(attestationObject),
          transports: transports ?? [],
        },
      },
      expectedChallenge,
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      expectedType: 'webauthn.create',
      requireUserVerification: true,
    })
    if (!verified) return null
    return {
      id: Uint8Array.from(Buffer.from(made.credential.id, 'base64url')),
      publicKey: Uint8Array.from(made.credential.publicKey),
      counter: BigInt(made.credential.counter),
      transports: transports ?? [],
      deviceType: made.credentialDeviceType === 'singleDevice' ? 'single_device' : 'multi_device',
      backedUp: made.credentialBackedUp,
      aaguid: made.aaguid,
    }
  } catch {
    // The library says "no" by throwing, whatever was sent; nothing in there asks the database.
    return null
  }
}

/**
 * What was made, without its attestation statement (as with conveyance `none`, WebAuthn section 5.4.7). Nobody asked for one, and none
 * is believed; but the library checks whichever is sent, and fetches the revocation lists that its certificates name before it knows
 * who made them: any address, from inside our network, for whoever may make a passkey. Throws for what is no attestation object.
 */
function unattested(attestationObject: string): string {
  const sent = decodeAttestationObject(Uint8Array.from(Buffer.from(attestationObject, 'base64url')))
  const bare = new Map<string, string | Uint8Array<ArrayBuffer> | Map<string, never>>([
    ['fmt', 'none'],
    ['attStmt', new Map<string, never>()],
    ['authData', Uint8Array.from(sent.get('authData'))],
  ])
  return Buffer.from(isoCBOR.encode(bare)).toString('base64url')
}

async function keep(tx: Tx, userId: string, row: Credential & { name: string | null }): Promise<boolean> {
  const { count } = await tx.passkey.createMany({ data: [{ userId, ...row }], skipDuplicates: true })
  return count === 1
}
