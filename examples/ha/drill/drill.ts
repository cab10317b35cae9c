import { cardea } from '../cardea.ts'
import { startCluster } from '../cluster.ts'
import type { Cluster } from '../cluster.ts'
import type { Programs } from '../packages.ts'
import { choosePorts } from '../places.ts'
import { until } from '../wait.ts'
import type { App } from './browser.ts'
import { live, verify } from './life.ts'
import type { Cast } from './life.ts'
import { createObserver } from './observer.ts'
import { describeRounds, reportOf } from './report.ts'
import { rounds } from './rounds.ts'
import type { RoundName } from './rounds.ts'

type Options = {
  programs: Programs
  rounds: readonly RoundName[]
  clients: number
  say: (line: string) => void
}

const REDIRECT_URI = 'https://app.example/callback'
const SHOWN = 20
const WHOLE_AGAIN_MS = 120_000

/** Everybody has one address here, and is tested for hours in minutes. */
const settings = {
  ...{ CARDEA_RATE_LIMIT: '100000', CARDEA_TOTP_POLICY: 'optional' },
  ...{ CARDEA_ACCESS_TOKEN_TTL: '3600', CARDEA_LOG_LEVEL: 'warn' },
}

/**
 * Lets clients work through HAProxy while one part after the other fails, says what they saw, and looks at the end whether everything
 * they were told is true. Resolves to whether it is.
 */
export async function drill({ programs, rounds: chosen, clients, say }: Options): Promise<boolean> {
  const cluster = await startCluster({ programs, ports: await choosePorts(null), settings, say })
  try {
    const cast = await prepareCast(cluster)
    const observer = createObserver()
    const over = new AbortController()
    const living = Promise.all(
      Array.from({ length: clients }, (_, nth) => live(observer, cast, nth, over.signal)),
    )
    // Looked at below; here only so that a rejection meanwhile is nobody's surprise.
    living.catch(() => undefined)
    const reports = []
    for (const name of chosen) {
      say(`${name} …`)
      const from = performance.now()
      await rounds[name](cluster)
      await until('everything is whole again', () => cluster.isWhole(), WHOLE_AGAIN_MS)
      reports.push(reportOf(name, observer.seen, from, performance.now()))
    }
    over.abort()
    const families = (await living).flat()
    const ended = families.filter(({ revoked }) => revoked).length
    say(`looking at ${families.length} families of tokens once more, ${ended} of them revoked`)
    await verify(observer, cast, families)

    say(`\n${describeRounds(reports)}\n`)
    const { violations } = observer
    for (const what of violations.slice(0, SHOWN)) say(`BROKEN: ${what}`)
    const facts = `${observer.seen.length} requests, ${families.length} families of tokens, ${ended} acknowledged revocations`
    say(`${violations.length === 0 ? 'HELD' : 'BROKEN'}: ${facts}, ${violations.length} violations`)
    return violations.length === 0
  } finally {
    say('stopping')
    await cluster.stop()
  }
}

async function prepareCast({ shared, issuer }: Cluster): Promise<Cast> {
  const email = 'drill@example.com'
  const made = await cardea<{ password: string }>(
    shared,
    ...['user', 'create', email, '--email-verified', '--generate-password'],
  )
  const grants = ['authorization_code', 'refresh_token'].flatMap((grant) => ['--grant-type', grant])
  const addApp = async (...more: string[]): Promise<App> => {
    const args = ['client', 'create', '--name', 'Drill', '--first-party', '--redirect-uri', REDIRECT_URI]
    const app = await cardea<{ client_id: string; client_secret?: string }>(
      shared,
      ...args,
      ...grants,
      ...more,
    )
    return { id: app.client_id, secret: app.client_secret ?? null, redirectUri: REDIRECT_URI }
  }
  const apps: Cast['apps'] = [await addApp(), await addApp('--public')]
  return { issuer, person: { email, password: made.password }, apps }
}
