import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { revoke, settleLeftBehind } from '../../src/oidc/index.ts'
import type { Selector } from '../../src/oidc/index.ts'
import { askSilently } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { askToken, pkce, redeem, told, tokensFor } from '../support/sign-in.ts'
import { introspect } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
let server: TestServer
beforeAll(async () => (server = await startTestServer({ instances: 2 })))
afterAll(() => server.stop())

/** Does something while a revocation has named its instant and not yet committed: nobody can see it. */
async function meanwhile<T>(selector: Selector, something: () => Promise<T>): Promise<T> {
  const ready = Promise.withResolvers<undefined>()
  const go = Promise.withResolvers<undefined>()
  const revoking = server.database.transaction(async (tx) => {
    await revoke(tx, selector, { reason: 'test' })
    ready.resolve(undefined)
    await go.promise
  })
  await ready.promise
  const result = await something()
  go.resolve(undefined)
  await revoking
  return result
}

function addService(): Promise<Client> {
  return addClient(server, {
    metadata: {
      redirect_uris: ['https://rp.example/cb'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    },
  })
}

async function ownToken(client: Client): Promise<string> {
  const answer = await askToken(server, client, { grant_type: 'client_credentials' })
  expect(answer.status).toBe(200)
  return String(answer.json()['access_token'])
}

async function isActive(client: Client, token: string): Promise<boolean> {
  return (await introspect(server, client, token)).json()['active'] === true
}

describe('what is given out between the instant of a revocation and its commit is dead when it resolves (FT-11, RV-04)', () => {
  test.each<[string, (client: Client) => Selector]>([
    ['of the client', ({ id }) => ({ clientId: id })],
    ['of everything', () => ({ everything: true })],
  ])("a client's own token, by a revocation %s", async (_, selector) => {
    const client = await addService()
    const token = await meanwhile(selector(client), async () => {
      const given = await ownToken(client)
      expect(await isActive(client, given)).toBe(true)
      return given
    })
    expect(await isActive(client, token)).toBe(false)
    expect(await isActive(client, await ownToken(client))).toBe(true)
  })

  test('a new grant that a silent authorization makes from a remembered consent', async () => {
    const [client, other, ann] = [await addService(), await addService(), await addPerson(server)]
    await tokensFor(server, client, ann, { scope: 'openid' })
    // Another browser of hers, which has not been at this client.
    const { agent } = await tokensFor(server, other, ann, { scope: 'openid' })
    const { verifier, challenge } = pkce()
    const code = await meanwhile({ userId: ann.id, clientId: client.id }, async () => {
      const answer = await askSilently(agent, client, { code_challenge: challenge })
      return told(answer)['code'] ?? ''
    })
    expect(code).not.toBe('')
    const redeemed = await redeem(server, client, { code, verifier })
    expect(redeemed.json()).toMatchObject({ error: 'invalid_grant' })
  })
})

test('a process that ends between the two is made up for by any other (FT-12)', async () => {
  const client = await addService()
  let token = ''
  const ready = Promise.withResolvers<undefined>()
  const go = Promise.withResolvers<undefined>()
  const revoking = server.database.transaction(async (tx) => {
    const { id } = await revoke(tx, { clientId: client.id }, { reason: 'test' })
    await tx.$executeRaw`UPDATE revocations SET created_at = now() - interval '1 minute' WHERE id = ${id}::uuid`
    ready.resolve(undefined)
    await go.promise
    return id
  })
  await ready.promise
  token = await ownToken(client)
  go.resolve(undefined)
  const id = await revoking
  // As if it had ended there: the second cut is taken back.
  await server.database.prisma.$executeRaw`UPDATE revocations SET settled_at = NULL WHERE id = ${id}::uuid`
  await server.database.prisma.$executeRaw`
    UPDATE clients SET tokens_not_before = (SELECT effective_at FROM revocations WHERE id = ${id}::uuid) WHERE id = ${client.id}`
  expect(await isActive(client, token)).toBe(true)
  while (await settleLeftBehind(server.database));
  expect(await isActive(client, token)).toBe(false)
  expect(await isActive(client, await ownToken(client))).toBe(true)
})
