import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { checkMetadata, createClient } from '../../../src/clients/index.ts'
import { someMetadata } from '../../support/client-metadata.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => (server = await startTestServer()))
afterAll(() => server.stop())

/** What the engine says of a client when it reads it: its own check of the metadata comes before anything else. */
async function engineVerdict(metadata: unknown): Promise<string> {
  const created = await createClient(server.database.prisma, { name: 'App', metadata })
  if (!created.ok) throw new Error('refused though it was checked')
  const answer = await server.ask('/token', { body: { client_id: created.client.id } })
  if (answer.status >= 500) return answer.text
  const { error, error_description: description } = answer.json<{
    error: string
    error_description: string
  }>()
  return ['invalid_client', 'invalid_request'].includes(error) ? 'accepted' : `${error}: ${description}`
}

test('metadata that a client may be registered with is metadata that the engine takes (RFC 7591 §2)', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(someMetadata, async (metadata) => {
      if (!checkMetadata(metadata).ok) return
      accepted += 1
      expect(await engineVerdict(metadata)).toBe('accepted')
    }),
    { numRuns: 1000, interruptAfterTimeLimit: 8000 },
  )
  // Otherwise nothing was tried.
  expect(accepted).toBeGreaterThan(50)
})
