import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { deleteClient } from '../../src/clients/index.ts'
import { forgetConsents, listConsentReceipts, revoke } from '../../src/oidc/index.ts'
import { passwordCounters } from '../../src/users/throttle-counters.ts'
import { defaultThrottlePolicy } from '../../src/users/throttle-policy.ts'
import { reserveAttempt } from '../../src/users/throttle.ts'
import { atAccount, csrfOf, later, send, signInAsked } from '../support/account.ts'
import { askSilently } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { shutDatabase, untilWaiting } from '../support/outage.ts'
import { addApi, addClient, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import {
  authorizeUrl,
  pkce,
  redeem,
  refresh,
  signIn,
  stepOf,
  told,
  tokensFor,
  walk,
} from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server, { name: 'Shop "of" <b>things</b>' })
  await addApi(server)
})
afterAll(() => server.stop())

const uidOf = async (agent: UserAgent) => {
  const page = await agent.get('/account/sessions')
  return /sessions\/([^/]+)\/end/.exec(page.text)?.[1] ?? ''
}
const isSignedIn = async (agent: UserAgent) => told(await askSilently(agent, client))['code'] !== undefined

describe('two browsers of one person', () => {
  test('see each other, and one ends the other: it must sign in again, and its tokens are refused (SE-07)', async () => {
    const person = await addPerson(server)
    const other = await tokensFor(server, client, person)
    const consented = { scope: 'openid offline_access', prompt: 'consent' }
    const again = await signIn(server, client, person, consented, { agent: other.agent })
    const offline = (await redeem(server, client, again)).json<Tokens>()
    const { agent, page } = await atAccount(server, person, '/account/sessions')
    expect(page.text.match(/<li class="row">/g)).toHaveLength(2)
    expect(page.text.match(/>This device</g)).toHaveLength(1)
    const answer = await send(agent, page, /\/end$/)
    expect(answer.location).toBe('/account/sessions')
    expect(told(await askSilently(other.agent, client))['error']).toBe('login_required')
    for (const { refresh_token: token } of [other, offline]) {
      const refused = await refresh(server, client, token)
      expect([refused.status, refused.json()['error']]).toEqual([400, 'invalid_grant'])
    }
    expect(signInAsked(await other.agent.get('/account'))).not.toBeNull()
    const after = await agent.get('/account/sessions')
    expect(after.text).toContain('That device is signed out.')
    expect(after.text.match(/<li class="row">/g)).toHaveLength(1)
  })

  test('are told of by one audit event with its actor, and a second press is told that it is done already', async () => {
    const person = await addPerson(server)
    await tokensFor(server, client, person)
    const { agent } = await atAccount(server, person)
    const uid = await uidOf(agent)
    const csrf = await csrfOf(agent)
    for (const said of ['That device is signed out.', 'That is not there any more.']) {
      expect((await agent.post(`/account/sessions/${uid}/end`, { csrf })).status).toBe(303)
      expect((await agent.get('/account/sessions')).text).toContain(said)
    }
    const events = await server.database.prisma.auditEvent.findMany({
      where: { type: 'session.ended', sessionUid: uid },
    })
    expect(events.map(({ actorVia, actorUserId }) => [actorVia, actorUserId])).toEqual([['user', person.id]])
  })

  test('end together but for the one that asks (SE-07)', async () => {
    const person = await addPerson(server)
    const others = [await tokensFor(server, client, person), await tokensFor(server, client, person)]
    const { agent, page } = await atAccount(server, person, '/account/sessions')
    await send(agent, page, /\/account\/sessions$/)
    for (const other of others) {
      expect(await isSignedIn(other.agent)).toBe(false)
      expect((await refresh(server, client, other.refresh_token)).status).toBe(400)
    }
    expect((await agent.get('/account')).status).toBe(200)
  })

  test('end together, and the one that asks stays known: strangers keep its owner waiting here no more than before (TH-03)', async () => {
    const person = await addPerson(server)
    const { agent, page } = await atAccount(server, person, '/account/sessions')
    await tokensFor(server, client, person)
    await send(agent, page, /\/account\/sessions$/)
    for (let nth = 0; nth < 100; nth += 1)
      await reserveAttempt(
        server.database.prisma,
        passwordCounters(defaultThrottlePolicy.password, {
          ...{ account: person.email, userId: person.id, ip: `198.51.100.${nth}`, browser: null },
        }),
        new Date(),
      )
    const change = await agent.get('/account/change-password')
    const changed = await send(agent, change, /change-password$/, {
      ...{ current: person.password, password: 'nine patient herons counting' },
    })
    expect([changed.status, changed.location]).toEqual([303, '/account/security'])
  })
})

describe('a stolen cookie whose sign-in is six minutes old', () => {
  test.each([
    ['all other sessions', '/account/sessions', /\/account\/sessions$/],
    ['another session', '/account/sessions', /\/end$/],
    ['all browsers', '/account/security/browsers', /\/browsers$/],
    ['one browser', '/account/security/browsers', /\/forget$/],
  ])(
    'does not end or forget %s of its owner, who may after showing every factor (SE-07, MF-07)',
    async (_what, path, form) => {
      const person = await addPerson(server)
      const other = await tokensFor(server, client, person)
      const { agent, page } = await atAccount(server, person, path)
      await later(server, { person }, { secondsAgo: 360 })
      const { prisma } = server.database
      const browsers = () => prisma.trustedBrowser.count({ where: { userId: person.id } })
      const before = await browsers()
      const asked = await send(agent.clone(), page, form)
      expect(signInAsked(asked)?.get('prompt')).toBe('login')
      expect([await isSignedIn(other.agent), await browsers()]).toEqual([true, before])
      const own = await send(agent, page, form)
      const back = await walk(server, agent, own.location ?? '', person)
      expect(back.text).toContain('Nothing was done yet: press the button once more.')
      expect([await isSignedIn(other.agent), await browsers()]).toEqual([true, before])
      expect((await send(agent, back, form)).location).toBe(path)
      const isEnded = !(await isSignedIn(other.agent))
      expect(isEnded || (await browsers()) < before).toBe(true)
    },
  )

  test('may sign itself out all the same', async () => {
    const person = await addPerson(server)
    const { agent, page } = await atAccount(server, person)
    await later(server, { person }, { secondsAgo: 360 })
    expect((await send(agent, page, /sign-out$/)).location).toBe('/account/signed-out')
  })
})

describe('signing out at the account pages (SE-09)', () => {
  test('ends this session and takes its cookie along; another browser stays signed in', async () => {
    const person = await addPerson(server)
    const other = await tokensFor(server, client, person)
    const { agent, page } = await atAccount(server, person)
    const kept = agent.clone()
    expect((await send(agent, page, /sign-out$/)).location).toBe('/account/signed-out')
    expect((await agent.get('/account/signed-out')).text).toContain('You are signed out')
    expect(agent.cookies.map(({ name }) => name)).not.toContain('cardea_session')
    expect(signInAsked(await kept.get('/account'))).not.toBeNull()
    expect(await isSignedIn(other.agent)).toBe(true)
  })

  test('wins over whatever the same browser asks for in that moment: no renewal, silent sign-in or page brings the session back', async () => {
    const person = await addPerson(server)
    for (let round = 0; round < 6; round += 1) {
      const { agent, page } = await atAccount(server, person)
      const tabs = Array.from({ length: 6 }, () => agent.clone())
      await Promise.all([
        ...tabs.map((tab, nth) => (nth % 2 === 0 ? askSilently(tab, client) : tab.get('/account'))),
        send(agent, page, /sign-out$/),
      ])
      for (const tab of tabs) {
        expect(told(await askSilently(tab, client))['error']).toBe('login_required')
        expect(signInAsked(await tab.get('/account'))).not.toBeNull()
      }
    }
  })
})

describe('connected apps', () => {
  const asked = {
    scope: 'openid email offline_access orders:read',
    resource: 'https://api.example/',
    prompt: 'consent',
  }

  test('are listed with what each may do, escaped, and the account pages are none of them (XS-01)', async () => {
    const person = await addPerson(server)
    await tokensFor(server, client, person, asked)
    const { agent, page } = await atAccount(server, person, '/account/apps')
    expect(page.text).toContain('Shop &quot;of&quot; &lt;b&gt;things&lt;/b&gt;')
    expect(page.text).toContain('Also while you are away')
    expect(page.text).not.toContain('Your account</bdi>')
    const details = await agent.get(`/account/apps/${client.id}`)
    expect(details.text).toContain('See your orders')
    expect(details.text).toContain('Your email address')
    expect(details.text).toContain('What you decided')
  })

  test('lose everything when withdrawn: tokens at once, and the next time they must ask for all of it', async () => {
    const person = await addPerson(server)
    const tokens = await tokensFor(server, client, person, asked)
    const { agent } = await atAccount(server, person)
    const details = await agent.get(`/account/apps/${client.id}`)
    expect((await send(agent, details, /withdraw$/)).location).toBe('/account/apps')
    const refused = await refresh(server, client, tokens.refresh_token)
    expect([refused.status, refused.json()['error']]).toEqual([400, 'invalid_grant'])
    const after = await agent.get('/account/apps')
    expect(after.text).toContain('The app has no access to your account any more.')
    expect(after.text).toContain('No app has access to your account.')
    const again = await walk(server, agent, authorizeUrl(client, pkce().challenge, asked), person, {
      stopAt: /^consent$/,
    })
    expect(stepOf(again)).toBe('consent')
    const events = await server.database.prisma.auditEvent.findMany({
      where: { type: 'access.revoked', userId: person.id, clientId: client.id },
    })
    expect(events.map(({ actorVia }) => actorVia)).toEqual(['user'])
  })
})

describe('an app under the id of one that is gone', () => {
  test('is another app: it must ask anew, and no receipt of the earlier one is shown as its own', async () => {
    const person = await addPerson(server)
    const gone = await addClient(server, { id: `reused-${Date.now()}` })
    const asked = { scope: 'openid email offline_access', prompt: 'consent' }
    await tokensFor(server, gone, person, asked)
    await server.database.transaction(async (tx) => {
      await revoke(tx, { clientId: gone.id }, { reason: 'client_deleted' })
      await deleteClient(tx, gone.id)
      await forgetConsents(tx, { clientId: gone.id })
    })
    const next = await addClient(server, { id: gone.id, name: 'Another app' })
    const { agent } = await atAccount(server, person)
    const url = authorizeUrl(next, pkce().challenge, { scope: 'openid email' })
    const asking = await walk(server, agent, url, person, { stopAt: /^consent$/ })
    expect(stepOf(asking)).toBe('consent')
    await walk(server, agent, url, person)
    const { text } = await agent.get(`/account/apps/${gone.id}`)
    expect(text).toContain('Another app')
    expect(text).not.toContain('Withdrawn')
    const { prisma } = server.database
    const receipts = await prisma.consentReceipt.findMany({ where: { userId: person.id, clientId: gone.id } })
    const shown = await listConsentReceipts(prisma, {
      ...{ userId: person.id, clientId: gone.id, registeredAt: next.createdAt },
    })
    expect([receipts.length, shown.length]).toEqual([2, 1])
  })

  test('does not get what was allowed to the earlier one in the moment of its end', async () => {
    const person = await addPerson(server)
    const gone = await addClient(server, { id: `raced-${Date.now()}` })
    const { agent } = await atAccount(server, person)
    const url = authorizeUrl(gone, pkce().challenge, { scope: 'openid email' })
    const page = await walk(server, agent, url, person, { stopAt: /^consent$/ })
    let answer: Promise<Answer> | undefined
    await server.database.transaction(async (tx) => {
      await deleteClient(tx, gone.id)
      await forgetConsents(tx, { clientId: gone.id })
      answer = send(agent, page, /consent$/, { decision: 'allow', scope: 'email' })
      await untilWaiting(server)
    })
    expect((await answer)?.status).toBeLessThan(500)
    const where = { userId: person.id, clientId: gone.id }
    expect(await server.database.prisma.consent.count({ where })).toBe(0)
    expect(await server.database.prisma.consentReceipt.count({ where })).toBe(0)
  })
})

describe('recent activity', () => {
  test('tells in plain words what happened, who did it when it was not the person, and not what is a part of something else', async () => {
    const person = await addPerson(server)
    await tokensFor(server, client, person)
    const { agent } = await atAccount(server, person)
    await server.database.prisma.auditEvent.create({
      data: { type: 'user.unlocked', userId: person.id, actorVia: 'admin_api', ip: '203.0.113.7' },
    })
    const { text } = await agent.get('/account/activity')
    for (const words of ['Signed in', 'By an administrator', '127.0.0.1', 'You allowed'])
      expect(text).toContain(words)
    // Where an operator sits is theirs alone, here and at the start of the account.
    expect(text).not.toContain('203.0.113.7')
    expect((await agent.get('/account')).text).not.toContain('203.0.113.7')
    expect(text).not.toMatch(/sign_in\.|session\.started|password_ok/)
  })

  test('is paged, and takes nothing else for a place in it', async () => {
    const person = await addPerson(server)
    const { agent } = await atAccount(server, person)
    await server.database.prisma.auditEvent.createMany({
      data: Array.from({ length: 70 }, () => ({ type: 'user.updated', userId: person.id })),
    })
    const first = await agent.get('/account/activity')
    const older = /href="(\/account\/activity\?before=\d+)"/.exec(first.text)?.[1] ?? ''
    expect((await agent.get(older)).text).toContain('Signed in')
    for (const before of ["1'--", '-1', '9'.repeat(40), 'NaN'])
      expect((await agent.get(`/account/activity?before=${encodeURIComponent(before)}`)).status).toBe(200)
  })
})

test('without its database every account page is 503, and nobody is called signed out (FT-01)', async () => {
  const own = await startTestServer()
  try {
    const { agent } = await atAccount(own, await addPerson(own))
    const { restore } = await shutDatabase(own)
    try {
      for (const path of ['/account', '/account/sessions', '/account/delete', '/account/signed-in?error=x']) {
        const answer = await agent.get(path)
        expect([path, answer.status, answer.location]).toEqual([path, 503, undefined])
      }
      const posted = await agent.post('/account/sign-out', { csrf: 'x' })
      expect([posted.status, posted.location]).toEqual([503, undefined])
    } finally {
      await restore()
    }
    expect(agent.cookies.map(({ name }) => name)).toContain('cardea_session')
  } finally {
    await own.stop()
  }
})
