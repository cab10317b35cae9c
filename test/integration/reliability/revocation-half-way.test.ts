import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { settleLeftBehind } from '../../../src/oidc/index.ts'
import type { Answer } from '../../support/http-client.ts'
import { addOperator } from '../../support/operator.ts'
import { failOnInsert, holdTable } from '../../support/outage.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { doorsOpenTo } from '../../support/revoked.ts'
import { tokensFor } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import type { TestServer } from '../../support/server.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'
import { bugsIn, startBehindProxy } from './behind-proxy.ts'

let stop: () => Promise<void>
let proxy: TcpProxy
let server: TestServer
let operator: Awaited<ReturnType<typeof addOperator>>
beforeAll(async () => {
  ;({ server, proxy, stop } = await startBehindProxy())
  operator = await addOperator(server, ['revocations:write', 'admin:grant'])
})
afterAll(() => stop())
afterEach(() => expect(bugsIn(server)).toEqual([]))

type Victim = { userId: string; tokens: Tokens; client: Awaited<ReturnType<typeof addClient>> }

async function arrange(): Promise<Victim> {
  const [client, person] = [await addClient(server), await addPerson(server)]
  const tokens = await tokensFor(server, client, person, {
    scope: 'openid offline_access',
    prompt: 'consent',
  })
  return { userId: person.id, tokens, client }
}

const revoke = ({ userId }: Victim, key: string): Promise<Answer> =>
  operator.post(server.instances[0]?.opsPort ?? 0, `/v1/users/${userId}/revoke`, { reason: 'test' }, key)
const open = ({ client, tokens }: Victim) => doorsOpenTo(server, client, tokens)
const everywhere = ['introspection', 'introspection', 'userinfo', 'refresh']

/** Everything the database knows of somebody's access, and of its end. */
async function stateOf({ userId }: Victim) {
  const { prisma } = server.database
  const [user, sessions, grants, tokens] = await Promise.all([
    prisma.user.findUnique({ where: { id: userId }, select: { tokensNotBefore: true } }),
    prisma.session.findMany({ where: { userId }, select: { uid: true, revokedAt: true, issuedAt: true } }),
    prisma.grant.findMany({ where: { userId }, select: { id: true, revokedAt: true, issuedAt: true } }),
    prisma.token.count({ where: { userId } }),
  ])
  const receipts = await receiptsOf({ userId })
  const [events, notices] = await Promise.all([
    prisma.auditEvent.count({
      where: { userId, type: { in: ['access.revoked', 'grant.revoked', 'session.ended'] } },
    }),
    prisma.logoutNotice.count({ where: { userId } }),
  ])
  return { user, sessions, grants, tokens, receipts, events, notices }
}

const receiptsOf = ({ userId }: { userId: string }) =>
  server.database.prisma.revocation.count({ where: { selector: { path: ['user_id'], equals: userId } } })

function expectUnavailable(answer: Answer): void {
  expect(answer.status).toBe(503)
  expect(answer.headers['retry-after']).toMatch(/^[1-9]/)
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
}

/** Told that it did not work, nothing has: and sent again it does. */
async function expectAllOrNothing(victim: Victim, fail: (key: string) => Promise<void>): Promise<void> {
  const key = randomUUID()
  const before = await stateOf(victim)
  await fail(key)
  expect(await stateOf(victim)).toEqual(before)
  expect(await open(victim)).toEqual(everywhere)
  expect((await revoke(victim, key)).status).toBe(200)
  expect(await open(victim)).toEqual([])
  expect(await receiptsOf(victim)).toBe(1)
}

describe('a revocation in whose middle the database fails is answered 503 and has ended nothing; sent again it ends everything (AD-07)', () => {
  test.each(['revocations', 'audit_events'])('a row of %s cannot be written', async (table) => {
    const victim = await arrange()
    await expectAllOrNothing(victim, async (key) => {
      const condition = table === 'audit_events' ? `NEW.type = 'access.revoked'` : 'true'
      const fault = await failOnInsert(server, { table, condition })
      expectUnavailable(await revoke(victim, key))
      await fault.stop()
    })
  })

  test('the rows to be ended are held by somebody', async () => {
    const victim = await arrange()
    await expectAllOrNothing(victim, async (key) => {
      const holder = await holdTable(server, 'grants')
      const answer = await revoke(victim, key)
      await holder.release()
      expectUnavailable(answer)
    })
  })

  test.each(['tokens_not_before', 'sessions', 'INSERT INTO "public"."revocations"', 'COMMIT'])(
    'the connection is cut before it says %s',
    async (text) => {
      const victim = await arrange()
      await expectAllOrNothing(victim, async (key) => {
        const sprung = proxy.cutAt(text, 'before')
        const answer = await revoke(victim, key)
        await sprung
        expectUnavailable(answer)
        await sleep(50)
      })
    },
  )
})

describe('a revocation of which nobody knows whether it was committed', () => {
  test('is in force, and sent again gives the receipt of the one that was made (AD-07, AD-09)', async () => {
    const victim = await arrange()
    const key = randomUUID()
    const sprung = proxy.cutAt('COMMIT', 'after')
    expectUnavailable(await revoke(victim, key))
    await sprung
    await sleep(50)
    expect(await open(victim)).toEqual([])
    const again = await revoke(victim, key)
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([200, 'true'])
    expect(await receiptsOf(victim)).toBe(1)
  })

  test('is not acknowledged before its second cut, and whoever comes next makes that up (FT-11, FT-12)', async () => {
    const victim = await arrange()
    const sprung = proxy.cutAt('settled_at = clock_timestamp()', 'before')
    expectUnavailable(await revoke(victim, randomUUID()))
    await sprung
    await sleep(50)
    expect(await open(victim)).toEqual([])
    const { prisma } = server.database
    const unsettled = { where: { settledAt: null } }
    expect(await prisma.revocation.count(unsettled)).toBeGreaterThan(0)
    // As if it had happened a while ago: what is going on right now is left to those who do it.
    await prisma.$executeRaw`UPDATE revocations SET created_at = created_at - interval '1 minute' WHERE settled_at IS NULL`
    while (await settleLeftBehind(server.database));
    expect(await prisma.revocation.count(unsettled)).toBe(0)
  })
})
