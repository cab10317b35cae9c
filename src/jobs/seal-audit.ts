import { sealEvents, signCheckpoint } from '../audit/index.ts'
import type { KnownHead, Sign } from '../audit/index.ts'
import type { Database } from '../db/index.ts'
import { takeTurns } from './turns.ts'

type Options = {
  /** What signs now; asked for each head, before anything is held for it. */
  signer: () => Promise<Sign>
  /** Each head that was signed: logged, and with the log kept elsewhere, it tells when the chain is rewritten. */
  onSigned: (head: KnownHead) => void
  /** New events are final: whoever tells others of them may be asked to. */
  onSealed?: (() => Promise<void>) | undefined
  onError: (error: unknown) => void
  everyMs?: number
}

/**
 * Puts new audit events into the hash chain once a second and signs its head once a minute. Several instances may do it:
 * whoever comes second leaves it to the first. A chain that no longer passes through the head signed last is not signed any
 * more. A timer and no job: it comes every second, and it remembers, in this process, the head that it signed last. Returns a function that stops it and resolves when the batch under way is done.
 */
export function startSealing(
  database: Pick<Database, 'pool'>,
  { signer, onSigned, onSealed, onError, everyMs = 1000 }: Options,
): () => Promise<void> {
  let known: KnownHead | undefined

  async function seal(signal: AbortSignal): Promise<void> {
    let more = true
    while (more && !signal.aborted) ({ more } = await sealEvents(database))
    // Whoever tells others must not keep the head from being signed, and a head that cannot be signed nobody from being told.
    await signHead().catch(onError)
    await onSealed?.()
  }

  async function signHead(): Promise<void> {
    const result = await signCheckpoint(database, await signer(), { known })
    if (!result.ok)
      throw new Error(`the audit chain no longer passes through position ${result.known.position}`)
    if (!result.signed) return
    known = result.signed
    onSigned(known)
  }

  return takeTurns({ everyMs, work: seal, onError })
}
