import { createHash } from 'node:crypto'
import type { Db, Tx } from '../../db/index.ts'

/** A subject identifier (RFC 9493) of a user, in the formats that streams take. */
export type PersonIdentifier =
  | { format: 'email'; email: string }
  | { format: 'iss_sub'; iss: string; sub: string }
  | { format: 'opaque'; id: string }

export type StreamSubject = { person: PersonIdentifier; sessionId: string | null }

/** Subjects of one stream; one more is refused. */
const MOST_SUBJECTS = 100_000

/**
 * Notes a subject with a stream. Of what it was called only a digest is kept; `userId` is who that is now, so that they are known under
 * any of their names, and when they are gone. One more than a stream may have is refused.
 */
export async function noteSubject(
  tx: Tx,
  streamId: string,
  { person, sessionId }: StreamSubject,
  userId: string | null,
): Promise<'changed' | 'as_it_was' | 'too_many'> {
  const key = { streamId, digest: digestOf(person, sessionId) }
  const before = await tx.ssfSubject.findUnique({ where: { streamId_digest: key }, select: { userId: true } })
  if (before?.userId === userId) return 'as_it_was'
  const count = await tx.ssfSubject.count({ where: { streamId }, take: MOST_SUBJECTS })
  if (!before && count >= MOST_SUBJECTS) return 'too_many'
  const row = { ...key, person: digestOf(person), userId, sessionId }
  await tx.ssfSubject.upsert({ where: { streamId_digest: key }, create: row, update: { userId } })
  return 'changed'
}

/** Takes a subject away again, under whatever name it was noted. */
export async function forgetSubject(
  tx: Tx,
  streamId: string,
  { person, sessionId }: StreamSubject,
  userId: string | null,
): Promise<'changed' | 'as_it_was'> {
  const same = userId === null ? [] : [{ userId }]
  const { count } = await tx.ssfSubject.deleteMany({
    where: { streamId, sessionId, OR: [{ person: digestOf(person) }, ...same] },
  })
  return count > 0 ? 'changed' : 'as_it_was'
}

/** Did the receiver say anything about anybody? */
export async function hasSubjects(db: Db, streamId: string): Promise<boolean> {
  return (await db.ssfSubject.findFirst({ where: { streamId }, select: { streamId: true } })) !== null
}

/**
 * Is an event about this user, in this session if any, for the stream (SSF section 8.1.3.1)? In a stream of everybody one session that was
 * removed silences what is about that session, and not what is about its user.
 */
export async function isForStream(
  db: Db,
  { id: streamId, defaultSubjects }: { id: string; defaultSubjects: 'ALL' | 'NONE' },
  about: { userId: string; names: readonly PersonIdentifier[]; sessionIds: readonly string[] },
): Promise<boolean> {
  const { userId, names, sessionIds } = about
  const ofPerson = [{ userId }, { person: { in: names.map((name) => digestOf(name)) } }]
  const ofSession = [{ sessionId: null }, { sessionId: { in: [...sessionIds] } }]
  const wantsAny = defaultSubjects === 'NONE' && sessionIds.length === 0
  const noted = await db.ssfSubject.findFirst({
    where: { streamId, AND: [{ OR: ofPerson }, wantsAny ? {} : { OR: ofSession }] },
    select: { streamId: true },
  })
  return defaultSubjects === 'ALL' ? noted === null : noted !== null
}

function digestOf(person: PersonIdentifier, sessionId?: string | null): Uint8Array<ArrayBuffer> {
  const text = sessionId === undefined ? canonical(person) : `${canonical(person)} ${sessionId ?? ''}`
  return new Uint8Array(createHash('sha256').update(text).digest())
}

function canonical(person: PersonIdentifier): string {
  if (person.format === 'email') return JSON.stringify(['email', person.email.trim().toLowerCase()])
  if (person.format === 'opaque') return JSON.stringify(['opaque', person.id])
  return JSON.stringify(['iss_sub', person.iss, person.sub])
}
