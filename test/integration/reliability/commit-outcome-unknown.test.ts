import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { reach } from '../../support/authorize.ts'
import { basic } from '../../support/http-client.ts'
import type { Answer } from '../../support/http-client.ts'
import { addClient, addPerson, codeOf, publicClient } from '../../support/people.ts'
import { isActive, redeem, refresh, signIn, tokensFor, told, walk } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import type { TestServer } from '../../support/server.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'
import { formOf } from '../../support/user-agent.ts'
import { bugsIn, startBehindProxy } from './behind-proxy.ts'

let stop: () => Promise<void>
let proxy: TcpProxy
let server: TestServer
beforeAll(async () => {
  ;({ server, proxy, stop } = await startBehindProxy())
})
afterAll(() => stop())
afterEach(async () => {
  expect(bugsIn(server)).toEqual([])
  // The pool hears a moment later that a connection was cut; what prepares the next test must not be the one to find out.
  await sleep(50)
})

/** Sends a request whose commit is lost on the way there (`before`), or whose confirmation is lost on the way back (`after`). */
async function losing(
  text: string,
  moment: 'before' | 'after',
  send: () => Promise<Answer>,
): Promise<Answer> {
  const sprung = proxy.cutAt(text, moment)
  const [answer] = await Promise.all([send(), sprung])
  expect(answer.status).toBe(503)
  expect(answer.headers['retry-after']).toMatch(/^[1-9]/)
  expect(answer.location).toBeUndefined()
  expect(answer.headers['set-cookie']).toBeUndefined()
  expect(answer.text).not.toMatch(/_token|code=/)
  return answer
}

const tokensOf = (userId: string) => server.database.prisma.token.findMany({ where: { userId } })

describe('a connection lost when a code is redeemed (FT-13)', () => {
  test('before the statement: 503 without tokens, and the code is still good', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const signedIn = await signIn(server, client, person)
    for (let nth = 0; nth < 3; nth += 1)
      await losing('redeem_', 'before', () => redeem(server, client, signedIn))
    const answer = await redeem(server, client, signedIn)
    expect(answer.status).toBe(200)
    expect(await isActive(server, client, answer.json<Tokens>().access_token)).toBe(true)
  })

  test('after it: 503 without tokens, then invalid_grant, and the tokens nobody has seen are dead', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const signedIn = await signIn(server, client, person)
    await losing('redeem_', 'after', () => redeem(server, client, signedIn))
    expect((await tokensOf(person.id)).map(({ kind }) => kind)).toContain('AccessToken')
    const retried = await redeem(server, client, signedIn)
    expect(retried.status).toBe(400)
    expect(retried.json()).toMatchObject({ error: 'invalid_grant' })
    expect(await tokensOf(person.id)).toEqual([])
  })
})

describe('a connection lost when a refresh token is rotated (FT-13, RT-07)', () => {
  test.each(['before', 'after'] as const)(
    '%s the statement: 503 without tokens, and the retry gives the one successor there is',
    async (moment) => {
      const client = await addClient(server, { metadata: publicClient })
      const person = await addPerson(server)
      const { refresh_token: first } = await tokensFor(server, client, person)
      await losing('redeem_', moment, () => refresh(server, client, first))
      const answer = await refresh(server, client, first)
      expect(answer.status).toBe(200)
      const family = (await tokensOf(person.id)).filter(({ kind }) => kind === 'RefreshToken')
      expect(family.map(({ consumedAt }) => consumedAt !== null).sort()).toEqual([false, true])
      const next = await refresh(server, client, answer.json<Tokens>().refresh_token)
      expect(next.status).toBe(200)
    },
  )

  test('and lost again on the retry, gives that same successor in the end', async () => {
    const client = await addClient(server, { metadata: publicClient })
    const { refresh_token: first } = await tokensFor(server, client, await addPerson(server))
    const rotated = (await refresh(server, client, first)).json<Tokens>().refresh_token
    await losing('save_token', 'before', () => refresh(server, client, first))
    await losing('save_token', 'after', () => refresh(server, client, first))
    expect((await refresh(server, client, first)).json<Tokens>().refresh_token).toBe(rotated)
  })
})

describe('a connection lost at COMMIT (FT-13)', () => {
  test.each(['before', 'after'] as const)(
    '%s it: consent is asked again or taken as given, and leads to a code either way',
    async (moment) => {
      const [client, person] = [await addClient(server), await addPerson(server)]
      const { agent, page } = await reach(server, client, person, 'consent', {
        params: { scope: 'openid email' },
      })
      const { action, fields } = formOf(page, /\/consent$/)
      const send = () => agent.post(action, { ...fields, decision: 'allow', scope: 'email' })
      await losing('COMMIT', moment, send)
      const answer = await send()
      expect(answer.status).toBe(303)
      const end = await walk(server, agent, answer.location ?? '', person)
      expect(told(end)['code']).toBeDefined()
    },
  )

  test('before it: the code is handed out when the browser asks again', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const { agent, page } = await reach(server, client, person, 'consent')
    const { action, fields } = formOf(page, /\/consent$/)
    const resume = (await agent.post(action, { ...fields, decision: 'allow' })).location ?? ''
    await losing('COMMIT', 'before', () => agent.get(resume))
    const { code } = told(await agent.get(resume))
    expect(code).toBeDefined()
  })

  test('after it: the code nobody has seen stays unseen, and the page leads back to the app', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    const { agent, page } = await reach(server, client, person, 'consent')
    const { action, fields } = formOf(page, /\/consent$/)
    const resume = (await agent.post(action, { ...fields, decision: 'allow' })).location ?? ''
    await losing('COMMIT', 'after', () => agent.get(resume))
    const answer = await agent.get(resume)
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('href="https://rp.example/"')
    // What was decided was kept: the next sign-in does not ask again.
    const { code } = await signIn(server, client, person, {}, { agent, stopAt: /^consent$/ })
    expect(code).toBeDefined()
  })

  test.each(['before', 'after'] as const)(
    '%s it: a code of the authenticator is spent once or not at all, and the person gets in',
    async (moment) => {
      const [client, person] = [await addClient(server), await addPerson(server)]
      const { agent, page } = await reach(server, client, person, 'totp')
      const { action, fields } = formOf(page, /\/totp$/)
      const code = await codeOf(server, person)
      const send = () => agent.post(action, { ...fields, code })
      await losing('COMMIT', moment, send)
      // The proof and how far the sign-in has come are one commit: sent again, it follows what there is.
      expect((await send()).status).toBe(303)
      const spent = await server.database.prisma.auditEvent.count({
        where: { userId: person.id, type: 'sign_in.totp_ok' },
      })
      expect(spent).toBe(1)
      expect(
        (await agent.get(new URL(action, server.issuer).pathname.replace(/\/totp$/, ''))).text,
      ).not.toContain('autocomplete="one-time-code"')
    },
  )

  test.each(['before', 'after'] as const)(
    '%s it: a revocation is 503, and sent again it is done (RV-03)',
    async (moment) => {
      const client = await addClient(server)
      const { refresh_token } = await tokensFor(server, client, await addPerson(server))
      const asked = { body: { token: refresh_token }, headers: basic(client.id, client.secret) }
      await losing('COMMIT', moment, () => server.ask('/revoke', asked))
      expect(await isActive(server, client, refresh_token)).toBe(moment === 'before')
      expect((await server.ask('/revoke', asked)).status).toBe(200)
      expect(await isActive(server, client, refresh_token)).toBe(false)
    },
  )
})
