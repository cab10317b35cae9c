import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { expectNoSecretIn, expectNoSecretRecorded, issuedSoFar } from '../support/issued-secrets.ts'
import { addClient, addPerson, addRecoveryCodes } from '../support/people.ts'
import { redeem, refresh, signIn, tokensFor } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { giveBack, introspect, userinfo } from '../support/tokens.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

describe('a whole life of secrets: passwords, codes, cookies, tokens, refreshed, replayed, given back', () => {
  let accessToken: string
  beforeAll(async () => {
    const [person, client] = [await addPerson(server), await addClient(server)]
    await addRecoveryCodes(server, person)
    const tokens = await tokensFor(server, client, person)
    accessToken = tokens.access_token
    await userinfo(server, accessToken)
    await introspect(server, client, tokens.refresh_token)
    const next = (await refresh(server, client, tokens.refresh_token)).json<{ refresh_token: string }>()
    await giveBack(server, client, next.refresh_token)
    await refresh(server, client, next.refresh_token)
    const replayed = await signIn(server, client, person)
    await redeem(server, client, replayed)
    await redeem(server, client, replayed)
  })

  test('is in no table in clear (AD-13)', async () => {
    const { rows } = await server.database.pool.query<{ table: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS table FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    )
    expect(rows.length).toBeGreaterThan(20)
    expect(issuedSoFar()).toBeGreaterThan(10)
    for (const { table } of rows) await expectNoSecretRecorded(server.database, table)
  })

  test('is in no line of the log (AD-13)', () => {
    expect(server.log.length).toBeGreaterThan(20)
    expectNoSecretIn(server.log, 'the log')
  })

  test('would be found there: in a line, in an event, by its name in neither', async () => {
    expect(() => expectNoSecretIn([`{"url":"/x?token=${accessToken}"}`], 'the log')).toThrow(
      /^a secret is in the log: \{"url":"\/x\?token=\[the secret\]"\}$/,
    )
    const { pool } = server.database
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query(`INSERT INTO audit_events (type, detail) VALUES ('x', $1)`, [{ token: accessToken }])
    await expect(expectNoSecretRecorded({ pool: client })).rejects.toThrow(
      'a secret is in the table audit_events',
    )
    await client.query('ROLLBACK')
    client.release()
  })
})
