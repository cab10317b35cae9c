import { randomBytes } from 'node:crypto'
import { chownSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Binaries } from './binaries.ts'
import type { Cluster } from './cluster.ts'
import { run } from './command.ts'
import { faultOf } from './errors.ts'

/**
 * Makes an empty cluster: UTF-8, C locale, passwords by SCRAM, a random one for the superuser. It appears under its
 * name only when complete, so that a killed start leaves nothing half-made behind.
 */
export async function initialise(cluster: Cluster, binaries: Binaries): Promise<void> {
  const { home, data, user } = cluster
  // A killed start's initdb may still be at work: take a name of our own.
  const draft = path.join(home, `new-${randomBytes(4).toString('hex')}`)
  const passwordDraft = `${draft}.password`
  sweep(home)
  const own = (file: string) => {
    if (user.uid !== undefined && user.gid !== undefined) chownSync(file, user.uid, user.gid)
  }
  try {
    mkdirSync(draft, { mode: 0o700 })
    own(draft)
    const password = randomBytes(24).toString('base64url')
    writeFileSync(passwordDraft, password + '\n', { mode: 0o600, flag: 'wx' })
    own(passwordDraft)
    const made = await run(user, path.join(binaries.bin, 'initdb'), [
      ...['-D', draft, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordDraft}`],
      ...['-E', 'UTF8', '--locale=C', '--no-instructions'],
    ])
    if (!made.ok) throw faultOf('create its files', home, made.complaint)
    rmSync(passwordDraft)
    // From here on nobody but us reads it.
    writeFileSync(path.join(home, 'password'), password + '\n', { mode: 0o600 })
    renameSync(draft, data)
  } catch (error) {
    sweep(home)
    throw faultOf('create its files', home, error)
  }
}

/** Removes what unfinished first starts left. */
function sweep(home: string): void {
  for (const leftover of readdirSync(home).filter((entry) => entry.startsWith('new-'))) {
    try {
      rmSync(path.join(home, leftover), { recursive: true, force: true })
    } catch {
      // Still being written to: the next first start gets it.
    }
  }
}
