import { sameBytes } from '../crypto/index.ts'
import { nextHash } from './chain.ts'
import { digestOf, documentOf } from './event.ts'
import type { AuditEventDocument, EventRow } from './event.ts'

/** A link with the event that it names, if that is there. */
export type WalkedLink = {
  position: string
  eventId: string
  digest: Buffer
  hash: Buffer
  event: EventRow | null
}

export type Problem =
  | 'event_edited'
  | 'event_missing'
  | 'event_moved'
  | 'event_inserted'
  | 'link_missing'
  | 'link_broken'
  | 'link_outside'
  | 'checkpoint_forged'
  | 'checkpoint_contradicts'
  | 'checkpoint_unproven'
  | 'head_changed'
  | 'head_removed'
  | 'removal_forged'
  | 'removal_unproven'

/** The first thing that does not fit, and what of the chain before it is beyond doubt. */
export type Break = { problem: Problem; position: string | null; eventId: string | null }

/** The place behind which the next links come. */
export type Place = { position: bigint; hash: Buffer }

/** The first of these links that does not follow from `before`, or null. The others help to say what was done to it. */
export function diagnose(before: Place, links: readonly WalkedLink[]): Break | null {
  let previous = before
  for (const [index, link] of links.entries()) {
    const expected = previous.position + 1n
    if (BigInt(link.position) !== expected)
      return { problem: 'link_missing', position: String(expected), eventId: null }
    const problem = problemOf(previous, link, links, index)
    if (problem) return { problem, position: link.position, eventId: link.eventId }
    previous = { position: expected, hash: link.hash }
  }
  return null
}

function problemOf(
  { hash: previous }: Place,
  link: WalkedLink,
  links: readonly WalkedLink[],
  index: number,
): Problem | null {
  if (!link.event) return 'event_missing'
  const document = documentOf(link.event)
  const others = links.filter((other) => other !== link)
  if (!sameBytes(digestOf(document), link.digest))
    return others.some((other) => belongsTo(document, other)) ? 'event_moved' : 'event_edited'
  const next = links[index + 1]
  // What follows would follow without it.
  const skipped = next && sameBytes(nextHash(previous, next.digest), next.hash)
  if (sameBytes(nextHash(previous, link.digest), link.hash)) return skipped ? 'event_inserted' : null
  if (skipped) return 'event_inserted'
  // Another one belongs here: with this link's hash, or with its own.
  const meant = others.some(({ digest, hash }) =>
    [link.hash, hash].some((one) => sameBytes(nextHash(previous, digest), one)),
  )
  return meant ? 'event_moved' : 'link_broken'
}

/** Whether this is what the other link was made of, under its own id or that one's. */
function belongsTo(document: AuditEventDocument, { eventId, digest }: WalkedLink): boolean {
  return [document.id, eventId].some((id) => sameBytes(digestOf({ ...document, id }), digest))
}
