import { randomInt } from 'node:crypto'
import type { Database } from '../../db/index.ts'
import { bucketOf } from './place.ts'
import type { Place } from './place.ts'

/** Gives each JWT access token its place in a status list. */
export type StatusNumbers = { take(exp: number): Promise<Place> }

/** The first block of a bucket is small: a quiet server must not use up numbers that nobody gets. */
const FIRST_BLOCK = 64
const BLOCK = 512

type Supply = { free: number[]; size: number; coming: Promise<void> | null }

/**
 * Takes numbers from the database in blocks and hands them out in random order, so that neither the order nor the amount of what
 * was issued can be read off a token (draft-ietf-oauth-status-list section 12.5). All instances take from the same rows, so no
 * number is given twice; what a process has left when it stops stays unused. The next block is fetched before the last is used up,
 * so a token waits for the database at most where a bucket begins. Throws on storage trouble.
 */
export function createStatusNumbers(pool: Database['pool']): StatusNumbers {
  const supplies = new Map<number, Supply>()

  return {
    async take(exp) {
      const bucket = bucketOf(exp)
      const supply = supplies.get(bucket) ?? begin(bucket)
      for (;;) {
        const number = supply.free.pop()
        if (number !== undefined) {
          // Nobody waits for this one: should it fail, whoever needs a number next tries again and is told.
          if (supply.free.length < supply.size / 8) fetchBlock(bucket, supply, BLOCK).catch(() => undefined)
          return { bucket, number }
        }
        await fetchBlock(bucket, supply, FIRST_BLOCK)
      }
    },
  }

  function begin(bucket: number): Supply {
    const over = bucketOf(Date.now() / 1000)
    for (const older of supplies.keys()) if (older < over) supplies.delete(older)
    const supply: Supply = { free: [], size: 0, coming: null }
    supplies.set(bucket, supply)
    return supply
  }

  function fetchBlock(bucket: number, supply: Supply, size: number): Promise<void> {
    supply.coming ??= (async () => {
      try {
        const text = `INSERT INTO status_lists (bucket, next_index) VALUES ($1, $2)
          ON CONFLICT (bucket) DO UPDATE SET next_index = status_lists.next_index + $2 RETURNING next_index AS "end"`
        const { rows } = await pool.query<{ end: number }>({ name: 'block', text, values: [bucket, size] })
        const end = rows[0]?.end ?? NaN
        supply.size = size
        // Behind what is left: a block is used up before the next is begun, or early numbers would come late and late ones early.
        supply.free.unshift(...shuffled(Array.from({ length: size }, (_, i) => end - size + i)))
      } finally {
        supply.coming = null
      }
    })()
    return supply.coming
  }
}

function shuffled(numbers: number[]): number[] {
  for (let last = numbers.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1)
    ;[numbers[last], numbers[other]] = [numbers[other] as number, numbers[last] as number]
  }
  return numbers
}
