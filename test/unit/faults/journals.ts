import type { Entry, Issued, Limits, RequestEntry, Thing } from '../../../faults/index.ts'

export const limits: Limits = {
  ...{
    deadlineMs: 1000,
    airMs: 500,
    doorMs: 100,
    recoveryMs: 5000,
    noticesMs: 10_000,
    retryWindowMs: 60_000,
  },
}

const lineage = { user: 'pat', session: 's1', grant: 's1/web', begunAt: 0 }
export const thing = (kind: Thing['kind'], id: string, more: Partial<Thing> = {}): Thing => ({
  ...{ kind, id, ...lineage },
  ...more,
})
export const code = thing('code', 'c1')
export const access = thing('access', 'a1')
export const refresh = thing('refresh', 'r1')
export const session = thing('session', 's1', { grant: '' })

export const living = (one: Thing, livesMs = 600_000): Issued => ({ ...one, livesMs })

/** A request that is answered 200 in 10 ms. */
export function request(sentAt: number, more: Partial<RequestEntry> = {}): RequestEntry {
  return {
    ...{ type: 'request', what: 'request', instance: 0, sentAt, endedAt: sentAt + 10 },
    ...{ status: 200, retryAfter: false },
    ...more,
  }
}

export const accepted = (sentAt: number, presents: Thing, issues: Issued[] = []) =>
  request(sentAt, { presents, verdict: 'accepted', issues })
export const refused = (sentAt: number, presents: Thing) =>
  request(sentAt, { status: 400, presents, verdict: 'refused' })
export const ending = (sentAt: number, ends: NonNullable<RequestEntry['ends']>, acknowledged = true) =>
  request(sentAt, {
    what: 'end',
    ends,
    ...(acknowledged ? { acknowledged } : { status: 503, retryAfter: true }),
  })

/** A sign-in at 100, tokens at 200, refreshed at 300, used at 400; and an end that comes later than all of it. */
export const goodLife: Entry[] = [
  request(100, { status: 303, issues: [living(code, 60_000), living(session)] }),
  accepted(200, code, [living(access), living(refresh)]),
  { type: 'joined', session: 's1', user: 'pat', begunAt: 0, client: 'web', sid: 'sid-1', at: 210 },
  accepted(300, refresh, [living(thing('access', 'a2')), living(thing('refresh', 'r2'))]),
  accepted(400, access),
]

/** The end of a run in which nothing is owed to anybody. */
export const goodEnd: Entry[] = [
  { type: 'phase', phase: 'faults_stopped', at: 50_000 },
  { type: 'phase', phase: 'recovered', at: 51_000 },
  { type: 'phase', phase: 'over', at: 52_000 },
]
