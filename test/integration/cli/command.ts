import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runCli } from '../../../src/cli/index.ts'

export type Ran = {
  code: number | null
  stdout: string
  stderr: string
  /** What was printed, for a command that was given --json. */
  json: () => unknown
}
type Options = { env?: NodeJS.ProcessEnv; input?: string }

export const bin = fileURLToPath(new URL('../../../bin/cardea.js', import.meta.url))

/** The command as people run it: a process of its own, with no environment but this. */
export async function cardea(args: string[], { env = {}, input = '' }: Options = {}): Promise<Ran> {
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: 'pipe' })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
  // A command that asks for nothing may be over before it is written to.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return ran(code, said)
}

/** The same in this process: for what costs no second of its own. */
export async function cardeaHere(args: string[], { env = {}, input = '' }: Options = {}): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const code = await runCli(args, { env, stdin: Readable.from([Buffer.from(input)]), stdout, stderr })
  return ran(code, { stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') })
}

function ran(code: number | null, said: { stdout: string; stderr: string }): Ran {
  return { code, ...said, json: () => JSON.parse(said.stdout) as unknown }
}
