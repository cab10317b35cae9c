import { z } from 'zod'
import type { Db } from '../../db/index.ts'
import { findUser, findUserByEmail } from '../../users/index.ts'

// RFC 9493 section 3: an identifier has all members of its format and no others.
const subjectIdentifier = z.discriminatedUnion('format', [
  z.strictObject({ format: z.literal('email'), email: z.string() }),
  z.strictObject({ format: z.literal('iss_sub'), iss: z.string(), sub: z.string() }),
  z.strictObject({ format: z.literal('opaque'), id: z.string() }),
])
export type SubjectIdentifier = z.infer<typeof subjectIdentifier>

// What else a later revision puts beside it is not for us.
const request = z.object({ sub_id: subjectIdentifier })

/** The subject identifier in a request's JSON body; null for what is not one, or of a format that we do not know. */
export function readSubject(body: Buffer): SubjectIdentifier | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    return request.safeParse(JSON.parse(text)).data?.sub_id ?? null
  } catch {
    return null
  }
}

/** Whom it names here: by e-mail address, by our own issuer and subject, or by user id. Null when nobody. */
export async function findSubject(
  db: Db,
  issuer: string,
  subject: SubjectIdentifier,
): Promise<string | null> {
  if (subject.format === 'email') return (await findUserByEmail(db, subject.email))?.id ?? null
  if (subject.format === 'opaque') return (await findUser(db, subject.id))?.id ?? null
  return subject.iss === issuer ? ((await findUser(db, subject.sub))?.id ?? null) : null
}
