import type { Db } from '../../db/index.ts'
import { BUCKET_SECONDS } from './place.ts'

/** Forgets how far the numbers of buckets were given out that ended an hour ago: with their tokens gone nobody asks for their lists. */
export async function sweepStatusLists(db: Db): Promise<number> {
  return db.$executeRaw`
    DELETE FROM status_lists WHERE bucket < floor(extract(epoch FROM now() - interval '1 hour') / ${BUCKET_SECONDS}::int) - 1`
}
