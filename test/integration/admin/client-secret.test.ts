import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { madeClient } from '../../support/access-rows.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'
import type { Answer } from '../../support/http-client.ts'

let stage: AdminStage
let token: string
beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token()
})
afterAll(() => stage.stop())

const get = (id: string) => stage.ask(`/v1/clients/${id}`, { token })
const problemOf = (answer: Answer) => [answer.status, answer.json()['type']]
const problem = (status: number, name: string) => [status, `urn:cardea:problem:${name}`]

const made = (input: Parameters<typeof madeClient>[1] = {}) => madeClient(stage, input)

/** A client's access token, of its own or of a user, as rows. */
async function give(clientId: string): Promise<void> {
  await stage.database.pool.query(
    `INSERT INTO tokens (digest, kind, client_id, payload, expires_at)
     VALUES (sha256($1::bytea), 'ClientCredentials', $2, '{}', now() + interval '1 hour')`,
    [randomUUID(), clientId],
  )
}

describe('a secret', () => {
  const rotate = (id: string, json?: object) =>
    stage.ask(`/v1/clients/${id}/secret`, { method: 'POST', token, json })

  test('is replaced at once and ends everything that was obtained with the old one', async () => {
    const id = await made()
    await give(id)
    const answer = await rotate(id)
    expect(answer.json()).toMatchObject({
      client_id: id,
      client_secret: expect.stringMatching(/^[\w-]{43}$/) as unknown,
      previous_secret_expires_at: null,
      revoked: { counts: { access_tokens: 1 } },
    })
  })

  test('with an overlap ends nothing, and the client tells until when the old one is good', async () => {
    const id = await made()
    await give(id)
    const { previous_secret_expires_at: until, revoked } = (
      await rotate(id, { overlap_seconds: 3600 })
    ).json()
    expect(revoked).toBeNull()
    expect((await get(id)).json()['previous_secret_expires_at']).toBe(until)
    expect(await stage.database.prisma.token.count({ where: { clientId: id } })).toBe(1)
  })

  test('is not to be had by a client without one, nor for longer than 30 days', async () => {
    const id = await made({ metadata: { token_endpoint_auth_method: 'none' } })
    expect(problemOf(await rotate(id))).toEqual(problem(409, 'no_secret'))
    expect((await rotate(await made(), { overlap_seconds: 30 * 86_400 + 1 })).status).toBe(422)
  })
})
