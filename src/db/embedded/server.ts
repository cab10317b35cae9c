import { chownSync, closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import pg from 'pg'
import type { Binaries } from './binaries.ts'
import { passwordOf, serverOf, type Cluster } from './cluster.ts'
import { run } from './command.ts'
import { EmbeddedPostgresError, faultOf } from './errors.ts'

const LOG_KEPT_BYTES = 10 * 1024 * 1024
/** How long a server found in the data may take to recover from a crash, or to finish stopping. */
const SETTLE_MS = 60_000

/** The connection URL of the cluster's server at `port`. */
export function urlOf(cluster: Cluster, port: number): string {
  return `postgresql://postgres:${passwordOf(cluster)}@127.0.0.1:${port}/postgres`
}

/** The port of a server that a killed process left running, once it answers queries; null when there is none. */
export async function adopt(cluster: Cluster): Promise<number | null> {
  const deadline = Date.now() + SETTLE_MS
  for (;;) {
    const server = serverOf(cluster)
    if (!server) return null
    if (server.ready) {
      const trouble = await queryTrouble(urlOf(cluster, server.port))
      if (!trouble) return server.port
      // It may have begun to stop since we read its state; a frozen one never will.
      if (serverOf(cluster)?.ready) throw unresponsive(cluster, server.pid, trouble)
    }
    if (Date.now() > deadline)
      throw unresponsive(cluster, server.pid, new Error('It neither starts nor stops.'))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Starts the cluster's server on a free loopback port and returns the port when it is ready. */
export async function launch(cluster: Cluster, binaries: Binaries, fsync: boolean): Promise<number> {
  prepareLog(cluster)
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const logged = statSync(cluster.log).size
    const settings = [
      `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=100 -c timezone=UTC`,
      // For tests: what a power cut would cost is thrown away anyway.
      ...(fsync ? [] : ['-c fsync=off -c synchronous_commit=off -c full_page_writes=off']),
    ].join(' ')
    const started = await run(cluster.user, path.join(binaries.bin, 'pg_ctl'), [
      ...['start', '-w', '-s', '-t', '60', '-D', cluster.data, '-l', cluster.log, '-o', settings],
    ])
    if (started.ok) return port
    const said = `${started.complaint}\n${readFileSync(cluster.log).subarray(logged).toString().slice(-2000)}`
    // Another program took the port between our look and the server's.
    if (attempt < 3 && /Address already in use/.test(said)) continue
    throw faultOf('start', cluster.home, said)
  }
}

/** Stops the cluster's server: running statements are broken off and rolled back, committed work stays. */
export async function shutDown(cluster: Cluster, binaries: Binaries): Promise<void> {
  for (const mode of ['fast', 'immediate']) {
    if (!serverOf(cluster)) return
    const args = ['stop', '-w', '-s', '-t', '30', '-D', cluster.data, '-m', mode]
    if ((await run(cluster.user, path.join(binaries.bin, 'pg_ctl'), args)).ok) return
  }
}

/** Asks the server to stop, without waiting: all that can be done while the process exits. */
export function shutDownOnExit(cluster: Cluster): void {
  try {
    const server = serverOf(cluster)
    // On Windows every signal kills at once; the next start adopts the server instead.
    if (server && process.platform !== 'win32') process.kill(server.pid, 'SIGINT')
  } catch {
    // The process is going down: nobody is left to tell.
  }
}

async function queryTrouble(connectionString: string): Promise<Error | null> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5000, query_timeout: 5000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  } finally {
    await client.end()
  }
}

function unresponsive(cluster: Cluster, pid: number, cause: Error): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'failed',
    `A PostgreSQL server (process ${pid}) has the data in ${cluster.home} open but does not answer: ${cause.message} ` +
      'Stop that process and start again.',
    { cause },
  )
}

/** The log is written as the server's user, in a folder where that user may create nothing. */
function prepareLog({ log, user }: Cluster): void {
  try {
    const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0
    if (size > LOG_KEPT_BYTES) renameSync(log, `${log}.1`)
    closeSync(openSync(log, 'a', 0o600))
    if (user.uid !== undefined && user.gid !== undefined) chownSync(log, user.uid, user.gid)
  } catch (error) {
    throw faultOf('write its log', log, error)
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
