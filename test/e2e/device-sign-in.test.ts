import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as client from 'openid-client'
import { ADMIN_API, COMMAND_LINE, findClient } from '../../src/clients/index.ts'
import { claimsOf } from '../support/authorize.ts'
import { addDeviceApp, connect, DEVICE_GRANT, poll, startDevice, verdictOf } from '../support/device.ts'
import { addApi, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { askToken, refresh } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { userinfo } from '../support/tokens.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
})
afterAll(() => server.stop())

test('a person connects a device with the code it shows: password, second factor, consent, tokens (DV-01, RFC 8628 §3.1–§3.5)', async () => {
  const app = await addDeviceApp(server)
  const person = await addPerson(server)
  const started = await startDevice(server, app, { scope: 'openid email' })
  expect(started).toEqual({
    device_code: expect.stringMatching(/^[\w-]{43}$/),
    user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
    verification_uri: `${server.issuer}/device`,
    verification_uri_complete: `${server.issuer}/device?user_code=${started.user_code}`,
    expires_in: 600,
    interval: 5,
  })
  expect(verdictOf(await poll(server, app, started))).toBe('authorization_pending')
  const end = await connect(server, started, person)
  expect([end.status, end.text]).toEqual([200, expect.stringContaining('Your device is connected')])
  const answer = await poll(server, app, started)
  expect(answer.status).toBe(200)
  const tokens = answer.json<Tokens>()
  expect(claimsOf(tokens.id_token)).toMatchObject({ sub: person.id, aud: app.id, amr: ['pwd', 'otp', 'mfa'] })
  expect((await userinfo(server, tokens.access_token)).json()).toMatchObject({
    sub: person.id,
    email: person.email,
  })
  const refreshed = await refresh(server, app, tokens.refresh_token)
  expect(refreshed.status).toBe(200)
})

test('an app on openid-client connects as its documentation has it, and for an API (DV-01, RFC 8628 §3.2, RFC 8707)', async () => {
  await addApi(server)
  const app = await addDeviceApp(server)
  const person = await addPerson(server)
  // The library marks it deprecated to make people stop and think; loopback never leaves the machine.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const execute = [client.allowInsecureRequests]
  const config = await client.discovery(new URL(server.issuer), app.id, undefined, client.None(), { execute })
  const started = await client.initiateDeviceAuthorization(config, {
    scope: 'openid offline_access orders:read',
    resource: 'https://api.example/',
  })
  // It waits for as long as it was told before it asks: by then the person is through.
  const polling = client.pollDeviceAuthorizationGrant(config, started, { resource: 'https://api.example/' })
  await connect(server, started, person)
  const tokens = await polling
  expect(tokens.claims()?.sub).toBe(person.id)
  expect(tokens.scope).toBe('orders:read')
  expect(tokens.refresh_token).toEqual(expect.any(String))
})

test('a device stays connected when the browser that connected it signs out, if it was allowed to (DV-01)', async () => {
  const app = await addDeviceApp(server)
  const person = await addPerson(server)
  for (const [scope, status] of [
    ['openid', 400],
    ['openid offline_access', 200],
  ] as const) {
    const agent = createUserAgent(server)
    const started = await startDevice(server, app, { scope })
    await connect(server, started, person, { agent })
    const tokens = (await poll(server, app, started)).json<Tokens>()
    const { action, fields } = formOf(await agent.get('/logout'))
    await agent.post(action, { ...fields, logout: 'yes' })
    expect((await refresh(server, app, tokens.refresh_token)).status).toBe(status)
  }
})

test('an operator signs the command line in on a machine without a browser, with what their role allows (DV-01)', async () => {
  const app = { ...(await findClient(server.database.prisma, COMMAND_LINE)), secret: '' } as Awaited<
    ReturnType<typeof addDeviceApp>
  >
  const [auditor, nobody] = [await addPerson(server), await addPerson(server)]
  await server.database.prisma.user.update({ where: { id: auditor.id }, data: { role: 'auditor' } })
  const scopes: unknown[] = []
  for (const person of [auditor, nobody]) {
    const started = await startDevice(server, app, {
      scope: 'openid users:read users:write',
      resource: ADMIN_API,
    })
    await connect(server, started, person)
    const answer = await askToken(server, app, {
      grant_type: DEVICE_GRANT,
      device_code: started.device_code,
      resource: ADMIN_API,
    })
    scopes.push([answer.status, answer.json()['error'] ?? answer.json()['scope']])
  }
  expect(scopes).toEqual([
    [200, 'users:read'],
    [400, 'invalid_scope'],
  ])
})
