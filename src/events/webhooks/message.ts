import type { ListedEvent } from '../../audit/index.ts'
import { outsideEventOf } from '../outside-event.ts'

/** What an endpoint is sent: an id that stays the same at every try, and the body. */
export type Message = { id: string; type: string; body: string }

/** An event of the audit as a message (Standard Webhooks: type, timestamp, data). */
export function messageOf(event: ListedEvent): Message {
  const { id, type, at, data } = outsideEventOf(event)
  return { id, type, body: JSON.stringify({ type, timestamp: at, data }) }
}
