import { randomUUID } from 'node:crypto'
import { digest } from '../crypto/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Db, Tx } from '../db/index.ts'
import { contextOf } from './mail-ticket.ts'

const SECONDS = 120

/**
 * A form that used something up, exactly as it was sent: what it was for, an unguessable secret of the browser that sent it, and what
 * was entered. Only a digest stays; without the browser's secret nobody finds out by it what was entered.
 */
export type SentForm = { kind: string; browser: string; entered: readonly string[] }

/**
 * Keeps where the answer to a form led, sealed, for two minutes, in the transaction that uses its ticket up. A button pressed twice sends
 * the form twice, and the browser shows the answer to the last one, whose ticket the first has used up.
 */
export async function rememberAnswer(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  form: SentForm,
  next: string,
): Promise<void> {
  const id = randomUUID()
  await tx.$executeRaw`
    INSERT INTO mail_tickets (id, purpose, email, link_digest, code_digest, sealed_detail, created_at, expires_at)
    VALUES (${id}::uuid, 'answered', '', ${digestOf(form)}, ''::bytea, ${sealer.seal(JSON.stringify(next), contextOf(id))},
      now(), now() + ${SECONDS} * interval '1 second')
    ON CONFLICT (link_digest) DO NOTHING`
}

/** Where the answer to this very form led, from this very browser, a moment ago; null when there was none. */
export async function recallAnswer(
  { db, sealer }: { db: Db; sealer: Sealer },
  form: SentForm,
): Promise<string | null> {
  const [row] = await db.$queryRaw<{ id: string; sealed: string }[]>`
    SELECT id, sealed_detail AS sealed FROM mail_tickets
    WHERE link_digest = ${digestOf(form)} AND purpose = 'answered' AND expires_at > now()`
  return row ? (JSON.parse(sealer.open(row.sealed, contextOf(row.id))) as string) : null
}

function digestOf({ kind, browser, entered }: SentForm): Buffer {
  return digest(JSON.stringify(['answered', kind, browser, ...entered]))
}
