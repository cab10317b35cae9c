import path from 'node:path'
import { findBinaries, type Preference } from './binaries.ts'
import { dataMajor, requirePassword, type Cluster } from './cluster.ts'
import { serverUser } from './command.ts'
import { dataHome } from './data-home.ts'
import { faultOf } from './errors.ts'
import { initialise } from './initialise.ts'
import { claim } from './owner-lock.ts'
import { adopt, launch, shutDown, shutDownOnExit, urlOf } from './server.ts'

export type EmbeddedPostgresOptions = {
  /** A folder of its own; created if missing. */
  dir: string
  /** Whether a commit survives a power cut. True unless the data is to be thrown away (tests). */
  fsync?: boolean
  /** Which binaries to take when no data exists yet. */
  prefer?: Preference
}

/** A running PostgreSQL of our own. */
export type EmbeddedPostgres = {
  /** Connection URL of its superuser on 127.0.0.1. */
  url: string
  /** Whether it had been left running by a process that was killed. */
  adopted: boolean
  majorVersion: number
  /** Where the files are: `dir`, or what `dir/moved-to` names. */
  home: string
  /** Stops the server and gives the folder free. May be called again. */
  stop: () => Promise<void>
}

/**
 * Starts a PostgreSQL server on data in `dir`, made on the first start (about a second; 0.2 s afterwards), or adopts
 * the one a killed process left there. It listens on 127.0.0.1 alone, on a free port, with a random password kept in
 * a file of mode 0600. Should the process exit without stop(), the server is told to stop as well.
 * Throws EmbeddedPostgresError; in particular `held_by_another` while another live process uses the folder.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { fsync = true, prefer = 'bundled' } = options
  const cluster = await clusterIn(options.dir)
  const { home, user } = cluster
  const release = claimed(home)
  try {
    const major = dataMajor(cluster)
    const binaries = await findBinaries({ home, user, prefer, major })
    if (major === null) await initialise(cluster, binaries)
    else requirePassword(cluster)
    const left = await adopt(cluster)
    const port = left ?? (await launch(cluster, binaries, fsync))

    const onExit = () => {
      shutDownOnExit(cluster)
      release()
    }
    process.once('exit', onExit)
    const stop = async () => {
      await shutDown(cluster, binaries)
      process.off('exit', onExit)
      release()
    }
    let stopping: Promise<void> | undefined
    return {
      url: urlOf(cluster, port),
      adopted: left !== null,
      majorVersion: binaries.major,
      home,
      stop: () => (stopping ??= stop()),
    }
  } catch (error) {
    release()
    throw error
  }
}

/** The cluster that belongs to a folder, whether it exists yet or not. */
export async function clusterIn(folder: string): Promise<Cluster> {
  const dir = path.resolve(folder)
  const user = serverUser(path.join(dir, 'data'))
  const home = await dataHome(dir, user)
  return { home, data: path.join(home, 'data'), log: path.join(home, 'postgres.log'), user }
}

function claimed(home: string): () => void {
  try {
    return claim(home)
  } catch (error) {
    throw faultOf('claim its folder', home, error)
  }
}
