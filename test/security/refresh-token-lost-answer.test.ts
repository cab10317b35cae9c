import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addClient, addPerson, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { failOnInsert } from '../support/outage.ts'
import { redeem, refresh, signIn, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { copyOf, digestOf, isLive, tokensOf, userinfo } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
let server: TestServer
let spa: Client, web: Client
let person: Person
let template: string
beforeAll(async () => {
  server = await startTestServer()
  spa = await addClient(server, { metadata: publicClient })
  web = await addClient(server)
  person = await addPerson(server)
  template = (await tokensFor(server, spa, person, { scope: 'openid offline_access', prompt: 'consent' }))
    .refresh_token
})
afterAll(() => server.stop())

/** Sends a refresh, and hangs up a little later without having read an answer. */
async function refreshAndHangUp(token: string, afterMs: number): Promise<void> {
  const [first] = server.instances
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: token,
    client_id: spa.id,
  }).toString()
  const socket = connect(first?.port ?? 0, '127.0.0.1')
  await new Promise<void>((resolve) => {
    socket.write(
      `POST /token HTTP/1.1\r\nHost: ${new URL(server.issuer).host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      () => resolve(),
    )
  })
  await sleep(afterMs)
  socket.destroy()
}

describe('a client that hangs up before it has the answer', () => {
  test('gets its successor by asking again, whenever it hung up (RT-07, FAPI 2.0 §5.3.2.1)', async () => {
    let rotated = 0
    for (let round = 0; round < 25; round += 1) {
      const { refreshToken, grantId } = await copyOf(server, template)
      await refreshAndHangUp(refreshToken, round)
      if ((await tokensOf(server, grantId))['RefreshToken'] === 2) rotated += 1
      const answer = await refresh(server, spa, refreshToken)
      expect(answer.status).toBe(200)
      const tokens = answer.json<Tokens>()
      expect((await userinfo(server, tokens.access_token)).status).toBe(200)
      expect((await refresh(server, spa, tokens.refresh_token)).status).toBe(200)
      // r1, its one successor, and the successor's.
      expect((await tokensOf(server, grantId))['RefreshToken']).toBe(3)
    }
    // Otherwise no answer was ever lost.
    expect(rotated).toBeGreaterThan(0)
  })
})

describe('a failure on our side in the middle of', () => {
  const failures: [string, string, string, number][] = [
    ['saving the successor', `NEW.kind = 'RefreshToken'`, '53100', 503],
    ['saving the access token', `NEW.kind = 'AccessToken'`, '53100', 503],
    ['saving it, as a bug', `NEW.kind = 'AccessToken'`, 'XX000', 500],
  ]

  test.each(failures)(
    'a rotation (%s) costs nothing: the same token works afterwards (RT-07, FT-28)',
    async (_, condition, sqlstate, status) => {
      const { refreshToken, grantId } = await copyOf(server, template)
      const failure = await failOnInsert(server, { table: 'tokens', condition, sqlstate })
      try {
        for (let tries = 0; tries < 2; tries += 1) {
          const failed = await refresh(server, spa, refreshToken)
          expect(failed.status).toBe(status)
          expect(failed.json()['error']).toBe(status === 503 ? 'temporarily_unavailable' : 'server_error')
          expect(failed.headers['retry-after']).toBe(status === 503 ? '2' : undefined)
          expect(failed.text).not.toContain('_token"')
        }
        expect(await tokensOf(server, grantId)).toEqual({ RefreshToken: 1 })
        expect(await isLive(server, refreshToken)).toBe(true)
      } finally {
        await failure.stop()
      }
      const { access_token, refresh_token } = (await refresh(server, spa, refreshToken)).json<Tokens>()
      expect(refresh_token).not.toBe(refreshToken)
      expect((await userinfo(server, access_token)).status).toBe(200)
      expect(await tokensOf(server, grantId)).toEqual({ RefreshToken: 2, AccessToken: 1 })
    },
  )

  test.each(failures)(
    'a code redemption (%s) costs nothing: the same code works afterwards (FT-28)',
    async (_, condition, sqlstate, status) => {
      const signedIn = await signIn(server, web, person)
      const failure = await failOnInsert(server, { table: 'tokens', condition, sqlstate })
      try {
        expect((await redeem(server, web, signedIn)).status).toBe(status)
        expect(await isLive(server, signedIn.code)).toBe(true)
      } finally {
        await failure.stop()
      }
      const answer = await redeem(server, web, signedIn)
      expect(answer.status).toBe(200)
      expect((await userinfo(server, answer.json<Tokens>().access_token)).status).toBe(200)
    },
  )

  test('a retry within the window costs nothing either (RT-07, FT-28)', async () => {
    const { refreshToken } = await copyOf(server, template)
    const { refresh_token: successor } = (await refresh(server, spa, refreshToken)).json<Tokens>()
    const failure = await failOnInsert(server, { table: 'tokens' })
    try {
      expect((await refresh(server, spa, refreshToken)).status).toBe(503)
    } finally {
      await failure.stop()
    }
    expect((await refresh(server, spa, refreshToken)).json<Tokens>().refresh_token).toBe(successor)
  })

  test('ending a family that was reused does not let it go on: the next reuse ends it (RT-01, FT-28)', async () => {
    const { refreshToken, grantId } = await copyOf(server, template)
    const { refresh_token: successor } = (await refresh(server, spa, refreshToken)).json<Tokens>()
    await server.database.pool.query(
      `UPDATE tokens SET consumed_at = now() - interval '1 hour' WHERE digest = $1`,
      [digestOf(refreshToken)],
    )
    const failure = await failOnInsert(server, {
      table: 'audit_events',
      condition: `NEW.type = 'grant.revoked'`,
    })
    try {
      expect((await refresh(server, spa, refreshToken)).status).toBe(503)
      expect(await tokensOf(server, grantId)).toEqual({ RefreshToken: 2, AccessToken: 1 })
    } finally {
      await failure.stop()
    }
    expect((await refresh(server, spa, refreshToken)).status).toBe(400)
    expect((await refresh(server, spa, successor)).status).toBe(400)
    expect(await tokensOf(server, grantId)).toEqual({})
  })
})
