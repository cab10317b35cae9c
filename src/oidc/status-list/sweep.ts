import type { Sweep } from '../../db/index.ts'
import { BUCKET_SECONDS } from './place.ts'

/** One that ended an hour ago: there is another behind it. */
const isOver = `bucket < floor(extract(epoch FROM now() - interval '1 hour') / ${BUCKET_SECONDS})::int - 1`

/** Forgets how far the numbers of buckets were given out that ended an hour ago: with their tokens gone nobody asks for their lists. */
export const statusListSweep: Sweep = {
  table: 'status_lists',
  statement: `WITH old AS MATERIALIZED (
      SELECT bucket FROM status_lists
      WHERE ${isOver} AND bucket >= COALESCE(floor(extract(epoch FROM $2::timestamptz) / ${BUCKET_SECONDS})::int, 0)
      ORDER BY bucket LIMIT $1::int FOR UPDATE SKIP LOCKED),
    gone AS (DELETE FROM status_lists WHERE bucket IN (SELECT bucket FROM old))
    SELECT count(*)::int AS found, to_timestamp(max(bucket)::float8 * ${BUCKET_SECONDS}) AS reached FROM old`,
  oldest: `SELECT to_timestamp((bucket + 2)::float8 * ${BUCKET_SECONDS}) + interval '1 hour' FROM status_lists
    WHERE ${isOver} ORDER BY bucket LIMIT 1`,
}
