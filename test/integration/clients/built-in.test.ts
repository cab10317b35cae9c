import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  ACCOUNT_PAGES,
  ADMIN_API,
  COMMAND_LINE,
  ensureBuiltIn,
  findClient,
} from '../../../src/clients/index.ts'
import { basic } from '../../support/http-client.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const rows = async () => {
  const { client, resourceServer } = server.database.prisma
  return [await client.findMany({ orderBy: { id: 'asc' } }), await resourceServer.findMany()]
}

describe('what belongs to Cardea itself', () => {
  test('is left untouched by a start that finds it as it should be, its time of change too', async () => {
    const before = await rows()
    await ensureBuiltIn(server.database.prisma, { issuer: server.issuer })
    expect(await rows()).toEqual(before)
  })

  test('is brought back to what this version knows when it differs, and nothing else is', async () => {
    const { prisma } = server.database
    const before = await findClient(prisma, COMMAND_LINE)
    await prisma.client.update({ where: { id: ACCOUNT_PAGES }, data: { name: 'Something else' } })
    await ensureBuiltIn(prisma, { issuer: 'https://id.example' })
    const account = await findClient(prisma, ACCOUNT_PAGES)
    expect(account).toMatchObject({ name: 'Your account', firstParty: true, builtIn: true })
    expect(account?.metadata.redirect_uris).toEqual(['https://id.example/account/signed-in'])
    expect(await findClient(prisma, COMMAND_LINE)).toEqual(before)
    await ensureBuiltIn(prisma, { issuer: server.issuer })
  })

  test('keeps the scopes that a later version gave it, when an earlier one starts in an update', async () => {
    const { prisma } = server.database
    const api = await prisma.resourceServer.findUniqueOrThrow({ where: { identifier: ADMIN_API } })
    const later = { name: 'later:read', description: 'What a later version knows', optional: false }
    await prisma.resourceServer.update({
      where: { identifier: ADMIN_API },
      data: { scopes: [later, ...(api.scopes as object[]).slice(1)] },
    })
    await ensureBuiltIn(prisma, { issuer: server.issuer })
    const kept = await prisma.resourceServer.findUniqueOrThrow({ where: { identifier: ADMIN_API } })
    expect(kept.scopes).toEqual([later, ...(api.scopes as object[]).slice(1), (api.scopes as object[])[0]])
    await prisma.resourceServer.update({
      where: { identifier: ADMIN_API },
      data: { scopes: api.scopes ?? [] },
    })
  })

  test('gets no token as the account pages: no secret is theirs, not even none (CA-09)', async () => {
    const form = { grant_type: 'authorization_code', code: 'x'.repeat(43), redirect_uri: server.issuer }
    const zeros = Buffer.alloc(32)
    for (const secret of ['x', zeros.toString('base64url'), 'A'.repeat(32)]) {
      const answer = await server.ask('/token', { body: form, headers: basic(ACCOUNT_PAGES, secret) })
      expect([answer.status, answer.json()['error']]).toEqual([401, 'invalid_client'])
    }
    const empty = await server.ask('/token', { body: form, headers: basic(ACCOUNT_PAGES, '') })
    const bare = await server.ask('/token', { body: { ...form, client_id: ACCOUNT_PAGES } })
    for (const { status, text } of [empty, bare]) {
      expect([400, 401]).toContain(status)
      expect(text).not.toMatch(/_token"/)
    }
  })
})
