/** Something that opens a door, named by a digest: no secret is kept. `begunAt` is when the sign-in behind it was begun. */
export type Thing = {
  kind: 'code' | 'access' | 'refresh' | 'session' | 'account'
  id: string
  user: string
  session: string
  /** The session at one client: what a client's own revocation ends. */
  grant: string
  begunAt: number
}

export type Issued = Thing & {
  /** How long it should be good for, by the clock of whoever issued it; milliseconds. */
  livesMs: number
}

/** What a request wants to end. */
export type End = { scope: 'grant' | 'session' | 'user'; id: string }

/** What a webhook is told of: this event about this user; `reason` is the one that the event tells, null for whichever. */
export type Tale = { event: string; user: string; reason: string | null }

/** One request as its client saw it. All times are milliseconds of one monotonic clock. */
export type RequestEntry = {
  type: 'request'
  what: string
  instance: number
  sentAt: number
  endedAt: number
  /** Null when there was no (whole) answer. */
  status: number | null
  /** Why not: nobody took the connection, it went before the answer, in the middle of it, or the client would wait no longer. */
  loss?: 'refused' | 'lost' | 'broken' | 'gave_up'
  /** Whether a 503 said when to come again. */
  retryAfter: boolean
  presents?: Thing
  /** What the answer says about what was presented: good, or no good. A 503 says neither. */
  verdict?: 'accepted' | 'refused'
  issues?: Issued[]
  ends?: End
  /** Of what the webhook is to hear once the answer says that it has happened, in this order. */
  tells?: Tale[]
  /** For `ends` and `tells`: the answer says that it has happened. */
  acknowledged?: boolean
  /** This user may sign in again. */
  reopens?: string
}

/**
 * A time in which an instance could not answer, or not as fast as it should, for a reason of ours. `draining`: from the SIGTERM to the end of
 * the process, which answers whom it let in. `down`: from then, or from a kill, until a new one listens.
 */
export type WindowEntry = {
  type: 'window'
  instance: number
  why: 'draining' | 'down' | 'paused' | 'cut' | 'held'
  from: number
  to: number
}

export type Entry =
  | RequestEntry
  | WindowEntry
  | { type: 'fault'; kind: string; at: number; endedAt: number; detail: string }
  /** From now on the clock of this instance is so far off. */
  | { type: 'clock'; instance: number; at: number; offsetMs: number }
  /** A process ended: killed or asked to stop by us, or by itself (null). */
  | { type: 'exit'; instance: number; at: number; asked: 'kill' | 'stop' | null; code: number | null }
  /** A client takes part in a session, and knows it by this name. */
  | {
      type: 'joined'
      session: string
      user: string
      begunAt: number
      client: string
      sid: string
      at: number
    }
  /** The receiver was sent a logout notice, and answered so (null: not at all). */
  | { type: 'notice'; client: string; sid: string; at: number; status: number | null }
  /** The webhook was sent a message with this id, and answered so (null: not at all). */
  | ({ type: 'told'; id: string; at: number; status: number | null } & Tale)
  /** A chain of refresh tokens as the database has it when all is over. */
  | { type: 'family'; id: string; living: number }
  | { type: 'phase'; phase: 'faults_stopped' | 'recovered' | 'over'; at: number }

export type Journal = {
  entries: readonly Entry[]
  now(): number
  add(entry: Entry): void
}

/** An append-only list, and the one clock by which everything in it is timed. */
export function createJournal(): Journal {
  const entries: Entry[] = []
  const startedAt = performance.now()
  return {
    entries,
    now: () => performance.now() - startedAt,
    add: (entry) => void entries.push(entry),
  }
}
