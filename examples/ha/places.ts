import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { User } from './program.ts'

const PORTS = {
  public: 0,
  primary: 1,
  pgbouncer: 2,
  etcd: 3,
  etcdPeers: 4,
  postgres1: 5,
  postgres2: 6,
  rest1: 7,
  rest2: 8,
  cardea1: 9,
  cardea2: 10,
  cardea3: 11,
  ops1: 12,
  ops2: 13,
  ops3: 14,
}

export type Ports = Record<keyof typeof PORTS, number>

/** Fifteen ports in a row from `base` on, or any free ones. */
export async function choosePorts(base: number | null): Promise<Ports> {
  const names = Object.keys(PORTS) as (keyof typeof PORTS)[]
  const free = base === null ? await freePorts(names.length) : []
  const numbers = names.map((name, nth) => [name, base === null ? (free[nth] ?? 0) : base + PORTS[name]])
  return Object.fromEntries(numbers) as Ports
}

/** A new folder for data, logs and sockets, owned by whoever runs the database. */
export function makeFolder(owner: User | undefined): string {
  const dir = mkdtempSync(path.join(tmpdir(), 'cardea-ha-'))
  if (owner) chownSync(dir, owner.uid, owner.gid)
  return dir
}

/** PostgreSQL and PgBouncer refuse to run as root; root lends the work to the user `postgres`. */
export function databaseUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres']))
  return { uid: id('-u'), gid: id('-g') }
}

/** A password or key: 32 random bytes in base64url. */
export function secret(): string {
  return randomBytes(32).toString('base64url')
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
