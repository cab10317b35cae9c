// Generates the Prisma client into src/db/generated when it is missing or older than the schema. Runs after `npm install`
// and before a start from a checkout; needs no network. Without the prisma package an existing client is left as it is.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { prismaCli, runPrisma } from './prisma.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const schema = path.join(root, 'prisma', 'schema.prisma')
const client = path.join(root, 'src', 'db', 'generated', 'client.ts')
const stamp = path.join(root, 'src', 'db', 'generated', '.generated-from')

/** What the client depends on: the schema and the generator's version. */
function fingerprint() {
  const { version } = createRequire(import.meta.url)('prisma/package.json')
  return createHash('sha256').update(version).update('\n').update(readFileSync(schema)).digest('hex')
}

function main() {
  // An image build may install the packages before it copies the sources.
  if (!existsSync(schema)) return 0
  const cli = prismaCli()
  if (!cli) {
    if (existsSync(client)) return 0
    console.error('src/db/generated is missing and the prisma package, which makes it, is not installed.')
    console.error('Copy src/db/generated from a full install, or run `npm ci` without --omit=dev.')
    // As a postinstall step this must not undo an installation into which the client is copied later.
    return process.env.npm_lifecycle_event === 'postinstall' ? 0 : 1
  }
  const wanted = fingerprint()
  if (existsSync(client) && existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === wanted) return 0
  const { status, stdout, stderr } = runPrisma(cli, ['generate'], { stdio: ['ignore', 'pipe', 'pipe'] })
  if (status !== 0) {
    console.error(`The database client could not be generated.\n${stdout ?? ''}${stderr ?? ''}`)
    return 1
  }
  writeFileSync(stamp, wanted + '\n')
  return 0
}

process.exitCode = main()
