import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { basic, bearer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import { sendRaw, statusOf } from '../support/raw.ts'
import { everyRoute } from '../support/routes.ts'
import { isActive, tokensFor } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'LINK', 'SEARCH', 'PURGE']

describe.each(everyRoute)('$path', ({ path, methods: own }) => {
  const allowed = [...own, ...(own.includes('GET') ? ['HEAD'] : []), 'OPTIONS']

  test('answers every method that it does not have with 405 and what it has (HT-04, RFC 9110 §15.5.6)', async () => {
    for (const method of methods.filter((one) => !own.includes(one))) {
      const answer = await server.ask(path, { method })
      expect({ method, status: answer.status, allow: answer.headers.allow }).toEqual({
        method,
        status: 405,
        allow: allowed.join(', '),
      })
    }
    if (!allowed.includes('HEAD')) expect((await server.ask(path, { method: 'HEAD' })).status).toBe(405)
  })

  test('tells what it has when asked by OPTIONS (HT-04)', async () => {
    const answer = await server.ask(path, { method: 'OPTIONS' })
    expect(answer).toMatchObject({ status: 204, text: '', headers: { allow: allowed.join(', ') } })
  })

  test('is reached by no method that a header or field pretends (HT-04)', async () => {
    const wanted = own[0] ?? ''
    const sent = ['GET', 'DELETE', 'TRACE'].find((method) => !own.includes(method)) ?? 'TRACE'
    const headers = Object.fromEntries(
      ['X-HTTP-Method', 'X-HTTP-Method-Override', 'X-Method-Override'].map((name) => [name, wanted]),
    )
    const answer = await server.ask(`${path}?_method=${wanted}`, { method: sent, headers })
    expect(answer.status).toBe(405)
  })

  test('knows no method beyond HTTP’s: the connection ends', async () => {
    const port = server.instances[0]?.port ?? 0
    const host = `Host: ${new URL(server.issuer).host}`
    for (const method of ['FOO', 'get', 'G\x00T'])
      expect(statusOf(await sendRaw(port, `${method} ${path} HTTP/1.1\r\n${host}\r\n\r\n`))).toBe(400)
    expect(statusOf(await sendRaw(port, `CONNECT ${path} HTTP/1.1\r\n${host}\r\n\r\n`))).toBe(0)
  })
})

describe('an address that does not exist', () => {
  test.each(methods)('is 404 for %s', async (method) => {
    for (const path of [
      '/',
      '/nowhere',
      '/token/',
      '/TOKEN',
      '/interaction',
      '/interaction/',
      '/authorize/x/y',
    ])
      expect({ path, status: (await server.ask(path, { method })).status }).toEqual({ path, status: 404 })
  })
})

describe('what takes forms', () => {
  const types = ['application/json', 'multipart/form-data; boundary=x', 'text/plain', 'application/xml']
  const pages = everyRoute.filter(
    ({ path, methods: own }) => path.includes('/interaction/') && own.includes('POST'),
  )

  test.each(pages.map(({ path }) => path))(
    'takes nothing else on %s: 415 (HT-04, ASVS 4.1.4)',
    async (path) => {
      for (const type of types) {
        const answer = await server.ask(path, { body: '{}', headers: { 'content-type': type } })
        expect({ type, status: answer.status }).toEqual({ type, status: 415 })
        expect(answer.headers['accept-post']).toBe('application/x-www-form-urlencoded')
      }
    },
  )

  test('does nothing for a GET or a _method that says otherwise: the token lives on', async () => {
    const client = await addClient(server)
    const { access_token } = await tokensFor(server, client, await addPerson(server))
    const headers = basic(client.id, client.secret)
    expect((await server.ask(`/revoke?token=${access_token}`, { headers })).status).toBe(405)
    const userinfo = await server.ask('/userinfo', {
      body: { _method: 'DELETE' },
      headers: bearer(access_token),
    })
    expect(userinfo.status).toBe(200)
    expect(await isActive(server, client, access_token)).toBe(true)
  })
})
