import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { randomSecret } from '../../../src/crypto/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { authorizeUrl, pkce, redeem, signIn } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { createUserAgent } from '../../support/user-agent.ts'
import { cardeaHere } from './command.ts'

let url: string
let drop: () => Promise<void>
let running: TestServer[]
beforeEach(async () => {
  ;({ url, drop } = await createTestDatabase())
  running = []
})
afterEach(async () => {
  for (const server of running) await server.stop()
  await drop()
})

const [keyA, keyB, cookieA, cookieB] = [randomSecret(), randomSecret(), randomSecret(), randomSecret()]
const issuer = 'http://localhost:4999'

async function serverWith(keyring: string, cookieKeys: string): Promise<TestServer> {
  const env = { CARDEA_ISSUER: issuer, CARDEA_KEYRING: keyring, CARDEA_COOKIE_KEYS: cookieKeys }
  const server = await startTestServer({ databaseUrl: url, env })
  running.push(server)
  return server
}

test('with a new key in front, sessions, authenticators and signing keys of the old one stay good (FT-20)', async () => {
  const before = await serverWith(keyA, cookieA)
  const [client, person] = [await addClient(before), await addPerson(before)]
  const { agent } = await signIn(before, client, person)

  const after = await serverWith(`${keyB},${keyA}`, `${cookieB},${cookieA}`)
  const silent = await createUserAgent(after, agent.cookies).get(
    authorizeUrl(client, pkce().challenge, { prompt: 'none' }),
  )
  expect(silent.location).toMatch(/[?&]code=/)
  const again = await signIn(after, client, person)
  expect((await redeem(after, client, again)).status).toBe(200)
  expect((await after.ask('/jwks')).text).toBe((await before.ask('/jwks')).text)
})

test('a key added at the end first lets instances be changed one by one (FT-07, FT-20)', async () => {
  const old = await serverWith(`${keyA},${keyB}`, `${cookieA},${cookieB}`)
  const renewed = await serverWith(`${keyB},${keyA}`, `${cookieB},${cookieA}`)
  const [client, person] = [await addClient(old), await addPerson(renewed)]
  const both = { ...old, instances: [...old.instances, ...renewed.instances] }
  const signedIn = await signIn(both, client, person, {}, { agent: createUserAgent(both) })
  expect((await redeem(old, client, signedIn)).status).toBe(200)
})

test('without the old sealing key the doctor says what is lost; without the old cookie key people sign in again', async () => {
  const before = await serverWith(keyA, cookieA)
  const [client, person] = [await addClient(before), await addPerson(before)]
  const { agent } = await signIn(before, client, person)
  const after = await serverWith(keyA, cookieB)
  const silent = await createUserAgent(after, agent.cookies).get(
    authorizeUrl(client, pkce().challenge, { prompt: 'none' }),
  )
  expect(silent.location).toContain('error=login_required')
  const env = { CARDEA_ISSUER: issuer, CARDEA_KEYRING: keyB, CARDEA_COOKIE_KEYS: cookieB, DATABASE_URL: url }
  const doctor = await cardeaHere(['doctor', '--before-start'], { env })
  expect(doctor).toMatchObject({ code: 1, stdout: expect.stringContaining('BAD   signing keys') })
})
