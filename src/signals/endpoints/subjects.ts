import { z } from 'zod'
import { record } from '../../audit/index.ts'
import type { Tx } from '../../db/index.ts'
import { forgetSubject, lockStream, noteSubject } from '../../receivers/index.ts'
import type { PersonIdentifier, StreamSubject } from '../../receivers/index.ts'
import { findUser, findUserByEmail } from '../../users/index.ts'
import type { Handler } from './deps.ts'
import { badRequest, noSuchStream } from './reply.ts'
import type { Reply } from './reply.ts'

const text = z.string().min(1).max(1000)

// RFC 9493 section 3: an identifier has all members of its format and no others.
const person = z.discriminatedUnion('format', [
  z.strictObject({ format: z.literal('email'), email: text }),
  z.strictObject({ format: z.literal('iss_sub'), iss: text, sub: text }),
  z.strictObject({ format: z.literal('opaque'), id: text }),
])

// Of the members of a complex subject (SSF section 3.3) those that our events have. Without a user it would name everybody.
const complex = z.strictObject({
  format: z.literal('complex'),
  user: person,
  session: z.strictObject({ format: z.literal('opaque'), id: text }).optional(),
})

const request = z.object({
  stream_id: z.string(),
  subject: z.union([complex, person]),
  verified: z.boolean().optional(),
})

/** POST (SSF section 8.1.3.2). Whether we know the subject cannot be told from the answer (section 9.1). */
export const addSubject: Handler = (deps, call) => change(deps, call, 'add')

/** POST (section 8.1.3.3). */
export const removeSubject: Handler = (deps, call) => change(deps, call, 'remove')

async function change(
  { database, issuer }: Parameters<Handler>[0],
  { receiver: { clientId, by }, body }: Parameters<Handler>[1],
  what: 'add' | 'remove',
): Promise<Reply> {
  const read = request.safeParse(body)
  if (!read.success)
    return badRequest(
      'it takes a stream_id and a subject: email, iss_sub, opaque, or complex of user and session',
    )
  const subject = subjectOf(read.data.subject)
  return database.transaction(async (tx): Promise<Reply> => {
    const stream = await lockStream(tx, read.data.stream_id, clientId)
    if (!stream) return noSuchStream
    const userId = await whoIs(tx, issuer, subject.person)
    // In a stream of everybody, what is noted is what was removed.
    const isNoted = (what === 'add') === (stream.defaultSubjects === 'NONE')
    const outcome = await (isNoted ? noteSubject : forgetSubject)(tx, stream.id, subject, userId)
    if (outcome === 'too_many')
      return {
        status: 403,
        body: { error: 'access_denied', error_description: 'the stream has too many subjects' },
      }
    // What changes nothing is written down nowhere.
    if (outcome === 'changed')
      await record(tx, {
        ...{ type: what === 'add' ? 'stream.subject_added' : 'stream.subject_removed', clientId, ...by },
        userId: userId ?? undefined,
        detail: { stream: stream.id, format: read.data.subject.format },
      })
    return { status: what === 'add' ? 200 : 204 }
  })
}

function subjectOf(subject: z.infer<typeof request>['subject']): StreamSubject {
  if (subject.format !== 'complex') return { person: subject, sessionId: null }
  return { person: subject.user, sessionId: subject.session?.id ?? null }
}

async function whoIs(tx: Tx, issuer: string, name: PersonIdentifier): Promise<string | null> {
  if (name.format === 'email') return (await findUserByEmail(tx, name.email))?.id ?? null
  if (name.format === 'opaque') return (await findUser(tx, name.id))?.id ?? null
  return name.iss === issuer ? ((await findUser(tx, name.sub))?.id ?? null) : null
}
