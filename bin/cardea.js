#!/usr/bin/env node
// The `cardea` command. Plain JavaScript on purpose: it must start on whatever Node the machine has, and hands over to
// the one that npm installed with us when that cannot run TypeScript.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))

if (process.features.typescript) await run()
else if (existsSync(pinned) && realpathSync(pinned) !== realpathSync(process.execPath)) handOver()
else {
  console.error(`Cardea needs Node 24; this Node, ${process.version}, does not run TypeScript.`)
  console.error('Use Node 24, or run `npm ci` without --omit=optional, which installs it.')
  process.exitCode = 1
}

async function run() {
  // Whoever read our output has seen enough: `cardea user list | head -1`.
  process.stdout.on('error', (error) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  // For `cardea serve`, before anything is loaded, as in src/main.ts.
  setFlagsFromString('--semi-space-growth-factor=1')
  const { runCli } = await import('../src/cli/index.ts')
  const { env, stdin, stdout, stderr } = process
  process.exitCode = await runCli(process.argv.slice(2), { env, stdin, stdout, stderr })
}

function handOver() {
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // A terminal sends Ctrl-C to both of us; told twice, a server would not finish what it has begun.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  child.on('error', (error) => {
    console.error(`${pinned} cannot be started: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
  })
}
