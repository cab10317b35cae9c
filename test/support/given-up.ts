import { randomBytes } from 'node:crypto'
import { createSealer } from '../../src/crypto/index.ts'
import type { Sealer } from '../../src/crypto/index.ts'
import type { Database } from '../../src/db/index.ts'
import { enqueueMail } from '../../src/mail/index.ts'

const nobodys = createSealer([randomBytes(32)])

/** Queues a notice of a new password, from the address 192.0.2.7; gives its id. Sealed under a key that nobody has, unless told otherwise. */
export async function queuedNotice(
  { prisma, transaction }: Pick<Database, 'prisma' | 'transaction'>,
  { to, userId, sealer = nobodys }: { to: string; userId?: string; sealer?: Sealer },
): Promise<string> {
  const data = { what: 'password_changed' as const, at: new Date(), ip: '192.0.2.7' }
  await transaction((tx) =>
    enqueueMail({ tx, sealer }, { to, language: 'en', userId, template: 'security-notice', data }),
  )
  const { id } = await prisma.mail.findFirstOrThrow({
    where: { recipient: to },
    orderBy: { createdAt: 'desc' },
  })
  return id
}
