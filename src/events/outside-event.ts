import type { ListedEvent } from '../audit/index.ts'

/** An event as everybody outside is told of it, whichever way: the same id, type and data to webhooks and to the broker. */
export type OutsideEvent = {
  /** The same at every try, so that whoever was told twice can know. */
  id: string
  type: string
  at: string
  /** Whom or what it is about: a user, else a client; events about one subject keep their order. */
  subject: string | null
  data: object
}

/** The one place where an event of the audit becomes one for the outside. Addresses, of whoever did it and those that are slowed down, stay with us. */
export function outsideEventOf({
  id,
  at,
  type,
  chain: _chain,
  ip: _ip,
  ...event
}: ListedEvent): OutsideEvent {
  const { network: _network, ...detail } = event.detail
  const data = { ...event, detail }
  return { id: `evt_${id}`, type, at, subject: data.user_id ?? data.client_id ?? null, data }
}
