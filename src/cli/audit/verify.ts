import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { sealAll, verifyChain } from '../../audit/index.ts'
import type { KnownHead, Problem, Verification } from '../../audit/index.ts'
import { EXIT } from '../refusal.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { checkpointKeys } from './keys.ts'

const WORDS: Record<Problem, string> = {
  event_edited: 'was edited: it is not what was put into the chain',
  event_missing: 'was deleted',
  event_moved: 'stands where another one stood',
  event_inserted: 'was put in by another way than all others',
  link_missing: 'there is no link any more',
  link_broken:
    'the link does not follow from the one before it: it was edited, or what stood before it was removed',
  link_outside:
    'the link stands outside the chain, where no server puts one: somebody put it there, to keep the event out of the chain or to make it look as if it were in it',
  checkpoint_forged: 'the checkpoint is not signed by any of our keys',
  checkpoint_contradicts:
    'the chain is not the one that was signed: it was rewritten at this position or before',
  checkpoint_unproven:
    'the newest checkpoint is signed by a key that CARDEA_KEYRING does not open. If signing keys were changed a moment ago, let the server run for a minute and try again',
  removal_forged:
    'the record of what retention removed is not by retention: somebody else removed what came before',
  removal_unproven:
    'the record of what retention removed is sealed under a key that CARDEA_KEYRING has not got. Put the key back, behind the newest, and run `cardea keys reseal`',
  head_changed:
    'the chain does not have the head that it should have: its end was cut off, or it was rewritten',
  head_removed:
    'the head that was noted is older than what retention has left, and cannot be checked any more. Note a newer one',
}

/** `cardea audit verify`: whether somebody touched what happened; exit code 1 when so. */
export function addVerify(audit: Command, terminal: Terminal, exitWith: (code: number) => void): void {
  addVerb(audit, {
    usage: 'verify',
    summary:
      'recompute the hash chain over all audit events, check its signatures, and name what was touched first',
    example: 'cardea audit verify --head 4698:b5bb9d80…',
  })
    .option('--head <position:hash>', 'a head noted earlier, through which the chain must pass', headOf)
    .action(async ({ json, head }: VerbOptions & { head?: KnownHead }) => {
      await withDatabase(terminal, async (database) => {
        // What was done to the chain may be what keeps it from being sealed: named below, it is of more use than that error.
        const unsealed = await sealAll(database).catch((error: unknown) => ({ error }))
        const { findKey, sealer, proven } = await checkpointKeys(database, terminal.env)
        const result = await verifyChain(database, { findKey, sealer, known: head })
        if (result.ok && unsealed) throw unsealed.error
        print(terminal, json, { ...result, keys_proven: proven }, linesOf(result, proven))
        exitWith(result.ok ? EXIT.ok : EXIT.failed)
      })
    })
}

function linesOf(result: Verification, proven: boolean): string[] {
  if (!result.ok) {
    const { problem, position, eventId } = result
    const where = [
      position === null ? [] : [`position ${position}`],
      eventId === null ? [] : [`event ${eventId}`],
    ]
    return [`BROKEN  ${where.flat().join(', ')}: ${WORDS[problem]}.`]
  }
  const { position, hash, checkpoints, signedUpTo, removed } = result
  return [
    `ok  ${count(position, 'event')}, none touched; ${count(String(checkpoints), 'checkpoint')}, signed up to position ${signedUpTo}`,
    `    head  ${position}:${hash}`,
    ...(removed
      ? [`    Retention removed positions 1 to ${removed.upTo}, all from before ${removed.before}.`]
      : []),
    ...(proven
      ? []
      : ['    Without CARDEA_KEYRING the signatures are only checked against keys in the database itself.']),
  ]
}

function count(number: string, noun: string): string {
  return `${number} ${noun}${number === '1' ? '' : 's'}`
}

function headOf(text: string): KnownHead {
  const [, position, hash] = /^(\d{1,18}):([0-9a-f]{64})$/i.exec(text) ?? []
  if (position === undefined || hash === undefined)
    throw new InvalidArgumentError('Write it as `cardea audit head` prints it: position:hash.')
  return { position, hash: hash.toLowerCase() }
}
