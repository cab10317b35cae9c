import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, symlinkSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The version before this one, as it was released: without the queue. */
const COMMIT = '0e2ee9c'
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Why tests with the version before are left out, or null. A shallow clone or an unpacked archive does not know its commit. */
export const noEarlierVersion =
  spawnSync('git', ['cat-file', '-e', `${COMMIT}^{commit}`], { cwd: root }).status === 0
    ? null
    : `this checkout has no commit ${COMMIT} (git fetch --unshallow)`

/** Lays the version before this one into a folder of its own, with our packages and a database client made of its schema. */
export function unpackEarlierVersion(): { dir: string; remove(): Promise<void> } {
  const dir = mkdtempSync(path.join(tmpdir(), 'cardea-before-'))
  const archive = execFileSync('git', ['archive', COMMIT], { cwd: root, maxBuffer: 256 * 1024 * 1024 })
  execFileSync('tar', ['-x', '-C', dir], { input: archive })
  symlinkSync(path.join(root, 'node_modules'), path.join(dir, 'node_modules'))
  execFileSync(process.execPath, ['scripts/generate-client.mjs'], { cwd: dir })
  if (!existsSync(path.join(dir, 'src', 'db', 'generated', 'client.ts')))
    throw new Error('the client of the earlier version was not made')
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}
