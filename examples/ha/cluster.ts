import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cardea, startInstance } from './cardea.ts'
import type { Instance, Shared } from './cardea.ts'
import { startPostgresPair } from './database.ts'
import type { PostgresPair } from './database.ts'
import type { Programs } from './packages.ts'
import { databaseUser, makeFolder, secret } from './places.ts'
import type { Ports } from './places.ts'
import { startProgram } from './program.ts'
import type { Program } from './program.ts'
import { fill } from './template.ts'
import { answers, until } from './wait.ts'

/** The parts, and what a drill does to them. */
export type Cluster = {
  issuer: string
  dir: string
  /** The environment of every instance, and of the command line. */
  shared: Shared
  postgres: PostgresPair
  instances: readonly Instance[]
  haproxy: Program
  pgbouncer: Program
  /** Whether every part is there and the standby has everything. */
  isWhole(): Promise<boolean>
  stop(): Promise<void>
}

type Options = {
  programs: Programs
  ports: Ports
  /** Settings of Cardea's beside the necessary ones. */
  settings?: Shared
  say: (line: string) => void
}

/** Starts all parts in their order; resolves when people can sign in. Cleans up after itself when a part does not start. */
export async function startCluster({ programs, ports, settings = {}, say }: Options): Promise<Cluster> {
  const user = databaseUser()
  const dir = makeFolder(user)
  const running: Program[] = []
  const keep = (program: Program) => void running.push(program)
  const stop = async () => {
    for (const program of running.splice(0).toReversed()) await program.stop()
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    return await start()
  } catch (error) {
    for (const program of running.splice(0).toReversed()) await program.stop()
    throw new Error(`The cluster did not start; its logs are in ${dir}.`, { cause: error })
  }

  async function start(): Promise<Cluster> {
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' }
    const issuer = `http://localhost:${ports.public}`
    const values = {
      ...{ DIR: dir, PUBLIC_PORT: ports.public, PUBLIC_HOST: new URL(issuer).host, DATABASE: 'cardea' },
      ...{ CARDEA_PORT_1: ports.cardea1, CARDEA_PORT_2: ports.cardea2, CARDEA_PORT_3: ports.cardea3 },
      ...{ POSTGRES_PORT_1: ports.postgres1, POSTGRES_PORT_2: ports.postgres2, PRIMARY_PORT: ports.primary },
      ...{ REST_PORT_1: ports.rest1, REST_PORT_2: ports.rest2, PGBOUNCER_PORT: ports.pgbouncer },
    }
    const write = (name: string, text: string) => {
      const file = path.join(dir, name)
      writeFileSync(file, text, { mode: 0o644 })
      return file
    }

    say('etcd, two PostgreSQL under Patroni')
    const postgres = await startPostgresPair({ programs, ports, dir, user }, keep)

    say('HAProxy')
    const config = write('haproxy.cfg', fill('haproxy.cfg', values))
    const haproxy = startProgram({
      ...{ name: 'haproxy', file: programs.haproxy, args: ['-W', '-db', '-f', config], env, dir },
    })
    keep(haproxy)

    say('PgBouncer')
    const password = secret()
    await until('HAProxy finds the primary', async () => {
      await postgres.create({ name: 'cardea', password })
      return true
    })
    write('pgbouncer-users.txt', `"cardea" "${password}"\n`)
    const ini = write('pgbouncer.ini', fill('pgbouncer.ini', values))
    const pgbouncer = startProgram({
      ...{ name: 'pgbouncer', file: programs.pgbouncer, args: [ini], env, dir, user },
    })
    keep(pgbouncer)

    say('three instances')
    const at = (port: number) => `postgresql://cardea:${password}@127.0.0.1:${port}/cardea`
    const shared = {
      ...{ CARDEA_MODE: 'production', CARDEA_ISSUER: issuer, CARDEA_HOST: '127.0.0.1' },
      ...{ CARDEA_KEYRING: secret(), CARDEA_COOKIE_KEYS: secret(), CARDEA_TRUSTED_PROXIES: '127.0.0.1' },
      ...{ DATABASE_URL: at(ports.pgbouncer), CARDEA_DIRECT_DATABASE_URL: at(ports.primary) },
      // As long as a failover may take: a client whose answer was lost asks again and gets the same tokens.
      CARDEA_REFRESH_RETRY_WINDOW: '60',
      ...settings,
    }
    await cardea(shared, 'migrate')
    const instances = ([1, 2, 3] as const).map((nth) => startInstance(nth, shared, ports, dir))
    for (const { program } of instances) keep(program)
    const isWhole = async () => {
      const ready = await Promise.all(instances.map((instance) => instance.isReady()))
      return !ready.includes(false) && (await postgres.isSafe()) && (await answers(`${issuer}/health/ready`))
    }
    await until('everybody is ready', isWhole)
    return { ...{ issuer, dir, shared, postgres, instances, haproxy, pgbouncer, isWhole, stop } }
  }
}
