import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { addAssertionClient, signAssertion } from '../support/assertion.ts'
import { GLOBAL_REVOCATION, startRevocationStage } from '../support/global-revocation.ts'
import { bearer } from '../support/http-client.ts'
import { failOnInsert, shutDatabase } from '../support/outage.ts'

let stage: Awaited<ReturnType<typeof startRevocationStage>>
beforeAll(async () => {
  stage = await startRevocationStage()
})
afterAll(() => stage.server.stop())
beforeEach(() => stage.ready())

test.each(['revocations', 'audit_events'])(
  'a global revocation that fails at %s is a 503 that ended nothing, and may be sent again (AD-07)',
  async (table) => {
    const failing = await failOnInsert(stage.server, { table })
    const answer = await stage.ask(stage.byId())
    expect([answer.status, answer.headers['retry-after'] === undefined]).toEqual([503, false])
    expect(answer.text).not.toContain('injected')
    expect(await stage.stillIn()).toBe(true)
    await failing.stop()
    expect((await stage.ask(stage.byId())).status).toBe(204)
    expect(await stage.stillIn()).toBe(false)
  },
)

test('without a database nobody is unknown: a global revocation is a 503 for every caller (AD-07)', async () => {
  const endpoint = `${stage.server.issuer}${GLOBAL_REVOCATION}`
  const signer = await addAssertionClient(stage.server, { scope: 'global:revoke' })
  const jwt = await signAssertion(stage.server, signer, { aud: endpoint })
  const outage = await shutDatabase(stage.server)
  for (const headers of [bearer(stage.token), bearer('unknown'), bearer(jwt)]) {
    const answer = await stage.ask(stage.byId(), {}, headers)
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([503, undefined])
  }
  await outage.restore()
  expect(await stage.stillIn()).toBe(true)
  expect((await stage.ask(stage.byId(), {}, bearer(jwt))).status).toBe(204)
})
