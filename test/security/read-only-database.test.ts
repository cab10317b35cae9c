import pg from 'pg'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { addClient, addPerson, publicClient, REDIRECT_URI } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { authorizeUrl, isActive, pkce, redeem, refresh, signIn, tokensFor } from '../support/sign-in.ts'
import { userinfo } from '../support/tokens.ts'
import { createUserAgent } from '../support/user-agent.ts'

// A standby that was not promoted, a disk that is full: everything can be read and nothing written.

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

async function setReadOnly(on: boolean): Promise<void> {
  const admin = new pg.Client({ connectionString: server.databaseUrl })
  await admin.connect()
  await admin.query('SET default_transaction_read_only = off')
  try {
    const name = new URL(server.databaseUrl).pathname.slice(1)
    await admin.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = ${on ? 'on' : 'off'}`)
    // It counts from the next connection on.
    await admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )
  } finally {
    await admin.end()
  }
}

test('a database that takes no writes: what is only read is answered, what is not is 503 or told to the client, and works afterwards (FT-16, M5)', async () => {
  const web = await addClient(server)
  const spa = await addClient(server, { metadata: publicClient })
  const person = await addPerson(server)
  const { agent, ...tokens } = await tokensFor(server, web, person)
  const ofSpa = await tokensFor(server, spa, person, { scope: 'openid offline_access', prompt: 'consent' })
  const waiting = await signIn(server, web, person, {}, { agent })

  await setReadOnly(true)
  try {
    const taken = await server.database.pool.query('SHOW transaction_read_only').catch(() => undefined)
    expect(taken?.rows ?? [{ transaction_read_only: 'on' }]).toEqual([{ transaction_read_only: 'on' }])
    for (const path of ['/jwks', '/.well-known/openid-configuration'])
      expect((await server.ask(path)).status).toBe(200)
    expect((await userinfo(server, tokens.access_token)).status).toBe(200)
    expect(await isActive(server, web, tokens.access_token)).toBe(true)

    const unwritten = [await refresh(server, spa, ofSpa.refresh_token), await redeem(server, web, waiting)]
    for (const answer of unwritten) {
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2'])
      expect(answer.json()['error']).toBe('temporarily_unavailable')
    }
    // RFC 6749 section 4.1.2.1: nobody would see a page in a hidden frame.
    for (const prompt of ['none', 'login']) {
      const asked = authorizeUrl(web, pkce().challenge, { prompt, state: 'of the client' })
      const { status, location, headers } = await agent.get(asked)
      const told = new URL(location ?? '')
      expect([status, `${told.origin}${told.pathname}`]).toEqual([303, REDIRECT_URI])
      expect(Object.fromEntries(told.searchParams)).toMatchObject({
        ...{ error: 'temporarily_unavailable', state: 'of the client', iss: server.issuer },
      })
      expect(headers['set-cookie']).toBeUndefined()
    }
    // What is not known to be the client's is sent nowhere.
    const elsewhere = authorizeUrl(web, pkce().challenge, { redirect_uri: 'https://evil.example/cb' })
    expect((await createUserAgent(server).get(elsewhere)).location).toBeUndefined()
  } finally {
    await setReadOnly(false)
  }
  expect((await refresh(server, spa, ofSpa.refresh_token)).status).toBe(200)
  expect((await redeem(server, web, waiting)).status).toBe(200)
  const lines = server.log.map((line) => JSON.parse(line) as { level: number; msg: string })
  expect(lines.filter(({ level }) => level >= 50)).toEqual([])
  expect(lines.filter(({ msg }) => msg === 'request not served').length).toBeGreaterThanOrEqual(4)
})
