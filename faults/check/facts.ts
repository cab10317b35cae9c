import type { End, Entry, Issued, RequestEntry, Thing } from '../journal.ts'

/** The journal, sorted by what the rules ask for. */
export type Facts = {
  requests: RequestEntry[]
  entries: readonly Entry[]
  /** When each thing was handed to somebody first, and with how much life. */
  issued: Map<string, { at: number; thing: Issued }>
  /** Every attempt to end something, and whether it was said to have happened; the order is that of their sending. */
  endings: (End & { sentAt: number; endedAt: number; acknowledged: boolean })[]
  /** Requests that present this thing, in the order of their sending. */
  presenting: Map<string, RequestEntry[]>
  stoppedAt: number | undefined
  /** The widest distance between two readings of wall clocks in a time; milliseconds. */
  clockSpread(from: number, to: number): number
}

export function keyOf({ kind, id }: Pick<Thing, 'kind' | 'id'>): string {
  return `${kind}:${id}`
}

/** When this began; undefined when it never did. */
export function phaseAt(entries: readonly Entry[], phase: string): number | undefined {
  return entries.flatMap((entry) => (entry.type === 'phase' && entry.phase === phase ? [entry.at] : []))[0]
}

export function factsOf(entries: readonly Entry[]): Facts {
  const requests = entries.filter((entry) => entry.type === 'request').toSorted((a, b) => a.sentAt - b.sentAt)
  const issued: Facts['issued'] = new Map()
  for (const { endedAt, issues = [] } of requests)
    for (const thing of issues) {
      const known = issued.get(keyOf(thing))
      if (!known || endedAt < known.at) issued.set(keyOf(thing), { at: endedAt, thing })
    }
  return {
    ...{ entries, requests, issued },
    endings: requests.flatMap(({ ends, sentAt, endedAt, acknowledged = false }) =>
      ends ? [{ ...ends, sentAt, endedAt, acknowledged }] : [],
    ),
    presenting: Map.groupBy(
      requests.filter(({ presents }) => presents),
      ({ presents }) => (presents ? keyOf(presents) : ''),
    ),
    stoppedAt: phaseAt(entries, 'faults_stopped'),
    clockSpread: clockSpread(entries),
  }
}

/** Whether an end of this scope is the end of the thing. For a user only what goes back to before the end counts. */
export function covers(
  end: End & { sentAt: number; endedAt: number },
  thing: Thing,
  begunBefore: number,
): boolean {
  if (end.scope === 'grant') return thing.grant === end.id
  if (end.scope === 'session') return thing.session === end.id
  return thing.user === end.id && thing.begunAt < begunBefore
}

function clockSpread(entries: readonly Entry[]): Facts['clockSpread'] {
  const steps = entries.filter((entry) => entry.type === 'clock').toSorted((a, b) => a.at - b.at)
  return (from, to) => {
    const instances = new Set([...steps.map(({ instance }) => instance)])
    const seen = [0]
    for (const instance of instances) {
      const own = steps.filter((step) => step.instance === instance)
      const before = own.findLast(({ at }) => at <= from)
      seen.push(...own.filter(({ at }) => at > from && at <= to).map(({ offsetMs }) => offsetMs))
      if (before) seen.push(before.offsetMs)
    }
    return Math.max(...seen) - Math.min(...seen)
  }
}
