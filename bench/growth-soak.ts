import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Contender } from './contender.ts'
import { sizeOf } from './growth-rows.ts'
import type { HeldSweep } from './held-sweep.ts'
import { megabytes } from './report.ts'
import { tokensAside } from './tokens-aside.ts'

const REFRESHES_PER_SECOND = 40
const EXPIRING_PER_SECOND = 1000
/** How long a token lasts here: what takes an hour or two weeks elsewhere, so that as many leave as come within minutes. */
const LASTS = '2 minutes'
const [LOOK_EVERY_S, TELL_EVERY_S] = [10, 300]

type Look = { bytes: number; indexes: number; expired: number; living: number }

/**
 * A thousand tokens a second that expire at once, refreshes whose tokens last for two minutes, and the server left to itself: how large the
 * tables get. `ours` is the server; `held` its sweeping, which is let go here.
 */
export async function soak(
  { client, ours, refreshTokens }: { client: pg.Client; ours: Contender; refreshTokens: string[] },
  held: HeldSweep,
  { seconds }: { seconds: number },
  say: (line: string) => void,
): Promise<void> {
  await held.release()
  const tokens = tokensAside(ours, { refreshTokens, perSecond: REFRESHES_PER_SECOND })
  const stretches: Look[] = []
  let looks: Look[] = []
  const startedAt = performance.now()
  for (let second = 1; second <= seconds; second += 1) {
    await issue(client, second)
    if (second % LOOK_EVERY_S === 0) {
      await letExpire(client)
      const { table, indexes, expired, living } = await sizeOf(client)
      looks.push({ bytes: table + indexes, indexes, expired, living })
    }
    if (second % TELL_EVERY_S === 0) {
      const most = largestOf(looks)
      say(`minute ${second / 60}, at most: ${described(most)}`)
      stretches.push(most)
      looks = []
    }
    await sleep(Math.max(0, startedAt + second * 1000 - performance.now()))
  }
  const { refused } = await tokens.stop()
  // The first stretch is what filling up takes.
  const [, ...settled] = stretches
  const half = Math.ceil(settled.length / 2)
  const [early, late] = [largestOf(settled.slice(0, half)), largestOf(settled.slice(half))]
  say(`first half after that: ${described(early)}`)
  say(`second half: ${described(late)}; ${(late.bytes / early.bytes).toFixed(2)} times as large`)
  say(`refused: ${JSON.stringify(refused)}`)
}

async function issue(client: pg.Client, second: number): Promise<void> {
  await client.query(
    `INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, payload, expires_at)
     SELECT sha256(convert_to('soak' || $1::int * $2::int + n, 'UTF8')), kind, grant_id, client_id, user_id, payload, now() - interval '1 minute'
     FROM (SELECT * FROM tokens WHERE kind = 'AccessToken' LIMIT 1) t, generate_series(1, $2::int) n`,
    [second, EXPIRING_PER_SECOND],
  )
}

/** Time goes faster for what the refreshes leave behind: access tokens, and refresh tokens that were used. */
async function letExpire(client: pg.Client): Promise<void> {
  await client.query(
    `UPDATE tokens SET expires_at = now() - interval '1 minute'
     WHERE expires_at > now() AND issued_at < now() - $1::interval AND (kind = 'AccessToken' OR consumed_at IS NOT NULL)`,
    [LASTS],
  )
}

function largestOf(looks: Look[]): Look {
  const most = (key: keyof Look) => Math.max(...looks.map((look) => look[key]))
  return {
    bytes: most('bytes'),
    indexes: most('indexes'),
    expired: most('expired'),
    living: most('living'),
  }
}

function described({ bytes, indexes, expired, living }: Look): string {
  return `${megabytes(bytes)}, of it indexes ${megabytes(indexes)}; ${expired} rows expired, ${living} not`
}
