import { setTimeout as sleep } from 'node:timers/promises'
import { peekAtServer } from './cluster.ts'
import { EmbeddedPostgresError } from './errors.ts'
import { urlOf } from './server.ts'
import { clusterIn, startEmbeddedPostgres } from './start.ts'

/** An embedded server in use for a while, ours or another process's. */
export type JoinedPostgres = {
  /** Connection URL of its superuser on 127.0.0.1. */
  url: string
  home: string
  /** Stops the server if it was started here; another process's goes on. */
  leave: () => Promise<void>
}

/** How long the process that holds the folder may take to start or to stop its server. */
const HOLDER_MS = 30_000

/**
 * Reaches the embedded server in `dir` for the time of one command: the one that another live process runs there, which
 * is neither taken over nor stopped, or, when none does, one of our own. Throws EmbeddedPostgresError.
 */
export async function joinEmbeddedPostgres({ dir }: { dir: string }): Promise<JoinedPostgres> {
  const deadline = Date.now() + HOLDER_MS
  for (;;) {
    try {
      const { url, home, stop } = await startEmbeddedPostgres({ dir })
      return { url, home, leave: stop }
    } catch (error) {
      if (!(error instanceof EmbeddedPostgresError) || error.code !== 'held_by_another') throw error
      const running = await runningIn(dir)
      if (running) return running
      if (Date.now() > deadline) throw error
    }
    // Its holder is starting it or stopping it.
    await sleep(100)
  }
}

async function runningIn(dir: string): Promise<JoinedPostgres | null> {
  const cluster = await clusterIn(dir)
  const server = peekAtServer(cluster)
  if (server === null || server === 'gone' || !server.ready) return null
  return { url: urlOf(cluster, server.port), home: cluster.home, leave: () => Promise.resolve() }
}
