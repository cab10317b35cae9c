import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ports } from './places.ts'
import { startProgram } from './program.ts'
import type { Program } from './program.ts'
import { answers } from './wait.ts'

export type Instance = { program: Program; isReady(): Promise<boolean> }

const root = fileURLToPath(new URL('../..', import.meta.url))
const command = path.join(root, 'bin', 'cardea.js')

/** What every instance is told alike. */
export type Shared = Readonly<Record<string, string>>

/** One instance on ports of its own. */
export function startInstance(nth: 1 | 2 | 3, shared: Shared, ports: Ports, dir: string): Instance {
  const program = startProgram({
    name: `cardea${nth}`,
    file: process.execPath,
    args: [command, 'serve'],
    env: {
      ...shared,
      CARDEA_PORT: String(ports[`cardea${nth}`]),
      CARDEA_OPS_PORT: String(ports[`ops${nth}`]),
    },
    dir,
  })
  const ready = `http://127.0.0.1:${ports[`ops${nth}`]}/health/ready`
  return { program, isReady: () => answers(ready).catch(() => false) }
}

/** Runs a verb of the command line to its end and gives what it printed as JSON. */
export function cardea<T>(shared: Shared, ...args: string[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...args, '--json'], {
      ...{ cwd: root, env: shared, stdio: ['ignore', 'pipe', 'pipe'] },
    })
    const [out, err]: [string[], string[]] = [[], []]
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text))
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(out.join('')) as T)
      else reject(new Error(`cardea ${args.slice(0, 2).join(' ')}: ${err.join('')}${out.join('')}`))
    })
  })
}
