import type { Sealer } from '../../crypto/index.ts'
import type { Database } from '../../db/index.ts'
import { post } from '../../http/index.ts'
import type { OutboundGuard, Posted } from '../../http/index.ts'
import { secretsOf, signatureHeaders } from '../../receivers/index.ts'
import type { WebhookAttempt } from '../../receivers/index.ts'
import type { Message } from './message.ts'

export type WebhookDeps = {
  database: Database
  sealer: Sealer
  /** Hosts and networks that may be reached although private. */
  outboundAllow: readonly string[]
  onOutcome(outcome: 'delivered' | 'failed'): void
}

/** What it takes to send to an endpoint. */
export type Address = { id: string; url: string; sealedSecrets: string }

const TIMEOUT_MS = 10_000

/** Sends one message once, signed at this instant. Never rejects for what the receiver does. */
export async function sendMessage(
  { sealer }: Pick<WebhookDeps, 'sealer'>,
  guard: OutboundGuard,
  endpoint: Address,
  { id, body }: Message,
): Promise<{ answer: Posted; durationMs: number }> {
  const now = new Date()
  const headers = {
    ...{ 'content-type': 'application/json', 'user-agent': 'Cardea-Webhooks/1' },
    ...signatureHeaders(secretsOf(sealer, endpoint), { id, body, now }),
  }
  const answer = await post(guard, new URL(endpoint.url), { body, headers }, { timeoutMs: TIMEOUT_MS })
  return { answer, durationMs: Math.max(Date.now() - now.getTime(), 0) }
}

/** The attempt as the endpoint's log keeps it. */
export function attemptOf(
  { id, type }: Message,
  { answer, durationMs }: { answer: Posted; durationMs: number },
  error: string | null,
): WebhookAttempt {
  const status = 'status' in answer ? answer.status : null
  return { messageId: id, eventType: type, durationMs, status, error }
}
