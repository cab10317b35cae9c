import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Answer } from '../support/http-client.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { stepOf, walk } from '../support/sign-in.ts'
import { createUserAgent } from '../support/user-agent.ts'

let server: TestServer
let mute: TestServer
beforeAll(async () => {
  server = await startTestServer()
  mute = await startTestServer({ env: { CARDEA_MODE: 'production' } })
})
afterAll(async () => {
  await server.stop()
  await mute.stop()
})

const links = ({ text }: Answer) => [...text.matchAll(/<a\b[^>]*href="(\/[^"]*)"/g)].map(([, to]) => to ?? '')

describe('in a browser that knows nothing of us', () => {
  test.each([
    ['a password that was set', '/account/password-set', 200],
    ['an account that was made', '/register/done', 200],
    ['an address that was changed', '/account/email/done', 200],
    ['a dead link for a password', '/account/password?ticket=x', 410],
    ['a dead link for an account', '/register/confirm?ticket=x', 410],
    ['a dead link for an address', '/account/email/confirm?ticket=x', 410],
  ])('the page after %s leads to a sign-in', async (_, path, status) => {
    const agent = createUserAgent(server)
    const page = await agent.get(path)
    expect(page.status).toBe(status)
    expect(links(page)).toContain('/account')
    expect(stepOf(await walk(server, agent, '/account', null))).toBe('login')
  })
})

describe('a dead link', () => {
  test('for a password leads to another mail, and to the sign-in in which the last was asked for', async () => {
    const agent = createUserAgent(server)
    expect(links(await agent.get('/account/password?ticket=x'))).toContain('/forgot')
    const login = await walk(server, agent, '/account', null)
    const [forgot = ''] = links(login).filter((to) => to.startsWith('/forgot?'))
    const form = await agent.get(forgot)
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(form.text)?.[1] ?? ''
    const sent = {
      csrf: field('csrf'),
      interaction: field('interaction'),
      email: 'nobody-at-all@example.com',
    }
    expect((await agent.post('/forgot', sent)).status).toBe(303)
    expect(links(await agent.get('/account/password?ticket=x'))).toContain(forgot)
  })

  test('for an account leads to the form, for an address to neither', async () => {
    expect(links(await server.ask('/register/confirm?ticket=x'))).toContain('/register')
    const address = links(await server.ask('/account/email/confirm?ticket=x'))
    expect(address.filter((to) => /^\/(forgot|register)/.test(to))).toEqual([])
  })

  test('leads to no mail where none goes out', async () => {
    for (const path of ['/account/password?ticket=x', '/register/confirm?ticket=x']) {
      const page = await mute.ask(path)
      expect(page.status).toBe(410)
      expect(links(page)).toContain('/account')
      expect(links(page).filter((to) => /^\/(forgot|register)/.test(to))).toEqual([])
    }
  })
})

test.each(['/forgot', '/register'])('%s leads to a sign-in where it can do nothing', async (path) => {
  const page = await mute.ask(path)
  expect(page.status).toBe(403)
  expect(links(page)).toContain('/account')
})
