// `npm run prisma -- <args>`: the Prisma command line, able to work without internet. Prisma would download its schema
// engine; ours (schema-engine.mjs) is already installed. Without DATABASE_URL, `migrate` and `db` get a scratch database.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/** Where the Prisma command line is installed, or null when it is not (`npm ci --omit=dev`). */
export function prismaCli() {
  try {
    const manifest = createRequire(import.meta.url).resolve('prisma/package.json')
    return path.join(path.dirname(manifest), 'build', 'index.js')
  } catch {
    return null
  }
}

/** Runs the Prisma command line in the project's root and returns what spawnSync does. */
export function runPrisma(cli, args, { stdio = 'inherit', env = {} } = {}) {
  return spawnSync(process.execPath, [cli, ...args], {
    cwd: root,
    stdio,
    encoding: 'utf8',
    env: {
      ...process.env,
      // The engine's first line asks for `node`: the one that runs us, wherever it is.
      PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH ?? ''}`,
      PRISMA_SCHEMA_ENGINE_BINARY: path.join(root, 'scripts', 'schema-engine.mjs'),
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      ...env,
    },
  })
}

/** A new, empty database on a server of our own, thrown away with what was done to it. */
async function withScratchDatabase(work) {
  const { default: pg } = await import('pg')
  const { startEmbeddedPostgres } = await import('../src/db/embedded/start.ts')
  const dir = path.join(root, '.cache', 'prisma-postgres')
  const server = await startEmbeddedPostgres({ dir, fsync: false })
  try {
    const admin = new pg.Client({ connectionString: server.url })
    await admin.connect()
    await admin.query('DROP DATABASE IF EXISTS cardea WITH (FORCE)')
    await admin.query('CREATE DATABASE cardea')
    await admin.end()
    return work({ DATABASE_URL: new URL('/cardea', server.url).href })
  } finally {
    await server.stop()
  }
}

async function main(args) {
  const cli = prismaCli()
  if (!cli) {
    console.error('The prisma package is not installed: run `npm ci` without --omit=dev.')
    return 1
  }
  const run = (env) => runPrisma(cli, args, { env }).status ?? 1
  const needsDatabase = args[0] === 'migrate' || args[0] === 'db'
  return needsDatabase && !process.env.DATABASE_URL ? withScratchDatabase(run) : run({})
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2))
}
