import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { reach } from '../../support/authorize.ts'
import { addClient, addPerson, addRecoveryCodes, codeOf, publicClient } from '../../support/people.ts'
import { isActive, redeem, refresh, signIn, tokensFor } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import type { TestServer } from '../../support/server.ts'
import { formOf } from '../../support/user-agent.ts'
import { bugsIn, startBehindProxy } from './behind-proxy.ts'
import { askOps, prepareMix } from './request-mix.ts'

const DEADLINE_MS = 4000

let server: TestServer
let stop: () => Promise<void>
beforeAll(async () => {
  ;({ server, stop } = await startBehindProxy({
    CARDEA_DATABASE_POOL: '2',
    CARDEA_REQUEST_TIMEOUT: String(DEADLINE_MS),
  }))
})
afterAll(() => stop())
afterEach(() => expect(bugsIn(server)).toEqual([]))

/** As if somebody else held all connections but one, for as long as the work takes. */
async function withOneConnection<T>(work: () => Promise<T>): Promise<T> {
  const taken = await server.database.pool.connect()
  try {
    return await work()
  } finally {
    taken.release()
  }
}

describe('a pool of two connections (FT-05)', () => {
  test('answers a hundred requests of every kind at one moment: served or 503, all in time, and none is left behind', async () => {
    const mix = Object.values(await prepareMix(server))
    const startedAt = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, nth) => {
        const answer = await mix[nth % mix.length]?.()
        return { status: answer?.status ?? 0, ms: performance.now() - startedAt }
      }),
    )
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].filter((status) => ![200, 303, 400, 401, 422, 503].includes(status))).toEqual([])
    expect(answers.filter(({ status }) => status !== 503).length).toBeGreaterThan(0)
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(DEADLINE_MS + 1000)
    const { pool } = server.database
    expect({ waiting: pool.waitingCount, borrowed: pool.totalCount - pool.idleCount }).toEqual({
      waiting: 0,
      borrowed: 0,
    })
    for (const send of mix) expect((await send()).status).toBeLessThan(500)
    expect((await askOps(server, '/health/ready')).status).toBe(200)
  })

  test('of which one is free serves every kind of request: none holds a connection and waits for a second', async () => {
    const mix = await prepareMix(server)
    for (const [kind, send] of Object.entries(mix)) {
      const { status } = await withOneConnection(send)
      expect({ kind, served: status < 500 }).toEqual({ kind, served: true })
    }
  })

  test('of which one is free carries a whole first sign-in: enrolment, recovery codes, consent, tokens', async () => {
    const client = await addClient(server, { metadata: publicClient })
    const newcomer = await addPerson(server, { totp: false })
    await withOneConnection(async () => {
      const signedIn = await signIn(server, client, newcomer, { scope: 'openid email offline_access' })
      const { refresh_token } = (await redeem(server, client, signedIn)).json<Tokens>()
      expect((await refresh(server, client, refresh_token)).status).toBe(200)
      // A replayed code ends its whole grant.
      expect((await redeem(server, client, signedIn)).status).toBe(400)
      const page = await signedIn.agent.get('/logout')
      const { action, fields } = formOf(page)
      expect((await signedIn.agent.post(action, { ...fields, logout: 'yes' })).status).toBe(303)
    })
  })

  test('of which one is free carries wrong codes, recovery codes and a switch of accounts', async () => {
    const client = await addClient(server)
    const [person, other] = [await addPerson(server), await addPerson(server)]
    await addRecoveryCodes(server, other)
    const { agent } = await tokensFor(server, client, person)
    await addRecoveryCodes(server, other)
    await withOneConnection(async () => {
      const { page, at } = await reach(server, client, other, 'totp', { params: { prompt: 'login' } })
      const { action, fields } = formOf(page, /\/totp$/)
      expect((await agent.post(action, { ...fields, code: '000000' })).status).toBe(400)
      expect(at).toMatch(/^\/interaction\//)
      const own = await reach(server, client, other, 'totp', { params: { prompt: 'login' }, agent })
      const form = formOf(own.page, /\/totp$/)
      const send = (code: string) => agent.post(form.action, { ...form.fields, code })
      expect((await send('000000')).status).toBe(422)
      const wrong = { ...form.fields, code: '0000-0000-0000-0000' }
      expect((await agent.post(`${own.at}/recovery-code`, wrong)).status).toBe(422)
      expect((await send(await codeOf(server, other))).status).toBe(303)
      const signedIn = await signIn(server, client, other, {}, { agent })
      const { access_token } = (await redeem(server, client, signedIn)).json<Tokens>()
      expect(await isActive(server, client, access_token)).toBe(true)
    })
  })
})
