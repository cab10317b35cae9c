import { createHmac, randomBytes } from 'node:crypto'

/** A key that messages to an endpoint are signed with. It is told once, when it is made. */
export type WebhookSecret = {
  /** `whsec_` and base64 of 32 random bytes, as Standard Webhooks writes it. */
  secret: string
  /** Until when messages carry its signature beside the newest one's; null for the newest. */
  expiresAt: string | null
}

const PREFIX = 'whsec_'

export function newWebhookSecret(): string {
  return PREFIX + randomBytes(32).toString('base64')
}

/**
 * The headers of a message (Standard Webhooks 1.0): its id, the same at every try, so that whoever was told twice can know; the time of this
 * try, so that an old message cannot be played again; and one signature for each secret that is good.
 */
export function signatureHeaders(
  secrets: readonly WebhookSecret[],
  { id, body, now }: { id: string; body: string; now: Date },
): Record<string, string> {
  const timestamp = Math.floor(now.getTime() / 1000).toString()
  const good = secrets.filter(({ expiresAt }) => expiresAt === null || new Date(expiresAt) > now)
  const signatures = good.map(({ secret }) => `v1,${sign(secret, `${id}.${timestamp}.${body}`)}`)
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') }
}

function sign(secret: string, text: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
  return createHmac('sha256', key).update(text, 'utf8').digest('base64')
}
