import type { Database } from '../../db/index.ts'
import { LIST_SIZE } from './place.ts'
import type { Place } from './place.ts'

type Pool = Database['pool']

/** Was a token ever given one of the numbers of the list that begins at this place? Cheap, for anybody may ask for any name. */
export async function isListOf(pool: Pool, { bucket, number }: Place): Promise<boolean> {
  const text = 'SELECT 1 FROM status_lists WHERE bucket = $1 AND next_index > $2'
  const { rowCount } = await pool.query({ name: 'status_list', text, values: [bucket, number] })
  return rowCount === 1
}

/** The indexes of the tokens marked as revoked in the list that begins at this place. */
export async function revokedNumbers(pool: Pool, { bucket, number }: Place): Promise<Uint32Array> {
  const text = `SELECT string_agg(int4send(t.status_idx - $2::int), '') AS numbers FROM tokens t
    WHERE t.status_list = $1::int AND t.revoked_at IS NOT NULL
      AND t.status_idx >= $2::int AND t.status_idx < $2::int + ${LIST_SIZE}`
  const { rows } = await pool.query<{ numbers: Buffer | null }>({
    name: 'revoked_numbers',
    text,
    values: [bucket, number],
  })
  return integersIn(rows[0]?.numbers ?? null)
}

/** What PostgreSQL's int4send made, many in one value: a million rows would be much to read one by one. */
export function integersIn(bytes: Buffer | null): Uint32Array {
  if (!bytes) return new Uint32Array(0)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, nth) => bytes.readUInt32BE(nth * 4))
}
