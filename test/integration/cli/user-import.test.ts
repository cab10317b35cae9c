import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import bcrypt from 'bcryptjs'
import { generate } from 'otplib'
import { randomSecret } from '../../../src/crypto/index.ts'
import { auth0Lines, djangoDump, keycloakRealm, PASSWORD, SEED } from '../../support/imports/exports.ts'
import { addClient } from '../../support/people.ts'
import { authorizeUrl, pkce, stepOf, walk } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { createUserAgent } from '../../support/user-agent.ts'
import { cardea, cardeaHere } from './command.ts'

const dir = mkdtempSync(join(tmpdir(), 'import-'))
const secrets = { CARDEA_KEYRING: randomSecret(), CARDEA_COOKIE_KEYS: randomSecret() }
let server: TestServer
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  server = await startTestServer({ env: secrets })
  env = { ...secrets, DATABASE_URL: server.databaseUrl, CARDEA_ISSUER: 'https://id.example.com' }
})
afterAll(async () => {
  await server.stop()
  rmSync(dir, { recursive: true })
})

function file(name: string, content: string): string {
  const path = join(dir, name)
  writeFileSync(path, content)
  return path
}

const countUsers = () => server.database.prisma.user.count()
const userOf = (email: string) => server.database.prisma.user.findUniqueOrThrow({ where: { email } })

async function signInTo(step: RegExp, email: string, password = PASSWORD) {
  const client = await addClient(server)
  const agent = createUserAgent(server)
  const person = { id: '', email, password, totpSecret: SEED }
  const answer = await walk(server, agent, authorizeUrl(client, pkce().challenge), person, { stopAt: step })
  return { answer, agent, step: stepOf(answer) }
}

describe('cardea user import', () => {
  const realm = file('realm.json', JSON.stringify(keycloakRealm(), null, 2))
  const lines = file(
    'auth0.ndjson',
    auth0Lines()
      .map((line) => JSON.stringify(line))
      .join('\n'),
  )
  const dump = file('django.json', JSON.stringify(djangoDump()))

  test('says first what it would do, and changes nothing', async () => {
    const before = await countUsers()
    const tried = await cardea(['user', 'import', realm, '--format', 'keycloak', '--dry-run', '--json'], {
      env,
    })
    expect(tried).toMatchObject({ code: 0, stderr: '' })
    expect(tried.json()).toMatchObject({
      dryRun: true,
      created: 4,
      skipped: 2,
      skippedBecause: { service_account: 1, no_email: 1 },
      warnings: { factor_unsupported: 1 },
    })
    expect(await countUsers()).toBe(before)
  })

  test('brings a realm of Keycloak along: subjects, addresses, authenticators; and a report that holds no hash', async () => {
    const report = join(dir, 'report.ndjson')
    const done = await cardea(['user', 'import', realm, '--format', 'keycloak', '--report', report], { env })
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toContain('Created 4 users.')
    const told = readFileSync(report, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(told).toHaveLength(6)
    expect(told).toContainEqual({
      ...{ record: 1, email: 'a@keycloak.test', outcome: 'created' },
      ...{ id: '0d4c1d3e-0000-4000-8000-000000000001', warnings: [] },
    })
    expect(told).toContainEqual({ record: 6, email: null, outcome: 'skipped', reason: 'no_email' })
    expect(done.stdout + readFileSync(report, 'utf8')).not.toMatch(/pbkdf2|argon2|JBSWY3/)
    expect(await userOf('bb@keycloak.test')).toMatchObject({
      emailVerified: true,
      locale: 'de',
      name: 'bb Éxample',
    })
    const { disabledAt, id } = await userOf('ccc@keycloak.test')
    expect(disabledAt).not.toBeNull()
    const events = await server.database.prisma.auditEvent.findMany({ where: { userId: id } })
    expect(events).toEqual([
      expect.objectContaining({ type: 'user.created', actorVia: 'cli', detail: { imported: 'keycloak' } }),
    ])
  })

  test('run again, it adds nobody and touches nobody', async () => {
    const before = await server.database.prisma.user.findMany({ orderBy: { id: 'asc' } })
    const again = await cardeaHere(['user', 'import', realm, '--format', 'keycloak', '--json'], { env })
    expect(again.json()).toMatchObject({ created: 0, skipped: 6, skippedBecause: { already_exists: 4 } })
    expect(await server.database.prisma.user.findMany({ orderBy: { id: 'asc' } })).toEqual(before)
  })

  test.each([
    ['auth0', lines, { created: 4, skipped: 0, warnings: { hash_unsupported: 1 } }],
    [
      'django',
      dump,
      {
        created: 5,
        skipped: 0,
        warnings: { role_dropped: 1, no_password: 1, hash_unsupported: 1, factor_unsupported: 1 },
      },
    ],
  ])('brings an export of %s along', async (format, path, counts) => {
    const done = await cardeaHere(['user', 'import', path, '--format', format, '--json'], { env })
    expect(done.json()).toMatchObject(counts)
  })

  test.each([
    'a@keycloak.test',
    'ada@auth0.test',
    'ben@auth0.test',
    'ken@auth0.test',
    'pia@django.test',
    'bo@django.test',
    'sam@django.test',
  ])('%s signs in with the old password, and has an argon2id hash from then on (PW-03)', async (email) => {
    const before = await userOf(email)
    expect(before.passwordHash).not.toMatch(/^\$argon2id\$/)
    const wrong = await signInTo(/^login$/, email)
    const { action, fields } = formIn(wrong.answer.text)
    const refused = await wrong.agent.post(action, { ...fields, email, password: `${PASSWORD} ` })
    expect(refused.status).toBe(422)
    expect((await userOf(email)).passwordHash).toBe(before.passwordHash)
    expect((await signInTo(/^totp(-enrol)?$/, email)).step).toMatch(/^totp/)
    const after = await userOf(email)
    expect(after.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/)
    expect({ ...after, passwordHash: '' }).toEqual({ ...before, passwordHash: '' })
    expect((await signInTo(/^totp(-enrol)?$/, email)).step).toMatch(/^totp/)
  })

  test('an authenticator that came along shows the codes that are taken (MF-02)', async () => {
    const { answer, agent } = await signInTo(/^totp$/, 'bb@keycloak.test')
    const { action, fields } = formIn(answer.text, 'totp')
    const taken = await agent.post(action, { ...fields, code: await generate({ secret: SEED }) })
    expect(taken.status).toBe(303)
  })

  test('somebody disabled there, or whose hash stayed behind, does not sign in', async () => {
    for (const email of ['ccc@keycloak.test', 'old@django.test', 'md5@auth0.test', 'none@django.test']) {
      const { answer, agent } = await signInTo(/^login$/, email)
      const { action, fields } = formIn(answer.text)
      for (const password of [PASSWORD, '', '!Zz0Unusable', 'secret'])
        expect((await agent.post(action, { ...fields, email, password })).status).toBe(422)
    }
  })

  test('whoever had a second factor that stays behind sets one up at the next sign-in, also where nobody has to (MF-06)', async () => {
    const password_hash = bcrypt.hashSync(PASSWORD, 4)
    const records = [
      { email: 'left@factor.test', password_hash, totp: [{ secret: '0189' }] },
      { email: 'none@factor.test', password_hash },
    ]
    const path = file('factors.ndjson', records.map((one) => JSON.stringify(one)).join('\n'))
    const done = await cardeaHere(['user', 'import', path, '--format', 'cardea'], { env })
    expect(done.stdout).toContain('1  second factors cannot be taken along')
    const must = await Promise.all(records.map(async ({ email }) => (await userOf(email)).mustEnrolFactor))
    expect(must).toEqual([true, false])
    const lax = await startTestServer({ env: { ...secrets, CARDEA_TOTP_POLICY: 'optional' } })
    try {
      await lax.database.prisma.user.createMany({
        data: await Promise.all(records.map(({ email }) => userOf(email))),
      })
      const client = await addClient(lax)
      const steps = []
      for (const { email } of records) {
        const url = authorizeUrl(client, pkce().challenge)
        const person = { id: '', email, password: PASSWORD, totpSecret: SEED }
        const stopAt = /^(totp-enrol|consent)$/
        steps.push(stepOf(await walk(lax, createUserAgent(lax), url, person, { stopAt })))
      }
      expect(steps).toEqual(['totp-enrol', 'consent'])
    } finally {
      await lax.stop()
    }
  })

  test('one address twice in a file is one user; an id that somebody has or had is not given again', async () => {
    const gone = await server.database.prisma.user.create({ data: { email: 'gone@x.test' } })
    await server.database.prisma.auditEvent.create({ data: { type: 'user.deleted', userId: gone.id } })
    await server.database.prisma.user.delete({ where: { id: gone.id } })
    const taken = await userOf('a@keycloak.test')
    const records = [
      { email: 'one@x.test', id: gone.id },
      { email: ' ONE@x.test' },
      { email: 'two@x.test', id: taken.id },
      { email: 'three@x.test', id: '0d4c1d3e-0000-4000-8000-00000000ffff' },
      { email: 'four@x.test', id: '0d4c1d3e-0000-4000-8000-00000000ffff' },
      { email: 'A@KEYCLOAK.test', password_hash: bcrypt.hashSync('stolen', 4) },
    ]
    const path = file('own.ndjson', records.map((one) => JSON.stringify(one)).join('\n'))
    const done = await cardeaHere(['user', 'import', path, '--format', 'cardea', '--json'], { env })
    expect(done.json()).toMatchObject({
      created: 4,
      skippedBecause: { twice_in_file: 1, already_exists: 1 },
      warnings: { id_replaced: 4, no_password: 4 },
    })
    expect(await userOf('a@keycloak.test')).toEqual(taken)
    expect((await userOf('one@x.test')).id).not.toBe(gone.id)
  })

  test.each([
    ['a file that is not there', join(dir, 'nowhere'), 66],
    ['a file that holds no users', file('empty.json', '[]'), 65],
    ['a file that is not whole', file('half.json', '[{"email": "half@x.test"}, {"email'), 65],
  ])('refuses %s', async (_, path, code) => {
    const before = await countUsers()
    const refused = await cardeaHere(['user', 'import', path, '--format', 'cardea'], { env })
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(await countUsers()).toBe(before)
  })

  describe('of a file that turns out to be bad half way', () => {
    const many = Array.from({ length: 700 }, (_, at) => ({ email: `half${at}@way.test` }))
    const pretty = JSON.stringify(many, null, 2)
    const ends = Buffer.from([0xff, 0xfe])
    const cut = file('cut.json', pretty.slice(0, -20))
    const mangled = join(dir, 'mangled.ndjson')
    // Longer than a piece of the file, so that whole batches come before the bad byte.
    const padded = many.map((one, at) =>
      JSON.stringify({ email: `x${one.email}`, note: 'x'.repeat(1000), at }),
    )
    writeFileSync(mangled, Buffer.concat([Buffer.from(`${padded.join('\n')}\n`), ends]))

    test.each([
      ['ends in the middle', cut],
      ['is not UTF-8', mangled],
    ])(
      'it says what is here all the same, and the whole one adds the rest: one that %s',
      async (why, path) => {
        const before = await countUsers()
        const tried = ['user', 'import', path, '--format', 'cardea', '--json']
        const dry = await cardeaHere([...tried, '--dry-run'], { env })
        expect(dry.json()).toMatchObject({ dryRun: true, created: 500 })
        expect([dry.code, dry.stderr.includes('Users created')]).toEqual([65, false])
        expect(await countUsers()).toBe(before)
        const done = await cardeaHere(tried, { env })
        expect(done.json()).toMatchObject({ created: 500, skipped: 0 })
        expect(done).toMatchObject({ code: 65, stderr: expect.stringContaining(why) })
        expect(done.stderr).toContain('Users created before that: 500. Import the whole file again')
        expect(await countUsers()).toBe(before + 500)
      },
    )

    test('imported again, whole, it adds who is missing', async () => {
      const whole = file('whole.json', pretty)
      const done = await cardeaHere(['user', 'import', whole, '--format', 'cardea', '--json'], { env })
      expect(done.json()).toMatchObject({ created: 200, skippedBecause: { already_exists: 500 } })
    })
  })

  test('refuses to begin without the keys that seal authenticators', async () => {
    const only = { DATABASE_URL: server.databaseUrl }
    const refused = await cardeaHere(['user', 'import', realm, '--format', 'keycloak'], { env: only })
    expect(refused).toMatchObject({ code: 78, stdout: '' })
  })
})

function formIn(html: string, step = 'login'): { action: string; fields: Record<string, string> } {
  const action = new RegExp(`action="([^"]*/${step})"`).exec(html)?.[1] ?? ''
  const csrf = /name="csrf" value="([^"]*)"/.exec(html)?.[1] ?? ''
  return { action, fields: { csrf } }
}
