import { Prisma } from '../../db/index.ts'
import type { Db, Tx } from '../../db/index.ts'
import { addEvents, MOST_WAITING } from './waiting-events.ts'
import type { NewEvent } from './waiting-events.ts'

/** A stream as whoever fills it and sends from it needs it. */
export type DueStream = Prisma.SsfStreamGetPayload<object>

const { sql } = Prisma

// Its client is there, may act, and may still have a stream.
const mayHear = (scopes: readonly string[]) => sql`EXISTS (SELECT FROM clients c WHERE c.id = s.client_id
  AND c.disabled_at IS NULL AND string_to_array(c.metadata ->> 'scope', ' ') && ${[...scopes]}::text[])`

/**
 * The ids of streams for which something is to be done now: pushed ones that may be tried and have something to say, or may have, and polled
 * ones for which there is something to be written down, and room for it.
 */
export async function streamsWithNews(db: Db, scopes: readonly string[]): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT s.id FROM ssf_streams s, audit_chain a
    WHERE a.id = 1 AND s.next_attempt_at <= now() AND ${mayHear(scopes)}
      AND (s.method = 'push' AND EXISTS (SELECT FROM ssf_events e WHERE e.stream_id = s.id AND (e.control OR s.status = 'enabled'))
        OR s.status = 'enabled' AND s.cursor < a.settled
          AND EXISTS (SELECT FROM audit_events e WHERE e.id > s.cursor AND e.id <= a.settled)
          AND (s.method = 'push' OR (SELECT count(*) FROM ssf_events e WHERE e.stream_id = s.id) < ${MOST_WAITING}))`
  return rows.map(({ id }) => id)
}

/** The stream, if its client may hear of anything; for a push, if it may be tried now. */
export async function liveStream(
  db: Db,
  id: string,
  { scopes, due }: { scopes: readonly string[]; due: boolean },
): Promise<DueStream | null> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT s.id::text FROM ssf_streams s
    WHERE s.id = ${id}::uuid AND ${mayHear(scopes)} AND (NOT ${due} OR s.next_attempt_at <= now())`
  return rows.length > 0 ? db.ssfStream.findUnique({ where: { id } }) : null
}

/** Another text than before when there may be something for some stream: an event that is final, or one that was written down. */
export async function newsMark(db: Db): Promise<string> {
  const [row] = await db.$queryRaw<{ mark: string }[]>`
    SELECT settled || '/' || COALESCE((SELECT max(id) FROM ssf_events), 0) AS mark FROM audit_chain WHERE id = 1`
  return row?.mark ?? ''
}

/**
 * Writes down what the audit events after `from`, up to `to`, mean for a stream. Nothing when somebody else did it meanwhile, or when the
 * stream was paused or disabled.
 */
export async function moveOn(
  tx: Tx,
  streamId: string,
  { from, to, events }: { from: bigint; to: bigint; events: readonly NewEvent[] },
): Promise<boolean> {
  const moved = await tx.$executeRaw`
    UPDATE ssf_streams SET cursor = ${to} WHERE id = ${streamId}::uuid AND cursor = ${from} AND status = 'enabled'`
  if (moved === 0) return false
  if (events.length > 0) await addEvents(tx, streamId, events)
  return true
}

/** A push to this address failed: when the next is tried. Says nothing about another address that it has meanwhile. */
export async function notePushFailure(
  db: Db,
  { streamId, endpointUrl }: { streamId: string; endpointUrl: string | null },
  { error, retryInSeconds }: { error: string; retryInSeconds: number },
): Promise<void> {
  await db.$executeRaw`
    UPDATE ssf_streams SET failures = failures + 1, failing_since = COALESCE(failing_since, now()),
      last_error = ${error}, last_error_at = now(), next_attempt_at = now() + make_interval(secs => ${retryInSeconds}::float8)
    WHERE id = ${streamId}::uuid AND endpoint_url = ${endpointUrl}`
}

/** Notes that its client asks for a verification event; false when it did so less than `everySeconds` ago. */
export async function noteVerification(tx: Tx, streamId: string, everySeconds: number): Promise<boolean> {
  const noted = await tx.$executeRaw`
    UPDATE ssf_streams SET verified_at = now() WHERE id = ${streamId}::uuid
      AND (verified_at IS NULL OR verified_at <= now() - make_interval(secs => ${everySeconds}::float8))`
  return noted > 0
}

export type StreamLag = {
  streamId: string
  /** Events that are written down and not taken yet. */
  waiting: number
  /** Since when the oldest of them waits, in seconds. */
  oldestSeconds: number
  /** Audit events that were not looked at for it yet. */
  behind: number
}

/** How far streams are behind: of all, or of one. */
export async function streamLags(db: Db, ids: readonly string[]): Promise<StreamLag[]> {
  if (ids.length === 0) return []
  return db.$queryRaw<StreamLag[]>`
    SELECT s.id::text AS "streamId", COALESCE(w.n, 0)::int AS waiting, COALESCE(w.oldest, 0)::float8 AS "oldestSeconds",
      (SELECT count(*)::int FROM (SELECT FROM audit_events e WHERE e.id > s.cursor AND s.status <> 'disabled' LIMIT 10000) b) AS behind
    FROM ssf_streams s LEFT JOIN LATERAL (
      SELECT count(*) AS n, GREATEST(extract(epoch FROM now() - min(e.iat)), 0) AS oldest FROM ssf_events e WHERE e.stream_id = s.id) w ON TRUE
    WHERE s.id = ANY(${[...ids]}::uuid[])`
}

export type StreamCount = {
  method: string
  status: string
  streams: number
  waiting: number
  /** Since when the oldest waits that is not taken, or not even looked at. */
  oldestSeconds: number
}

/**
 * Streams by method and status, and what waits in them. What was not looked at for a stream counts as well, wanted or not: it is passed within
 * seconds where all is well. Not where it is meant to stay: while a stream is paused, or its client may hear of nothing.
 */
export async function countStreams(db: Db, scopes: readonly string[]): Promise<StreamCount[]> {
  return db.$queryRaw`
    SELECT s.method, s.status, count(*)::int AS streams, COALESCE(sum(w.n), 0)::int AS waiting,
      COALESCE(GREATEST(max(w.oldest), max(extract(epoch FROM now() - b.at)), 0), 0)::float8 AS "oldestSeconds"
    FROM ssf_streams s LEFT JOIN LATERAL (
      SELECT count(*) AS n, GREATEST(extract(epoch FROM now() - min(e.iat)), 0) AS oldest FROM ssf_events e WHERE e.stream_id = s.id) w ON TRUE
      LEFT JOIN LATERAL (SELECT e.at FROM audit_events e WHERE e.id > s.cursor ORDER BY e.id LIMIT 1) b
        ON s.status = 'enabled' AND ${mayHear(scopes)}
    GROUP BY 1, 2`
}
