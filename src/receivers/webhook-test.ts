import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Tx } from '../db/index.ts'
import { defineTask, enqueue } from '../queue/index.ts'

/** One attempt to send an endpoint a message that tells of nothing. */
export const webhookTestTask = defineTask(
  'webhooks.test',
  z.strictObject({ endpointId: z.uuid(), messageId: z.string() }),
  { maxAttempts: 5, timeoutSeconds: 30 },
)

/** Asks for a test delivery, in the caller's transaction. Returns the id of the message, by which it is found in the log. */
export async function askForTest(tx: Tx, endpointId: string): Promise<string> {
  const messageId = `test_${randomUUID()}`
  await enqueue(tx, webhookTestTask, { endpointId, messageId })
  return messageId
}
