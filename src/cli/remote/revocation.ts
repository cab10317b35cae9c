import { setTimeout as sleep } from 'node:timers/promises'
import { Option } from 'commander'
import type { Command } from 'commander'
import { Refusal } from '../refusal.ts'
import { columns } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import type { Api } from './api.ts'
import { ask, canAsk } from './confirm.ts'
import { at, isRecord } from './show.ts'

export type RevokeOptions = {
  json?: true
  yes?: true
  reason?: string
  dryRun?: true
  keepSelf?: true
  notify: boolean
  watch?: true
}

/** What every verb can be told that ends access. */
export function addRevokeOptions(command: Command): void {
  command
    .option('--reason <text>', 'why; kept in the receipt and the audit events')
    .addOption(new Option('--dry-run', 'only count what would end').conflicts('watch'))
    .option('--keep-self', 'spare the sign-in that this command uses')
    .option('--no-notify', 'do not tell relying parties by back-channel logout')
    .option('--watch', 'wait until the rows of a large revocation are cleared too')
}

/** The body of a revocation, but for what it covers. Asks for the reason where somebody is there to say it. */
export async function howOf(
  terminal: Terminal,
  { reason, dryRun, keepSelf, notify, ...options }: RevokeOptions,
): Promise<Record<string, unknown>> {
  const why = reason ?? (dryRun ? 'dry run' : await askWhy(terminal, options))
  return {
    reason: why,
    ...(dryRun && { dry_run: true }),
    ...(keepSelf && { keep: ['self'] }),
    ...(!notify && { notify: false }),
  }
}

async function askWhy(terminal: Terminal, options: Pick<RevokeOptions, 'json' | 'yes'>): Promise<string> {
  const why = canAsk(terminal, options) ? (await ask(terminal, 'Why, for the record: ')).trim() : ''
  if (why === '') throw new Refusal('usage', 'Say why, with --reason: it is kept in the receipt.')
  return why
}

/** Follows a revocation whose rows are still being cleared, until they are. It took effect long before. */
export async function watch({ stderr }: Terminal, api: Api, receipt: unknown): Promise<unknown> {
  let now = receipt
  while (at(now, 'state') === 'running') {
    stderr.write(`Cleared so far: ${countsOf(at(now, 'counts'))}\n`)
    await sleep(1000)
    now = (await api.ask({ method: 'GET', path: `/v1/revocations/${String(at(now, 'id'))}` })).body
  }
  return now
}

/** A receipt for people, or what a dry run found. */
export function receiptLines(body: unknown, named: string): string[] {
  const counts = countsOf(at(body, 'counts'))
  if (at(body, 'dry_run') === true)
    return [`Would end ${at(body, 'at_least') === true ? 'at least ' : ''}${counts}. Nothing was changed.`]
  const until = at(body, 'jwt_until')
  return [
    `Ended all access${named === '' ? '' : ` of ${named}`} at ${String(at(body, 'effective_at'))}.`,
    ...columns([
      [
        '  ended',
        at(body, 'state') === 'running' ? `${counts} so far; rows are still being cleared` : counts,
      ],
      ...relyingParties(body),
      ...(typeof until === 'string'
        ? [['  JWTs', `an API that checks no status may accept one until ${until}`]]
        : []),
      ['  receipt', `cardea revocations show ${String(at(body, 'id'))}`],
    ]),
  ]
}

/** What ended together with another change, as a sentence. */
export function endedWith(body: unknown): string[] {
  const revoked = at(body, 'revoked')
  if (!isRecord(revoked)) return []
  return [`Ended ${countsOf(revoked['counts'])}. Receipt: cardea revocations show ${String(revoked['id'])}`]
}

function relyingParties(body: unknown): string[][] {
  const told = at(body, 'relying_parties')
  if (!Array.isArray(told) || told.length === 0) return []
  return told.map((notice: unknown, index) => [
    index === 0 ? '  told' : '',
    `${String(at(notice, 'client_id'))}: ${String(at(notice, 'state'))}`,
  ])
}

function countsOf(counts: unknown): string {
  const parts = Object.entries(isRecord(counts) ? counts : {})
    .filter(([, count]) => count !== 0)
    .map(([kind, count]) =>
      `${String(count)} ${count === 1 ? kind.replace(/s$/, '') : kind}`.replaceAll('_', ' '),
    )
  return parts.length === 0 ? 'nothing that was alive' : parts.join(', ')
}
