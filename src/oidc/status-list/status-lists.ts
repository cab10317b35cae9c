import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { JWK } from 'jose'
import type { Database } from '../../db/index.ts'
import { JWT_ALG } from '../jwt-access-token.ts'
import { isOver, LIST_SIZE, parseListName, uriOf } from './place.ts'
import type { Place } from './place.ts'
import { isListOf, revokedNumbers } from './revoked-numbers.ts'
import { signStatusList, statusBits } from './status-list-token.ts'
import { createCutWatch } from './watch-cuts.ts'

const zipped = promisify(gzip)

/** From a revocation to the last API that hears of it, in seconds. */
export type StatusListTimes = {
  /** The bound on all of it: after this a list is not to be relied on (its `exp`). */
  lifetime: number
  /** For how long a verifier keeps a list (its `ttl`). */
  ttl: number
  /** For how long caches on the way keep it. */
  maxAge: number
  /** For how long we hand out the same one. */
  rebuild: number
}

/** Ours and the caches' share is a quarter each, and a verifier's a half: together never more than the setting. */
export function statusListTimes(lifetime: number): StatusListTimes {
  return { lifetime, ttl: Math.floor(lifetime / 2), maxAge: Math.floor(lifetime / 4), rebuild: lifetime / 4 }
}

export type SignedList = { token: string; gzip: Buffer; etag: string }
type Kept = { began: number; kid: string | undefined; building: Promise<SignedList | null> }

type Deps = {
  pool: Database['pool']
  issuer: string
  times: StatusListTimes
  /** The longest that a request can take to write what it has read, in seconds. */
  inFlightSeconds: number
}

export type StatusLists = {
  /** A list by the name in its address; null when there never was such a list or it is over. Throws on storage trouble. */
  read(name: string, signingKeys: readonly JWK[]): Promise<SignedList | null>
}

/**
 * The status lists as this process gives them out: each is built when it is asked for, at most once per `rebuild` seconds however
 * many ask. What counts is when building began: everything revoked before that is in it.
 */
export function createStatusLists({ pool, issuer, times, inFlightSeconds }: Deps): StatusLists {
  const kept = new Map<string, Kept>()
  const cuts = createCutWatch(pool, inFlightSeconds)

  return {
    async read(name, signingKeys) {
      const place = parseListName(name)
      if (!place || isOver(place.bucket, Date.now() / 1000)) return null
      const key = signingKeys.find(({ alg }) => alg === JWT_ALG)
      if (!key) throw new Error(`no signing key for ${JWT_ALG}`)
      const now = performance.now()
      const last = kept.get(name)
      if (last && last.kid === key.kid && isFresh(last, now)) return last.building
      for (const [other, list] of kept) if (!isFresh(list, now)) kept.delete(other)
      const list = { began: now, kid: key.kid, building: build(name, place, key) }
      kept.set(name, list)
      // Neither a failure nor "not there yet" is kept: the next request asks the database again.
      const forget = () => {
        if (kept.get(name) === list) kept.delete(name)
      }
      list.building.then((built) => built ?? forget(), forget)
      return list.building
    },
  }

  function isFresh({ began }: Kept, now: number): boolean {
    return now - began < times.rebuild * 1000
  }

  async function build(name: string, place: Place, key: JWK): Promise<SignedList | null> {
    const builtAt = Date.now() / 1000
    if (!(await isListOf(pool, place))) return null
    const unmarked = await cuts.unmarked(place.bucket)
    // After the unmarked: what was marked meanwhile is among these.
    const numbers = await revokedNumbers(pool, place)
    const bits = statusBits([...numbers, ...indexesIn(place, unmarked)])
    const { ttl, lifetime } = times
    const token = await signStatusList(bits, {
      ...{ uri: uriOf(issuer, name), key, builtAt, ttl, lifetime },
    })
    const etag = `W/"${createHash('sha256').update(token).digest('base64url').slice(0, 22)}"`
    return { token, gzip: await zipped(token), etag }
  }
}

function indexesIn({ number: first }: Place, numbers: Iterable<number>): number[] {
  return Array.from(numbers, (number) => number - first).filter((index) => index >= 0 && index < LIST_SIZE)
}
