import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { atAccount, later, signInAsked } from '../support/account.ts'
import { addPerson, codeOf } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { walk } from '../support/sign-in.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_TRUSTED_BROWSER_DAYS: '30' } })
})
afterAll(() => server.stop())

test('a browser that skips the second factor is listed, is not fresh for a change that matters, and can be forgotten', async () => {
  const person = await addPerson(server)
  const agent = createUserAgent(server)
  const totp = await walk(server, agent, '/account', person, { stopAt: /^totp$/ })
  const { action, fields } = formOf(totp, /\/totp$/)
  const code = await codeOf(server, person)
  const proven = await agent.post(action, { ...fields, code, trust: 'yes' })
  await walk(server, agent, proven.location ?? '', person)
  const rows = await server.database.prisma.trustedBrowser.findMany({ where: { userId: person.id } })
  expect(rows.map(({ skipsFactorUntil }) => skipsFactorUntil !== null)).toEqual([true])

  const listed = await agent.get('/account/security/browsers')
  expect(listed.text).toContain('No second step until')
  expect(listed.text).toContain('This browser')

  // Signed out and in again: the password was enough, and is not for this.
  await server.database.prisma.session.updateMany({
    where: { userId: person.id },
    data: { revokedAt: new Date() },
  })
  const again = await walk(server, agent, '/account', person, { stopAt: /^totp$/ })
  expect(again.text).toContain('Hello, Pat Example')
  expect(signInAsked(await agent.get('/account/delete'))?.get('prompt')).toBe('login')
  const asked = await walk(server, agent, '/account/delete', person, { stopAt: /^totp$/ })
  expect(asked.text).toContain('Six-digit code')

  const early = formOf(await agent.get('/account/security/browsers'), /\/forget$/)
  expect(signInAsked(await agent.post(early.action, early.fields))?.get('prompt')).toBe('login')
  await walk(server, agent, '/account/delete', person)
  const forget = formOf(await agent.get('/account/security/browsers'), /\/forget$/)
  await agent.post(forget.action, forget.fields)
  expect(await server.database.prisma.trustedBrowser.count({ where: { userId: person.id } })).toBe(0)
  const events = await server.database.prisma.auditEvent.findMany({
    where: { userId: person.id, type: 'browser.forgotten' },
  })
  expect(events.map(({ actorVia }) => actorVia)).toEqual(['user'])
})

test('a new password ends what known browsers skip, also of the one that asks', async () => {
  const person = await addPerson(server)
  const at = await atAccount(server, person, '/account/change-password')
  await server.database.prisma.trustedBrowser.updateMany({
    where: { userId: person.id },
    data: { skipsFactorUntil: new Date(Date.now() + 86_400_000) },
  })
  const { action, fields } = formOf(at.page, /change-password$/)
  const values = { current: person.password, password: 'seven lanterns over quiet harbours' }
  expect((await at.agent.post(action, { ...fields, ...values })).status).toBe(303)
  const rows = await server.database.prisma.trustedBrowser.findMany({ where: { userId: person.id } })
  expect(rows.map(({ skipsFactorUntil }) => skipsFactorUntil)).toEqual([null])
  await later(server, at)
  const asked = await walk(
    server,
    at.agent,
    '/account/delete',
    { ...person, password: values.password },
    {
      stopAt: /^totp$/,
    },
  )
  expect(asked.text).toContain('Six-digit code')
})
