import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  counterKey,
  factorsOf,
  generateRecoveryCodes,
  hasSecondFactor,
  importTotp,
  listFactors,
  MAX_PASSKEYS,
  passkeyAuthenticationOptions,
  passkeyRegistrationOptions,
  passkeySiteOf,
  removePasskey,
  removeTotpDevice,
  renamePasskey,
  resetSecondFactor,
  setDisabled,
  unlockUser,
  usersSweeps,
  verifyPasskeyAuthentication,
  verifyPasskeyRegistration,
} from '../../../src/users/index.ts'
import type { PasskeySite, User } from '../../../src/users/index.ts'
import { foreignKey, makePasskey, usePasskey } from '../../support/authenticator.ts'
import type { Deviation, KeptPasskey } from '../../support/authenticator.ts'
import { openRoom, race } from './room.ts'
import type { Room } from './room.ts'
import { sweepOnce } from '../../support/sweep.ts'

const keys = [randomBytes(32)]
const ORIGIN = 'https://id.example.test'
let room: Room
let site: PasskeySite
beforeAll(async () => {
  room = await openRoom()
  const found = passkeySiteOf(ORIGIN, 'Example')
  if (!found) throw new Error('no site')
  site = found
})
afterAll(() => room.close())

type Where = { binding?: string; database?: Room['database'] }
const deps = (database = room.database) => ({
  ...{ database, sealer: room.sealer, site, keys, now: room.now },
})
const optionsDeps = () => ({ db: room.database.prisma, site, keys, now: room.now })

async function creationOptions(user: User, binding = 'page'): Promise<string> {
  const options = await passkeyRegistrationOptions(optionsDeps(), { userId: user.id, binding })
  if (options === null) throw new Error('no options')
  return options
}
const requestOptions = (of: { binding?: string; userId?: string } = {}) =>
  passkeyAuthenticationOptions(optionsDeps(), { binding: 'page', ...of })

const register = (user: User, response: unknown, { binding = 'page', database }: Where = {}) =>
  verifyPasskeyRegistration(deps(database), { userId: user.id, binding, response })
const authenticate = (
  response: unknown,
  { binding = 'page', userId, database, ip = '192.0.2.1' }: Where & { userId?: string; ip?: string } = {},
) => verifyPasskeyAuthentication(deps(database), { binding, userId, response, ip })

/** A user with a passkey that counts its signatures from 5 on. */
async function withPasskey(deviation: Deviation = {}): Promise<{ user: User; passkey: KeptPasskey }> {
  const user = await room.addUser()
  const { passkey, response } = makePasskey(await creationOptions(user), ORIGIN, deviation)
  expect(await register(user, response)).toMatchObject({ ok: true })
  return { user, passkey }
}

const mails = async (userId: string): Promise<number> =>
  room.database.prisma.mail.count({ where: { userId } })

describe('a passkey', () => {
  test('is made and used, told by mail and recorded (MF-07)', async () => {
    const { user, passkey } = await withPasskey({ counter: 5 })
    expect(await mails(user.id)).toBe(1)
    const verdict = await authenticate(usePasskey(await requestOptions(), ORIGIN, passkey, { counter: 6 }))
    expect(verdict).toMatchObject({ ok: true, user: { id: user.id }, method: 'swk', passkeyId: passkey.id })
    expect(await room.events(user.id)).toEqual(['user.created', 'factor.passkey_added', 'sign_in.passkey_ok'])
    const { passkeys } = await listFactors(room.database.prisma, user.id)
    expect(passkeys).toMatchObject([
      { id: passkey.id, deviceType: 'multi_device', backedUp: true, lastUsedAt: room.now() },
    ])
  })

  test('that stays on its device is told apart from one that is copied (RFC 8176)', async () => {
    const { passkey } = await withPasskey({ synced: false })
    const response = usePasskey(await requestOptions(), ORIGIN, passkey, { synced: false })
    expect(await authenticate(response)).toMatchObject({ ok: true, method: 'hwk' })
  })

  test('knows its user by a handle that is always the same and says nothing (WebAuthn section 14.6.1)', async () => {
    const user = await room.addUser()
    const handles = [await creationOptions(user), await creationOptions(user, 'another page')].map(
      (options) => (JSON.parse(options) as { user: { id: string } }).user.id,
    )
    expect(new Set(handles).size).toBe(1)
    expect(Buffer.from(handles[0] ?? '', 'base64url')).toHaveLength(32)
    expect(Buffer.from(handles[0] ?? '', 'base64url').toString('latin1')).not.toContain(user.id.slice(0, 8))
  })

  test('is taken without a look at its attestation: certificates that a stranger made up would name addresses to fetch', async () => {
    const user = await room.addUser()
    const attested = { format: 'android-key', statement: new Map([['x5c', [Uint8Array.of(1)]]]) }
    const { passkey, response } = makePasskey(await creationOptions(user), ORIGIN, { attested })
    expect(await register(user, response)).toMatchObject({ ok: true, id: passkey.id })
    expect(await authenticate(usePasskey(await requestOptions(), ORIGIN, passkey))).toMatchObject({
      ok: true,
    })
  })

  test('keeps no transports that are none, whatever a browser says (HT-06)', async () => {
    const user = await room.addUser()
    const { passkey, response } = makePasskey(await creationOptions(user), ORIGIN, {
      transports: ['\0', 'usb'],
    })
    expect(await register(user, response)).toMatchObject({ ok: true, id: passkey.id })
  })

  test('is asked for with user verification, preferably discoverable, and not twice on one device', async () => {
    const { user, passkey } = await withPasskey()
    expect(JSON.parse(await creationOptions(user))).toMatchObject({
      rp: { id: 'id.example.test', name: 'Example' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
      excludeCredentials: [{ id: passkey.id }],
    })
    expect(JSON.parse(await requestOptions())).toMatchObject({
      allowCredentials: [],
      userVerification: 'required',
    })
    expect(JSON.parse(await requestOptions({ userId: user.id }))).toMatchObject({
      allowCredentials: [{ id: passkey.id }],
    })
  })

  test('cannot exist where the issuer is an address: WebAuthn knows hosts by name', () => {
    expect(passkeySiteOf('http://127.0.0.1:3000', 'x')).toBeNull()
    expect(passkeySiteOf('https://[2001:db8::1]', 'x')).toBeNull()
    expect(passkeySiteOf('http://localhost:3000', 'x')).toMatchObject({
      rpId: 'localhost',
      origin: 'http://localhost:3000',
    })
  })
})

describe('an answer to a sign-in is refused', () => {
  test.each<[string, Deviation]>([
    ['from another origin (phishing)', { origin: 'https://id.example.test.evil.example' }],
    ['from another port', { origin: 'https://id.example.test:8443' }],
    ['from plain http', { origin: 'http://id.example.test' }],
    ['for another relying party', { rpId: 'example.test' }],
    ['without user verification', { verified: false }],
    ['without user presence', { present: false }],
    ['that is an answer to a registration', { type: 'webauthn.create' }],
    ['from a page inside another', { crossOrigin: true }],
    ['signed by another key', { key: foreignKey() }],
    ['with the handle of another user', { userHandle: Buffer.alloc(32, 7).toString('base64url') }],
    ['with a challenge of its own', { challenge: Buffer.alloc(32, 7).toString('base64url') }],
    ['by a credential that nobody has', { id: Buffer.alloc(16, 7).toString('base64url') }],
  ])('%s (MF-03, WebAuthn section 7.2)', async (_what, deviation) => {
    const { passkey } = await withPasskey()
    const response = usePasskey(await requestOptions(), ORIGIN, passkey, deviation)
    expect(await authenticate(response)).toEqual({ ok: false, reason: 'refused' })
    // It was not the passkey.
    expect(await authenticate(usePasskey(await requestOptions(), ORIGIN, passkey))).toMatchObject({
      ok: true,
    })
  })

  test('that is none', async () => {
    const long = JSON.stringify({ id: 'x'.repeat(40_000) })
    for (const response of [undefined, null, '', '{', '[]', '{"id":5}', 'null', '"x"', long])
      expect(await authenticate(response)).toEqual({ ok: false, reason: 'refused' })
  })

  test('the second time: a challenge is answered once, also by many at once on two instances (MF-03)', async () => {
    const { passkey } = await withPasskey()
    const response = usePasskey(await requestOptions(), ORIGIN, passkey)
    const verdicts = await race(room, 12, (_, database) => authenticate(response, { database }))
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await authenticate(response)).toEqual({ ok: false, reason: 'refused' })
  })

  test('in another sign-in than the one it was asked in (MF-04)', async () => {
    const { user, passkey } = await withPasskey()
    const response = usePasskey(await requestOptions({ binding: 'one' }), ORIGIN, passkey)
    expect(await authenticate(response, { binding: 'other' })).toEqual({ ok: false, reason: 'refused' })
    expect(await authenticate(response, { binding: 'one', userId: user.id })).toEqual({
      ok: false,
      reason: 'refused',
    })
    expect(await authenticate(response, { binding: 'one' })).toMatchObject({ ok: true })
  })

  test('of another user, where one user is asked (MF-04)', async () => {
    const [{ user }, other] = [await withPasskey(), await withPasskey()]
    const asked = await requestOptions({ userId: user.id })
    const response = usePasskey(asked, ORIGIN, other.passkey)
    expect(await authenticate(response, { userId: user.id })).toEqual({ ok: false, reason: 'refused' })
    expect(await room.events(other.user.id)).toContain('sign_in.passkey_failed')
  })

  test('too late', async () => {
    const { passkey } = await withPasskey()
    const response = usePasskey(await requestOptions(), ORIGIN, passkey)
    room.turnClock(15 * 60 + 1)
    expect(await authenticate(response)).toEqual({ ok: false, reason: 'refused' })
  })

  test('with a challenge that another server made', async () => {
    const { passkey } = await withPasskey()
    const theirs = { ...optionsDeps(), keys: [Buffer.alloc(32, 1)] }
    const options = await passkeyAuthenticationOptions(theirs, { binding: 'page' })
    expect(await authenticate(usePasskey(options, ORIGIN, passkey))).toEqual({ ok: false, reason: 'refused' })
  })

  test('when its counter does not go up, which is recorded: the key was copied (WebAuthn section 7.2 step 22)', async () => {
    const { user, passkey } = await withPasskey({ counter: 5 })
    for (const counter of [5, 4, 0]) {
      const copied = usePasskey(await requestOptions(), ORIGIN, passkey, { counter })
      expect(await authenticate(copied)).toEqual({ ok: false, reason: 'refused' })
    }
    const [event] = await room.database.prisma.auditEvent.findMany({
      where: { userId: user.id, type: 'sign_in.passkey_failed' },
    })
    expect(event?.detail).toMatchObject({ reason: 'counter_went_back' })
    const own = usePasskey(await requestOptions(), ORIGIN, passkey, { counter: 6 })
    expect(await authenticate(own)).toMatchObject({ ok: true })
  })

  test('when two copies count the same at the same moment: one of them', async () => {
    const { passkey } = await withPasskey({ counter: 5 })
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () =>
        usePasskey(await requestOptions(), ORIGIN, passkey, { counter: 6 }),
      ),
    )
    const verdicts = await race(room, 8, (index, database) => authenticate(answers[index], { database }))
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(1)
  })

  test('of a disabled user, as one of nobody (DI-01)', async () => {
    const { user, passkey } = await withPasskey()
    const response = usePasskey(await requestOptions(), ORIGIN, passkey)
    await setDisabled(room.database.prisma, user.id, true)
    expect(await authenticate(response)).toEqual({ ok: false, reason: 'refused' })
    await setDisabled(room.database.prisma, user.id, false)
    const again = usePasskey(await requestOptions(), ORIGIN, passkey)
    expect(await authenticate(again)).toMatchObject({ ok: true })
  })
})

describe('a registration is refused', () => {
  test.each<[string, Deviation]>([
    ['from another origin', { origin: 'https://evil.example' }],
    ['for another relying party', { rpId: 'evil.example' }],
    ['without user verification', { verified: false }],
    ['with a challenge of its own', { challenge: Buffer.alloc(32, 7).toString('base64url') }],
    ['that is an answer to a sign-in', { type: 'webauthn.get' }],
    ['from a page inside another', { crossOrigin: true }],
  ])('%s (WebAuthn section 7.1)', async (_what, deviation) => {
    const user = await room.addUser()
    const { response } = makePasskey(await creationOptions(user), ORIGIN, deviation)
    expect(await register(user, response)).toEqual({ ok: false, reason: 'refused' })
    expect((await factorsOf(room.database.prisma, user.id)).passkeys).toBe(0)
  })

  test('for another user, and on another page, than it was asked for (MF-04)', async () => {
    const [user, other] = [await room.addUser(), await room.addUser()]
    const { response } = makePasskey(await creationOptions(user), ORIGIN)
    expect(await register(other, response)).toEqual({ ok: false, reason: 'refused' })
    expect(await register(user, response, { binding: 'another' })).toEqual({ ok: false, reason: 'refused' })
    expect(await register(user, response)).toMatchObject({ ok: true })
  })

  test('the second time, also by many at once', async () => {
    const user = await room.addUser()
    const { response } = makePasskey(await creationOptions(user), ORIGIN)
    const made = await race(room, 6, (_, database) => register(user, response, { database }))
    expect(made.filter(({ ok }) => ok)).toHaveLength(1)
    expect((await factorsOf(room.database.prisma, user.id)).passkeys).toBe(1)
  })

  test('of a credential that somebody else has registered: nobody takes it over', async () => {
    const { user: victim, passkey } = await withPasskey()
    const thief = await room.addUser()
    const { response } = makePasskey(await creationOptions(thief), ORIGIN, { id: passkey.id })
    expect(await register(thief, response)).toEqual({ ok: false, reason: 'taken' })
    const verdict = await authenticate(usePasskey(await requestOptions(), ORIGIN, passkey))
    expect(verdict).toMatchObject({ ok: true, user: { id: victim.id } })
  })

  test('beyond ten, also when the last two come together', async () => {
    const user = await room.addUser()
    for (let made = 0; made < MAX_PASSKEYS - 1; made += 1)
      await register(user, makePasskey(await creationOptions(user), ORIGIN).response)
    const last = [await creationOptions(user), await creationOptions(user)].map(
      (options) => makePasskey(options, ORIGIN).response,
    )
    const made = await race(room, 2, (index, database) => register(user, last[index], { database }))
    expect(made.map((one) => (one.ok ? 'ok' : one.reason)).sort()).toEqual(['ok', 'too_many'])
    expect(await passkeyRegistrationOptions(optionsDeps(), { userId: user.id, binding: 'page' })).toBeNull()
  })

  test('of nobody, and of a name that cannot be shown', async () => {
    expect(
      await passkeyRegistrationOptions(optionsDeps(), { userId: randomUUID(), binding: 'page' }),
    ).toBeNull()
    const user = await room.addUser()
    const { response } = makePasskey(await creationOptions(user), ORIGIN)
    const named = { userId: user.id, binding: 'page', response, name: 'a\nb' }
    expect(await verifyPasskeyRegistration(deps(), named)).toEqual({ ok: false, reason: 'name_invalid' })
  })
})

describe('its owner', () => {
  const change = <T>(
    work: (tx: { tx: Parameters<typeof removePasskey>[0]['tx']; sealer: Room['sealer'] }) => Promise<T>,
  ) => room.database.transaction((tx) => work({ tx, sealer: room.sealer }))

  test('names it; nobody else does', async () => {
    const [{ user, passkey }, other] = [await withPasskey(), await room.addUser()]
    const { prisma } = room.database
    expect(await renamePasskey(prisma, { userId: user.id, id: passkey.id, name: '  Key ring ' })).toEqual({
      ok: true,
    })
    expect((await listFactors(prisma, user.id)).passkeys[0]?.name).toBe('Key ring')
    for (const [userId, name, reason] of [
      [other.id, 'Mine', 'not_found'],
      [user.id, 'x'.repeat(61), 'name_invalid'],
      [user.id, '\u0000', 'name_invalid'],
    ] as const)
      expect(await renamePasskey(prisma, { userId, id: passkey.id, name })).toEqual({ ok: false, reason })
  })

  test('removes it, which ends it and the recovery codes with it, and is told (MF-07)', async () => {
    const { user, passkey } = await withPasskey()
    await generateRecoveryCodes(room.database.prisma, user.id)
    const removal = { userId: user.id, id: passkey.id, required: false, passkeysWork: true }
    expect(await change((tx) => removePasskey(tx, { ...removal, userId: randomUUID() }))).toEqual({
      ok: false,
      reason: 'not_found',
    })
    expect(await change((tx) => removePasskey(tx, removal))).toEqual({ ok: true })
    expect(await factorsOf(room.database.prisma, user.id)).toEqual({
      totp: false,
      passkeys: 0,
      recoveryCodes: 0,
    })
    expect(await authenticate(usePasskey(await requestOptions(), ORIGIN, passkey))).toEqual({
      ok: false,
      reason: 'refused',
    })
    expect(await mails(user.id)).toBe(2)
  })

  test('keeps the last one where a second factor is required, also when two are removed at once', async () => {
    const { user, passkey } = await withPasskey()
    const second = makePasskey(await creationOptions(user), ORIGIN)
    await register(user, second.response)
    const ids = [passkey.id, second.passkey.id]
    const outcomes = await race(room, 2, (index, database) =>
      database.transaction((tx) =>
        removePasskey(
          { tx, sealer: room.sealer },
          { userId: user.id, id: ids[index] ?? '', required: true, passkeysWork: true },
        ),
      ),
    )
    expect(outcomes.map((one) => (one.ok ? 'ok' : one.reason)).sort()).toEqual(['last_factor', 'ok'])
  })

  test('where there can be none any more is no factor: it goes, the last authenticator stays, and codes stand in for that alone (MF-07)', async () => {
    const { user, passkey } = await withPasskey()
    const { prisma } = room.database
    expect(await hasSecondFactor(prisma, user.id, { passkeysWork: true })).toBe(true)
    expect(await hasSecondFactor(prisma, user.id, { passkeysWork: false })).toBe(false)
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
    expect(await change((deps) => importTotp(deps, { userId: user.id, secret }))).toEqual({ ok: true })
    await generateRecoveryCodes(prisma, user.id)
    const [device] = (await listFactors(prisma, user.id)).totp
    const removal = { userId: user.id, required: true, passkeysWork: false }
    const removeDevice = (required: boolean) =>
      change((tx) => removeTotpDevice(tx, { ...removal, id: device?.id ?? '', required }))
    expect(await removeDevice(true)).toEqual({ ok: false, reason: 'last_factor' })
    expect(await change((tx) => removePasskey(tx, { ...removal, id: passkey.id }))).toEqual({ ok: true })
    expect(await factorsOf(prisma, user.id)).toEqual({ totp: true, passkeys: 0, recoveryCodes: 10 })
    const another = makePasskey(await creationOptions(user), ORIGIN)
    await register(user, another.response)
    expect(await removeDevice(false)).toEqual({ ok: true })
    expect(await factorsOf(prisma, user.id)).toEqual({ totp: false, passkeys: 1, recoveryCodes: 0 })
  })

  test('who lost it has everything reset by an admin, and must set up another, whatever the policy (RE-03)', async () => {
    const { user } = await withPasskey()
    await generateRecoveryCodes(room.database.prisma, user.id)
    expect(await change((tx) => resetSecondFactor(tx, user.id))).toBe(true)
    expect(await factorsOf(room.database.prisma, user.id)).toEqual({
      totp: false,
      passkeys: 0,
      recoveryCodes: 0,
    })
    const row = () => room.database.prisma.user.findUniqueOrThrow({ where: { id: user.id } })
    expect(await row()).toMatchObject({ mustEnrolFactor: true })
    expect(await mails(user.id)).toBe(2)
    await register(user, makePasskey(await creationOptions(user), ORIGIN).response)
    expect(await row()).toMatchObject({ mustEnrolFactor: false })
    expect(await change((tx) => resetSecondFactor(tx, randomUUID()))).toBe(false)
  })
})

test('pages that ask store nothing; what was answered is swept when it has expired (HT-05)', async () => {
  const { passkey } = await withPasskey()
  const { prisma } = room.database
  const before = await prisma.passkeyChallenge.count()
  for (let shown = 0; shown < 20; shown += 1) await requestOptions()
  expect(await prisma.passkeyChallenge.count()).toBe(before)
  await authenticate(usePasskey(await requestOptions(), ORIGIN, passkey))
  expect(await prisma.passkeyChallenge.count()).toBe(before + 1)
  // By the database's clock, and an hour late: gone while an instance still takes it for good, it could be answered again.
  for (const [minutes, left] of [
    [30, before + 1],
    [61, 0],
  ] as const) {
    await prisma.$executeRaw`
      UPDATE passkey_challenges SET expires_at = now() - make_interval(mins => ${minutes}::int)`
    await sweepOnce(prisma, usersSweeps)
    expect(await prisma.passkeyChallenge.count()).toBe(left)
  }
})

test('strangers behind the same router who send rubbish shut no passkey out (TH-03)', async () => {
  const { passkey, user } = await withPasskey()
  const [ip, options] = ['203.0.113.77', await requestOptions()]
  const foreign = usePasskey(options, ORIGIN, {
    ...passkey,
    id: Buffer.from(randomBytes(16)).toString('base64url'),
  })
  const tries = []
  for (let nth = 0; nth < 301; nth += 1) tries.push(await authenticate(foreign, { ip }))
  expect(tries[299]).toEqual({ ok: false, reason: 'refused' })
  expect(tries[300]).toMatchObject({ ok: false, reason: 'throttled' })
  const own = await authenticate(usePasskey(await requestOptions(), ORIGIN, passkey), { ip })
  expect(own).toMatchObject({ ok: true, user: { id: user.id } })
})

/** The answer with something else in it. */
const altered = (response: string, change: (answer: Answered) => void): string => {
  const answer = JSON.parse(response) as Answered
  change(answer)
  return JSON.stringify(answer)
}
type Answered = { id: string; rawId: string; response: { signature: string } }

test('wrong answers for a passkey shut its owner out neither elsewhere nor in a known browser, and the account’s unlocking lifts the rest (TH-03)', async () => {
  const { user, passkey } = await withPasskey()
  const ip = '192.0.2.78'
  const own = async () => usePasskey(await requestOptions(), ORIGIN, passkey)
  const wrong = altered(await own(), (answer) => (answer.response.signature = 'AAAA'))
  expect(await authenticate(wrong, { ip })).toEqual({ ok: false, reason: 'refused' })
  await room.database.prisma.attemptCounter.updateMany({
    where: { key: { startsWith: counterKey('passkey.user-network', user.id) } },
    data: { failures: 299 },
  })
  expect(await authenticate(wrong, { ip })).toEqual({ ok: false, reason: 'refused' })
  expect(await authenticate(await own(), { ip })).toMatchObject({ ok: false, reason: 'throttled' })
  expect(await authenticate(await own(), { ip: '198.51.100.78' })).toMatchObject({ ok: true })
  const browserToken = await room.addBrowser(user.id)
  const known = { binding: 'page', response: await own(), ip, browserToken }
  expect(await verifyPasskeyAuthentication(deps(), known)).toMatchObject({ ok: true })
  const blocked = await room.database.prisma.auditEvent.findMany({
    where: { userId: user.id, type: 'throttle.blocked' },
  })
  expect(blocked.map(({ detail }) => detail)).toMatchObject([
    { kind: 'passkey.user-network', network: ip, failures: 300 },
  ])
  await unlockUser(room.database.prisma, user.id)
  expect(await authenticate(await own(), { ip })).toMatchObject({ ok: true })
})

test('a passkey has one name: another spelling of the same bytes is refused, and nothing is counted by it', async () => {
  const { passkey } = await withPasskey()
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const respelled = `${passkey.id.slice(0, -1)}${alphabet.charAt(alphabet.indexOf(passkey.id.slice(-1)) + 1)}`
  expect(Buffer.from(respelled, 'base64url')).toEqual(Buffer.from(passkey.id, 'base64url'))
  const response = altered(usePasskey(await requestOptions(), ORIGIN, passkey), (answer) => {
    Object.assign(answer, { id: respelled, rawId: respelled })
  })
  const before = await room.database.prisma.attemptCounter.count()
  expect(await authenticate(response)).toEqual({ ok: false, reason: 'refused' })
  expect(await room.database.prisma.attemptCounter.count()).toBe(before)
})
