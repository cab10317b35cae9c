import type { ListedEvent } from '../../audit/index.ts'

/** What an endpoint is sent: an id that stays the same at every try, and the body. */
export type Message = { id: string; type: string; body: string }

/** An event of the audit as a message (Standard Webhooks: type, timestamp, data). The address of whoever did it stays with us. */
export function messageOf({ id, at, type, chain: _chain, ip: _ip, ...data }: ListedEvent): Message {
  return { id: `evt_${id}`, type, body: JSON.stringify({ type, timestamp: at, data }) }
}
