import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { docsBlock } from '../../unit/deploy/files.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { authorizeUrl, isActive, pkce, refresh, tokensFor } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

test('the statements that docs/operate.md gives for a restored dump end every session and token', async () => {
  const [client, person] = [await addClient(server), await addPerson(server)]
  const tokens = await tokensFor(server, client, person)
  expect(await isActive(server, client, tokens.access_token)).toBe(true)
  await server.database.pool.query(docsBlock('after a restore'))
  expect(await isActive(server, client, tokens.access_token)).toBe(false)
  expect((await refresh(server, client, tokens.refresh_token)).status).toBe(400)
  const silent = await tokens.agent.get(authorizeUrl(client, pkce().challenge, { prompt: 'none' }))
  expect(silent.location).toContain('error=login_required')
  // And the way in is open.
  expect((await tokensFor(server, client, person)).access_token).toBeDefined()
})
