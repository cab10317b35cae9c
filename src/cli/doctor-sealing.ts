import { openWriters, sealLag } from '../audit/index.ts'
import type { OpenWriter } from '../audit/index.ts'
import type { Database } from '../db/index.ts'
import type { Finding } from './finding.ts'

/** As long as the alert waits (docs/alerts.yml); a second or two are as planned. */
const MOST_LAG_SECONDS = 120
const what = 'audit'

/** Whether events become final, so that others are told of them, and if not what stands in the way. Needs a schema that is up to date. */
export async function examineSealing({ prisma }: Pick<Database, 'prisma'>): Promise<Finding> {
  const lag = await sealLag(prisma)
  if (lag <= MOST_LAG_SECONDS) return { what, ok: true, said: `sealed, ${Math.round(lag)} s behind` }
  const writers = await openWriters(prisma)
  const since = `for ${Math.round(lag / 60)} minutes`
  if (writers.length === 0)
    return {
      ...{ what, ok: false, said: `not sealed ${since}, and nobody was told what happened since` },
      remedy:
        'Does a server with CARDEA_JOBS=true run, or `cardea worker`? Then its log says what it fails with.',
    }
  return {
    ...{
      what,
      ok: false,
      said: `a transaction that is open has kept what happened from being told ${since}`,
    },
    remedy: writers.map(remedyFor).join('\n'),
  }
}

function remedyFor({ pid, gid }: OpenWriter): string {
  return gid === null
    ? `Whose it is: SELECT * FROM pg_stat_activity WHERE pid = ${pid}; to end it: SELECT pg_terminate_backend(${pid});`
    : `Whose it is: SELECT * FROM pg_prepared_xacts; to end it: COMMIT PREPARED or ROLLBACK PREPARED '${gid.replaceAll("'", "''")}';`
}
