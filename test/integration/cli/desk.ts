import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { runCli } from '../../../src/cli/index.ts'
import type { Role } from '../../../src/db/index.ts'
import { addPerson } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { walk } from '../../support/sign-in.ts'
import type { Options as Choices } from '../../support/sign-in.ts'
import { createUserAgent } from '../../support/user-agent.ts'
import type { UserAgent } from '../../support/user-agent.ts'
import { cardea } from './command.ts'
import type { Ran } from './command.ts'

/** How the person and their browser behave at a sign-in. */
type Behaviour = Choices & {
  /** Whether a browser can be opened. */
  opens?: boolean
  /** What somebody in between does to the answer for the command. */
  tamper?: (callback: URL) => void | Promise<void>
}
type Input = {
  env?: NodeJS.ProcessEnv
  input?: string
  /** There is a terminal, on which these lines are typed. */
  typed?: string[]
  /** Told what is printed to standard error, when it is. */
  hears?: (text: string) => void
}

/** Where somebody works: a home of their own, a browser, and a person who sits there. */
export type Desk = {
  home: string
  env: NodeJS.ProcessEnv
  file: string
  api: string
  person: Person
  agent: UserAgent
  /** The last page that the browser was left on. */
  page: () => Promise<Page>
  /** The command in this process. */
  run(args: string[], input?: Input): Promise<Ran>
  /** The command as a process of its own. */
  spawn(args: string[], input?: { input?: string }): Promise<Ran>
  login(options?: string[], choices?: Behaviour): Promise<Ran>
  leave(): void
}
export type Page = { status: number; url: string; text: string; headers: Headers }

export function apiOf(server: TestServer, instance = 0): string {
  return `http://127.0.0.1:${server.instances[instance]?.opsPort ?? 0}`
}

/** A desk at which a person with this role sits; nobody is signed in yet. */
export async function createDesk(server: TestServer, role: Role | null, instance = 0): Promise<Desk> {
  const person = await addPerson(server)
  await server.database.prisma.user.update({ where: { id: person.id }, data: { role } })
  const home = mkdtempSync(path.join(tmpdir(), 'cardea-desk-'))
  const api = apiOf(server, instance)
  const env = { HOME: home, CARDEA_API: api }
  const agent = createUserAgent(server)
  let page: Promise<Page> | undefined
  let choices: Behaviour = {}

  /** Signs in as the person would, and follows the way back to the command. */
  function openBrowser(url: string): Promise<boolean> {
    page = walk(server, agent, url, person, choices).then(async ({ location }) => {
      const callback = new URL(location ?? '')
      await choices.tamper?.(callback)
      const response = await fetch(callback)
      const { status, headers } = response
      return { status, headers, url: response.url, text: await response.text() }
    })
    // Told by whoever looks at the page.
    page.catch(() => undefined)
    return Promise.resolve(choices.opens !== false)
  }

  const desk: Desk = {
    ...{ home, env, api, person, agent },
    file: path.join(home, '.config', 'cardea', 'credentials.json'),
    page: () => page ?? Promise.reject(new Error('no browser was opened')),
    async run(args, { env: more = {}, input = '', typed, hears } = {}) {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()]
      const stdin = typed
        ? Object.assign(keyboard(stderr, typed), { isTTY: true as const })
        : Readable.from([Buffer.from(input)])
      const said = { stdout: '', stderr: '' }
      stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
      stderr.on('data', (chunk: Buffer) => {
        said.stderr += chunk.toString()
        hears?.(chunk.toString())
      })
      const code = await runCli(args, { env: { ...env, ...more }, stdin, stdout, stderr, openBrowser })
      await new Promise((resolve) => setImmediate(resolve))
      return { code, ...said, json: () => JSON.parse(said.stdout) as unknown }
    },
    spawn: (args, input) => cardea(args, { env, ...input }),
    login(options = [], wanted = {}) {
      choices = wanted
      return desk.run(['login', ...options])
    },
    leave: () => rmSync(home, { recursive: true, force: true }),
  }
  return desk
}

/** Types a line each time something has been asked. */
function keyboard(stderr: PassThrough, lines: string[]): PassThrough {
  const keys = new PassThrough()
  const left = [...lines]
  stderr.on('data', (chunk: Buffer) => {
    if (/(\? \[y\/N\]|record:|Do it\? \[y\/N\]) $/.test(chunk.toString()))
      keys.write(`${left.shift() ?? ''}\n`)
  })
  return keys
}
