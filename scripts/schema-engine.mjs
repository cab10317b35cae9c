#!/usr/bin/env node
// Stands in for Prisma's schema-engine binary, which Prisma would download: the same command line and the same JSON-RPC
// over stdin and stdout, answered by the engine's WebAssembly build from npm. Prisma finds it through
// PRISMA_SCHEMA_ENGINE_BINARY (prisma.mjs).
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import readline from 'node:readline'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'
import pg from 'pg'
import { MigrationPg, withDatabase } from './migration-adapter.mjs'

const args = process.argv.slice(2)
const valuesOf = (flag) => args.flatMap((value, i) => (value === flag ? [args[i + 1]] : []))
const { url } = JSON.parse(valuesOf('--datasource')[0] ?? '{}')

/** The engine's one-shot commands: is the database there, and make it. */
async function probe(command) {
  const database = decodeURIComponent(new URL(url).pathname.slice(1)) || 'postgres'
  process.stderr.write('\n')
  try {
    if (command === 'can-connect-to-database') await query(url, 'SELECT 1')
    else if (command === 'create-database') {
      await query(withDatabase(url, 'postgres'), `CREATE DATABASE ${pg.escapeIdentifier(database)}`)
    } else throw new Error(`unsupported command: ${command}`)
    return 0
  } catch (error) {
    const absent = error.code === '3D000'
    const code = absent ? 'P1003' : error.code === '28P01' ? 'P1000' : 'P1001'
    // Prisma reads the verdict from this log line.
    const fields = {
      message: absent ? `Database \`${database}\` does not exist` : error.message,
      error_code: code,
    }
    const line = {
      timestamp: new Date().toISOString(),
      level: 'ERROR',
      fields,
      target: 'schema_engine::logger',
    }
    process.stderr.write(JSON.stringify(line) + '\n')
    return 1
  }
}

async function query(connectionString, sql) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

/** Answers one JSON-RPC request a line, in order, until stdin ends. */
async function serve() {
  let engine
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line)
    if (!method) continue
    try {
      engine ??= await newEngine()
      if (NEEDS_SHADOW.has(method)) await readMigrations(engine, params)
      const result = await engine[method === 'getDatabaseVersion' ? 'version' : method](params)
      // The binary prints a diff through a notification of its own and answers with the exit code alone.
      if (method === 'diff' && result.stdout != null) {
        send({ id: `print-${id}`, method: 'print', params: { content: result.stdout } })
        result.stdout = null
      }
      send({ id, result: result ?? {} })
    } catch (error) {
      send({ id, error: rpcError(error) })
    }
  }
  process.exit(0)
}

/**
 * This build opens a shadow database for some methods only. The others find what such a method learnt about the same
 * migrations in the engine's memory, so one has to come first.
 */
const NEEDS_SHADOW = new Set(['evaluateDataLoss', 'createMigration'])
function readMigrations(engine, { migrationsList, filters }) {
  return engine.diagnoseMigrationHistory({ migrationsList, filters, optInToShadowDatabase: true })
}

let panic
function newEngine() {
  // The engine reports a Rust panic through this global before the WebAssembly trap surfaces.
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (message) => void (panic = message) }
  const require = createRequire(import.meta.url)
  const folder = path.dirname(require.resolve('@prisma/schema-engine-wasm'))
  const module = new WebAssembly.Module(readFileSync(path.join(folder, 'schema_engine_bg.wasm')))
  const { exports } = new WebAssembly.Instance(module, { './schema_engine_bg.js': glue })
  glue.__wbg_set_wasm(exports)
  exports.__wbindgen_start?.()
  const datamodels = valuesOf('--datamodels').map((file) => [file, readFileSync(file, 'utf8')])
  const factory = bindMigrationAwareSqlAdapterFactory(new MigrationPg(url))
  const options = { datamodels: datamodels.length > 0 ? datamodels : undefined }
  return glue.SchemaEngine.new(options, () => {}, factory)
}

function rpcError(error) {
  const message = panic ?? error?.message ?? String(error)
  const data = {
    is_panic: Boolean(panic),
    message,
    meta: error?.meta ?? null,
    error_code: error?.code ?? null,
  }
  return { code: 4466, message: 'An error happened. Check the data field for details.', data }
}

function send(message) {
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n')
}

if (args.includes('--version')) console.log('schema-engine-cli wasm')
else if (args.includes('cli')) process.exitCode = await probe(args[args.indexOf('cli') + 1])
else await serve()
